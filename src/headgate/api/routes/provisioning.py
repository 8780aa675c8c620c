"""Provisioning outward: outside systems that get the tenant's people, previews, runs and orphans."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import ProvisioningRead, ProvisioningWrite
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.provisioning import (
    AskRun,
    ChangeProvisioningTarget,
    EndOrphans,
    NewProvisioningTarget,
    Nothing,
    OrphanView,
    ParkedView,
    ProvisioningTargetView,
    RunView,
    SetProvisioningStatus,
    SetProvisioningToken,
    StepView,
    orphan_view,
    parked_view,
    run_view,
    step_view,
    target_view,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Limit
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.connectors import provisioning
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import invalid

router = APIRouter(route_class=StrictRoute, tags=["provisioning"], prefix="/provisioning")
TargetPath = Annotated[UUID, Path()]
RunPath = Annotated[UUID, Path()]
Outcome = Annotated[Literal["", "planned", "done", "failed"], Query(description="Only steps that came to this.")]


@router.get("/targets", responses=problems(*READ))
def list_provisioning_targets(
    caller: ProvisioningRead, cursor: Cursor = "", limit: Limit = 50
) -> PageOf[ProvisioningTargetView]:
    """Outside systems that get people, by name."""
    (after,) = decode_cursor(cursor, 1)
    with caller.reading() as conn:
        found = provisioning.list_targets(conn, after=after or None, limit=limit + 1)
        shown = _views(conn, found[:limit])
    more = encode_cursor(found[limit - 1].name) if len(found) > limit else ""
    return PageOf(items=shown, next_cursor=more)


# No idempotency key here and at the next token: bodies of kept answers are compared by digest, and tokens are not kept.
@router.post("/targets", status_code=201, responses=problems(*WRITE))
def register_provisioning_target(caller: ProvisioningWrite, body: NewProvisioningTarget) -> ProvisioningTargetView:
    """Register a system. It is paused until it is activated, so that a preview comes first."""
    by = caller.app.provisioner
    with caller.writing() as conn:
        made = provisioning.create_target(conn, caller.ctx, by.sealer, by.rules, body.draft(), body.token)
        return _view(conn, made.id)


@router.get("/targets/{target}", responses=problems(*FIND))
def get_provisioning_target(caller: ProvisioningRead, target: TargetPath) -> ProvisioningTargetView:
    """One system with how it stands."""
    with caller.reading() as conn:
        return _view(conn, target)


@router.patch("/targets/{target}", response_model=ProvisioningTargetView, responses=problems(*WRITE))
def edit_provisioning_target(
    request: Request, caller: ProvisioningWrite, target: TargetPath, body: ChangeProvisioningTarget, once: Once = None
) -> Response:
    """Change what is named; the rest stays."""

    def act(conn: Connection[Any]) -> ProvisioningTargetView:
        provisioning.change_target(conn, caller.ctx, caller.app.provisioner.rules, target, body.changes())
        return _view(conn, target)

    return write_once(request, caller, once, body, act)


@router.delete("/targets/{target}", status_code=204, responses=problems(*FIND))
def remove_provisioning_target(caller: ProvisioningWrite, target: TargetPath) -> Response:
    """Forget a system, its links and runs. What is over there stays as it is."""
    with caller.writing() as conn:
        provisioning.remove_target(conn, caller.ctx, target)
    return Response(status_code=204)


@router.post("/targets/{target}/token", responses=problems(*WRITE))
def set_provisioning_token(
    caller: ProvisioningWrite, target: TargetPath, body: SetProvisioningToken
) -> ProvisioningTargetView:
    """Another token from now on."""
    with caller.writing() as conn:
        provisioning.set_token(conn, caller.ctx, caller.app.provisioner.sealer, target, body.token)
        return _view(conn, target)


@router.post("/targets/{target}/status", response_model=ProvisioningTargetView, responses=problems(*WRITE))
def set_provisioning_status(
    request: Request, caller: ProvisioningWrite, target: TargetPath, body: SetProvisioningStatus, once: Once = None
) -> Response:
    """Activate or pause. A pause ends a run that is under way at its next step."""

    def act(conn: Connection[Any]) -> ProvisioningTargetView:
        provisioning.set_status(conn, caller.ctx, target, body.status)
        return _view(conn, target)

    return write_once(request, caller, once, body, act)


@router.post("/targets/{target}/check", responses=problems(*FIND, 409, 422))
def check_provisioning_target(caller: ProvisioningWrite, target: TargetPath) -> ProvisioningTargetView:
    """Ask the system now what it can, and whether the token is good."""
    from headgate.connectors.provisioning.working import check_connection, short_sleep  # loads a SCIM client

    check_connection(caller.app.provisioner, caller.ctx, target, short_sleep)
    with caller.reading() as conn:
        return _view(conn, target)


@router.get("/targets/{target}/parked", responses=problems(*FIND))
def list_parked_accounts(caller: ProvisioningRead, target: TargetPath) -> PageOf[ParkedView]:
    """Accounts and groups that went wrong and are tried again with the next run; at most 100, the newest first."""
    with caller.reading() as conn:
        provisioning.get_target(conn, target)
        return PageOf(items=[parked_view(link) for link in provisioning.parked(conn, target)])


@router.get("/targets/{target}/runs", responses=problems(*FIND, 422))
def list_provisioning_runs(
    caller: ProvisioningRead, target: TargetPath, cursor: Cursor = "", limit: Limit = 50
) -> PageOf[RunView]:
    """Previews and runs of a system, the newest first."""
    before = _before(cursor)
    with caller.reading() as conn:
        provisioning.get_target(conn, target)
        found = provisioning.list_runs(conn, target, before=before, limit=limit + 1)
    kept = found[:limit]
    more = encode_cursor(instant_text(kept[-1].asked_at), str(kept[-1].id)) if len(found) > limit else ""
    return PageOf(items=[run_view(run) for run in kept], next_cursor=more)


@router.post("/targets/{target}/runs", status_code=202, response_model=RunView, responses=problems(*WRITE))
def ask_provisioning_run(
    request: Request, caller: ProvisioningWrite, target: TargetPath, body: AskRun, once: Once = None
) -> Response:
    """Let a worker make a preview or a run; read it until it is done. One at a time per system."""

    def act(conn: Connection[Any]) -> RunView:
        ask = provisioning.ask_preview if body.kind == "preview" else provisioning.ask_run
        return run_view(ask(conn, caller.ctx, target))

    return write_once(request, caller, once, body, act, status=202)


@router.post("/targets/{target}/orphans", status_code=202, response_model=RunView, responses=problems(*WRITE))
def end_orphaned_accounts(
    request: Request, caller: ProvisioningWrite, target: TargetPath, body: EndOrphans, once: Once = None
) -> Response:
    """Deactivate accounts over there that belong to nobody here, from those that the newest run saw."""

    def act(conn: Connection[Any]) -> RunView:
        return run_view(provisioning.end_orphans(conn, caller.ctx, target, body.remote_ids))

    return write_once(request, caller, once, body, act, status=202)


@router.get("/runs/{run}", responses=problems(*FIND))
def get_provisioning_run(caller: ProvisioningRead, run: RunPath) -> RunView:
    """One preview or run and how far it is."""
    with caller.reading() as conn:
        return run_view(provisioning.get_run(conn, run))


@router.get("/runs/{run}/steps", responses=problems(*FIND, 422))
def list_run_steps(
    caller: ProvisioningRead, run: RunPath, status: Outcome = "", cursor: Cursor = "", limit: Limit = 100
) -> PageOf[StepView]:
    """The steps of a run in their order, with what changes, attribute by attribute, and what came of each."""
    after = _place(cursor)
    with caller.reading() as conn:
        provisioning.get_run(conn, run)
        found = provisioning.list_steps(conn, run, status=status or None, after=after, limit=limit + 1)
    more = encode_cursor(str(found[limit - 1].place)) if len(found) > limit else ""
    return PageOf(items=[step_view(step) for step in found[:limit]], next_cursor=more)


@router.get("/runs/{run}/orphans", responses=problems(*FIND, 422))
def list_run_orphans(
    caller: ProvisioningRead, run: RunPath, cursor: Cursor = "", limit: Limit = 100
) -> PageOf[OrphanView]:
    """The accounts over there that belonged to nobody here."""
    after = _place(cursor)
    with caller.reading() as conn:
        provisioning.get_run(conn, run)
        found = provisioning.list_steps(conn, run, verb="orphan", after=after, limit=limit + 1)
    more = encode_cursor(str(found[limit - 1].place)) if len(found) > limit else ""
    return PageOf(items=[orphan_view(step) for step in found[:limit]], next_cursor=more)


@router.post("/runs/{run}/confirm", status_code=202, response_model=RunView, responses=problems(*WRITE))
def confirm_provisioning_run(
    request: Request, caller: ProvisioningWrite, run: RunPath, body: Nothing, once: Once = None
) -> Response:
    """A run that was held because many accounts would end: they may. It is made anew."""
    return write_once(
        request, caller, once, body, lambda conn: run_view(provisioning.confirm_run(conn, caller.ctx, run)), status=202
    )


@router.post("/runs/{run}/cancel", response_model=RunView, responses=problems(*WRITE))
def cancel_provisioning_run(
    request: Request, caller: ProvisioningWrite, run: RunPath, body: Nothing, once: Once = None
) -> Response:
    """End a run that waits, goes on or is held. What it has done stays done."""
    return write_once(
        request, caller, once, body, lambda conn: run_view(provisioning.cancel_run(conn, caller.ctx, run))
    )


def _view(conn: Connection[Any], target: UUID) -> ProvisioningTargetView:
    return _views(conn, [provisioning.get_target(conn, target)])[0]


def _views(conn: Connection[Any], found: list[Any]) -> list[ProvisioningTargetView]:
    ids = [target.id for target in found]
    standing, last = provisioning.standing_of(conn, ids), provisioning.last_runs(conn, ids)
    return [target_view(target, standing[target.id], last.get(target.id)) for target in found]


def _before(cursor: str) -> tuple[datetime, UUID] | None:
    at, run = decode_cursor(cursor, 2)
    if not at:
        return None
    try:
        return parse_instant("cursor", at), UUID(run)
    except ValueError:
        raise invalid("cursor", cursor, "is not one of ours", "Leave it out to begin at the first page.") from None


def _place(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text:
        return -1
    if not text.isdigit() or len(text) > 9:
        raise invalid("cursor", cursor, "is not one of ours", "Leave it out to begin at the first page.")
    return int(text)
