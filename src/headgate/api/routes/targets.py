"""Targets: the outside systems that commands go to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import Caller, ConnectionsRead, ConnectionsWrite
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.delivery import (
    AttemptView,
    ChangeTarget,
    CreatedTarget,
    NewTarget,
    PingView,
    Rotate,
    Rotated,
    SetStatus,
    TargetView,
    attempt_view,
    change_of,
    draft_of,
    rotated,
    view_of,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import MOST_SEQ, CodePath, Limit
from headgate.api.strict import StrictRoute
from headgate.connectors.delivery import (
    Pinged,
    attempts_at,
    change_target,
    connections,
    create_target,
    get_target,
    ping,
    rotate_secret,
    set_status,
)
from headgate.kernel.errors import NotFound

router = APIRouter(route_class=StrictRoute, tags=["targets"])


@router.get("/targets", responses=problems(*READ))
def list_targets(caller: ConnectionsRead) -> PageOf[TargetView]:
    """All targets with how they fare and what has not arrived."""
    with caller.reading() as conn:
        found = connections(conn, caller.ctx.now, "commands")
    return PageOf(items=[TargetView(**view_of(c)) for c in found])


# No idempotency key here and at the next secret: what an answer was is kept, and secrets are not.
@router.post("/targets", status_code=201, responses=problems(*WRITE))
def register_target(caller: ConnectionsWrite, body: NewTarget) -> CreatedTarget:
    """Register a target. Commands that wait for its code are sent from then on."""
    app = caller.app
    with caller.writing() as conn:
        made, secret = create_target(conn, caller.ctx, app.envelope, app.courier.ports, draft_of(body))
        return CreatedTarget(target=_view(caller, conn, made.code), secret=secret)


@router.get("/targets/{code}", responses=problems(*FIND))
def get_one_target(caller: ConnectionsRead, code: CodePath) -> TargetView:
    """One target."""
    with caller.reading() as conn:
        return _view(caller, conn, code)


@router.patch("/targets/{code}", response_model=TargetView, responses=problems(*WRITE))
def edit_target(
    request: Request, caller: ConnectionsWrite, code: CodePath, body: ChangeTarget, once: Once = None
) -> Response:
    """Change a target."""

    def act(conn: Connection[Any]) -> TargetView:
        app = caller.app
        change_target(conn, caller.ctx, app.envelope, app.courier.ports, plain(code), change_of(body))
        return _view(caller, conn, code)

    return write_once(request, caller, once, body, act)


@router.post("/targets/{code}/status", response_model=TargetView, responses=problems(*WRITE))
def set_target_status(
    request: Request, caller: ConnectionsWrite, code: CodePath, body: SetStatus, once: Once = None
) -> Response:
    """Pause, disable or activate. Activating closes the breaker, too."""

    def act(conn: Connection[Any]) -> TargetView:
        set_status(conn, caller.ctx, plain(code), body.status, body.reason)
        return _view(caller, conn, code)

    return write_once(request, caller, once, body, act)


@router.post("/targets/{code}/secret", responses=problems(*WRITE))
def rotate_target_secret(caller: ConnectionsWrite, code: CodePath, body: Rotate) -> Rotated:
    """A new signing secret; the former ones sign beside it for a while."""
    with caller.writing() as conn:
        overlap = timedelta(hours=body.overlap_hours)
        made = rotate_secret(conn, caller.ctx, caller.app.envelope, plain(code), overlap=overlap, secret=body.secret)
        return rotated(*made)


@router.post("/targets/{code}/ping", responses=problems(*FIND, 409, 422))
def ping_target(caller: ConnectionsWrite, code: CodePath) -> PingView:
    """Send a test message now and say what was answered."""
    return pinged(ping(caller.app.courier, caller.ctx, plain(code)))


@router.get("/targets/{code}/attempts", responses=problems(*FIND))
def list_target_attempts(
    caller: ConnectionsRead, code: CodePath, before: int = Query(MOST_SEQ, ge=1, le=MOST_SEQ), limit: Limit = 50
) -> PageOf[AttemptView]:
    """The tries at this target, newest first; `before` continues below an id."""
    with caller.reading() as conn:
        get_target(conn, plain(code))
        return PageOf(items=[attempt_view(a) for a in attempts_at(conn, plain(code), before=before, limit=limit)])


def plain(code: str) -> str:
    """The code of a target; subscriptions are found under their own address only. Raises `NotFound`."""
    if ":" in code:
        raise NotFound(f"there is no target {code}")
    return code


def pinged(done: Pinged) -> PingView:
    """What came of a test message, as shown."""
    answer = done.answer
    return PingView(
        ok=done.ok,
        message=done.message,
        status=answer.status,
        error=answer.error,
        excerpt=answer.excerpt,
        milliseconds=round(answer.seconds * 1000),
    )


def _view(caller: Caller, conn: Connection[Any], code: str) -> TargetView:
    found = [c for c in connections(conn, caller.ctx.now, "commands") if c.target.code == code]
    if not found:
        raise NotFound(f"there is no target {code}")
    return TargetView(**view_of(found[0]))
