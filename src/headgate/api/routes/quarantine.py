"""The quarantine: what could not be taken, why, and sending it again."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import QuarantineRead, QuarantineWrite
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf, fields, money
from headgate.api.models.ledger import Dismiss, QuarantinedDetail, QuarantinedView, Replay, Replayed
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Limit
from headgate.api.strict import StrictRoute
from headgate.channel import orders
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.connectors import replay_event, replay_rows
from headgate.kernel.errors import invalid
from headgate.ledger import (
    AuditDraft,
    Quarantined,
    append_audit,
    quarantine_get,
    quarantine_list,
    quarantine_resolve,
)

router = APIRouter(route_class=StrictRoute, tags=["quarantine"])
QuarantinePath = Annotated[UUID, Path()]


@router.get("/quarantine", responses=problems(*READ, 422))
def list_quarantine(
    caller: QuarantineRead,
    status: Annotated[Literal["open", "replayed", "dismissed", "all"], Query()] = "open",
    kind: Annotated[Literal["", "row", "event"], Query()] = "",
    source: Annotated[str, Query(max_length=200, pattern=r"^[^\u0000]*$")] = "",
    reason: Annotated[str, Query(max_length=500, pattern=r"^[^\u0000]*$")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[QuarantinedView]:
    """What was put aside, oldest first."""
    with caller.reading() as conn:
        found = quarantine_list(
            conn,
            status=None if status == "all" else status,
            kind=kind or None,
            source=source or None,
            reason=reason or None,
            after=_after(cursor),
            limit=limit + 1,
        )
    kept = found[:limit]
    more = encode_cursor(str(kept[-1].position)) if len(found) > limit else ""
    return PageOf(items=[QuarantinedView(**_entry(q)) for q in kept], next_cursor=more)


@router.get("/quarantine/{id}", responses=problems(*FIND))
def get_quarantined(caller: QuarantineRead, id: QuarantinePath) -> QuarantinedDetail:
    """One of them, with the text as it came."""
    with caller.reading() as conn:
        return _detail(conn, id)


@router.post("/quarantine/{id}/replay", response_model=Replayed, responses=problems(*WRITE))
def replay(request: Request, caller: QuarantineWrite, id: QuarantinePath, body: Replay, once: Once = None) -> Response:
    """Send it again: an event as it is or with mended `data`, a row with the columns of `fix` changed."""

    def act(conn: Connection[Any]) -> Replayed:
        engine, found = caller.app.engine, quarantine_get(conn, id)
        validators, route = engine.registry.validators, engine.definitions.router(conn)
        if found.kind == "row":
            if body.data is not None:
                raise invalid("data", "", "is for events; this is a row of a file", "Send fix with its columns.")
            (done,) = replay_rows(
                conn,
                caller.ctx,
                [id],
                body.fix or {},
                orders.current_order,
                lanes=engine.lanes,
                validators=validators,
                route=route,
            )
        else:
            if body.fix is not None:
                raise invalid("fix", "", "is for rows of a file; this is an event", "Send data, or nothing.")
            done = replay_event(conn, caller.ctx, id, body.data, lanes=engine.lanes, validators=validators, route=route)
        return Replayed(id=id, event_id=done.event_id, type=done.type, subject=done.subject)

    return write_once(request, caller, once, body, act)


@router.post("/quarantine/{id}/dismiss", response_model=QuarantinedDetail, responses=problems(*WRITE))
def dismiss(
    request: Request, caller: QuarantineWrite, id: QuarantinePath, body: Dismiss, once: Once = None
) -> Response:
    """Drop it, with a reason that goes into the audit chain."""

    def act(conn: Connection[Any]) -> QuarantinedDetail:
        ctx, found = caller.ctx, quarantine_get(conn, id)
        quarantine_resolve(conn, ctx.now, [id], "dismissed", ctx.principal.id)
        draft = AuditDraft(
            action="quarantine.dismissed",
            subject_type="quarantine",
            subject=str(id),
            actor=ctx.principal.id,
            body={"reason": body.reason, "kind": found.kind, "source": found.source, "was": found.reason},
            event_seq=found.event_seq,
        )
        append_audit(conn, ctx.now, [draft])
        return _detail(conn, id)

    return write_once(request, caller, once, body, act)


def _detail(conn: Connection[Any], id: UUID) -> QuarantinedDetail:
    found = quarantine_get(conn, id)
    return QuarantinedDetail(**_entry(found), raw=found.raw)


def _entry(found: Quarantined) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "source": found.source,
        "file": found.file,
        "row_number": found.row_number,
        "event": found.event_seq,
        "reason": found.reason,
        "problems": fields(found.problems),
        "amount": money(found.amount, found.currency),
        "status": found.status,
        "created_at": found.created_at,
        "resolved_at": found.resolved_at,
        "resolved_by": found.resolved_by,
    }


def _after(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return int(text)
