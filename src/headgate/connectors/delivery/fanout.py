"""From applied events to messages for those who subscribed to them, in the transaction that applied them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg import Connection as Conn

from headgate.access import may_send
from headgate.connectors.delivery import repo
from headgate.kernel.canonical import decimal_text
from headgate.kernel.context import Context
from headgate.ledger import CommandDraft, StoredEvent, outbox_add
from headgate.process import Move

MOVED: Final = "case.moved"
# Clocks of ours that nobody outside waits for; who names them gets them.
UNASKED: Final = frozenset({"timer.fired"})


def fan_out(conn: Conn[Any], ctx: Context, events: Sequence[StoredEvent], moves: Sequence[Move]) -> None:
    """Queue a message for each subscription that wants an event, and for cases that went to another stage."""
    subscriptions = conn.execute(repo.ACTIVE_SUBSCRIPTIONS).fetchall()
    if not subscriptions:
        return
    drafts: list[CommandDraft] = []
    for code, types in subscriptions:
        drafts.extend(_of_event(code, event) for event in events if wants(types, event.type))
        if wants(types, MOVED):
            drafts.extend(_of_move(code, move) for move in moves)
    outbox_add(conn, ctx.now, drafts)


def wants(types: Sequence[str], event_type: str) -> bool:
    """Whether a subscription to these types gets this one; `order.*` covers a family, no types at all means all."""
    if not types:
        return event_type not in UNASKED
    return may_send(types, event_type)


def _of_event(target: str, event: StoredEvent) -> CommandDraft:
    # The event stands in the log; only its number is kept here.
    return CommandDraft(
        target=target,
        type=event.type,
        subject=event.subject,
        payload={},
        idempotency_key=f"event:{event.seq}",
        event_seq=event.seq,
        trace=event.trace,
    )


def _of_move(target: str, move: Move) -> CommandDraft:
    case = move.case
    return CommandDraft(
        target=target,
        type=MOVED,
        subject=case.subject,
        payload={
            "case": str(case.case_id),
            "process": case.process,
            "version": case.version,
            "subject_type": case.subject_type,
            "subject": case.subject,
            "from": move.came_from,
            "to": case.stage,
            "status": case.status,
            "outcome": case.outcome,
            "exceptions": list(case.exceptions),
            "partner": case.partner,
            "stake": None if case.stake is None else decimal_text(case.stake),
            "currency": case.currency,
            "event": {"type": move.event.type, "source": move.event.source, "id": move.event.event_id},
        },
        idempotency_key=f"case:{case.case_id}:{move.event.seq}",
        event_seq=move.event.seq,
        trace=move.event.trace,
    )
