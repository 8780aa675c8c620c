"""The outbox: what is on its way to other systems, dead letters, and sending them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import Caller, ConnectionsRead, ConnectionsWrite
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.delivery import (
    Acted,
    BacklogView,
    Bulk,
    CommandDetail,
    CommandView,
    Reason,
    attempt_view,
    backlog_view,
    command_view,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Filter, Limit
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.connectors.delivery import attempts_of, dead_letters, dismiss_letters, replay_letters, unrouted
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.ledger import outbox_get, outbox_list

router = APIRouter(route_class=StrictRoute, tags=["outbox"])
CommandPath = Annotated[UUID, Path()]
TargetFilter = Annotated[
    str, Query(max_length=80, pattern=r"^[^\u0000]*$", description="A subscription's is subscription:CODE.")
]
LAST = UUID(int=2**128 - 1)
Act = Callable[[Connection[Any], Context, Sequence[UUID], str], list[UUID]]


@router.get("/outbox", responses=problems(*READ, 422))
def list_commands(
    caller: ConnectionsRead,
    status: Annotated[Literal["pending", "sent", "dead", "dismissed", "all"], Query()] = "all",
    target: TargetFilter = "",
    type: Filter = "",
    subject: Annotated[str, Query(max_length=200, pattern=r"^[^\u0000]*$")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[CommandView]:
    """Commands and messages to subscribers, newest first."""
    with caller.reading() as conn:
        found = outbox_list(
            conn,
            status=None if status == "all" else status,
            target=target or None,
            type=type or None,
            subject=subject or None,
            before=_before(cursor),
            limit=limit + 1,
        )
    kept = found[:limit]
    more = encode_cursor(str(kept[-1].id)) if len(found) > limit else ""
    return PageOf(items=[CommandView(**command_view(c)) for c in kept], next_cursor=more)


@router.get("/unrouted", responses=problems(*READ))
def list_unrouted(caller: ConnectionsRead) -> PageOf[BacklogView]:
    """Targets that commands name and nobody registered: what waits for them."""
    with caller.reading() as conn:
        return PageOf(items=[backlog_view(b) for b in unrouted(conn, caller.ctx.now)])


@router.get("/outbox/{id}", responses=problems(*FIND))
def get_command(caller: ConnectionsRead, id: CommandPath) -> CommandDetail:
    """One of them, with what is sent and every kept try."""
    with caller.reading() as conn:
        return _detail(conn, id)


@router.post("/dead-letters/replay", response_model=Acted, responses=problems(*WRITE))
def replay_many(request: Request, caller: ConnectionsWrite, body: Bulk, once: Once = None) -> Response:
    """Send dead letters again, at once and from the first attempt."""
    return write_once(request, caller, once, body, lambda conn: _bulk(caller, conn, body, replay_letters))


@router.post("/dead-letters/dismiss", response_model=Acted, responses=problems(*WRITE))
def dismiss_many(request: Request, caller: ConnectionsWrite, body: Bulk, once: Once = None) -> Response:
    """Give dead letters up for good."""
    return write_once(request, caller, once, body, lambda conn: _bulk(caller, conn, body, dismiss_letters))


@router.post("/outbox/{id}/replay", response_model=CommandDetail, responses=problems(*WRITE))
def replay_one(
    request: Request, caller: ConnectionsWrite, id: CommandPath, body: Reason, once: Once = None
) -> Response:
    """Send a dead letter again."""
    return write_once(request, caller, once, body, lambda conn: _one(caller, conn, id, body, replay_letters))


@router.post("/outbox/{id}/dismiss", response_model=CommandDetail, responses=problems(*WRITE))
def dismiss_one(
    request: Request, caller: ConnectionsWrite, id: CommandPath, body: Reason, once: Once = None
) -> Response:
    """Give a dead letter up for good."""
    return write_once(request, caller, once, body, lambda conn: _one(caller, conn, id, body, dismiss_letters))


def _bulk(caller: Caller, conn: Connection[Any], body: Bulk, act: Act) -> Acted:
    if body.ids is None and body.target is None and body.type is None:
        raise invalid("ids", "", "name nothing to act on", "Give ids, or a target or type.")
    ids = body.ids if body.ids is not None else dead_letters(conn, target=body.target, type=body.type)
    return Acted(ids=act(conn, caller.ctx, ids, body.reason))


def _one(caller: Caller, conn: Connection[Any], id: UUID, body: Reason, act: Act) -> CommandDetail:
    act(conn, caller.ctx, [id], body.reason)
    return _detail(conn, id)


def _detail(conn: Connection[Any], id: UUID) -> CommandDetail:
    found = outbox_get(conn, id)
    tries = [attempt_view(a) for a in attempts_of(conn, id)]
    return CommandDetail(
        **command_view(found), idempotency_key=found.idempotency_key, payload=found.payload, tries=tries
    )


def _before(cursor: str) -> UUID:
    (text,) = decode_cursor(cursor, 1)
    try:
        return UUID(text) if text else LAST
    except ValueError:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.") from None
