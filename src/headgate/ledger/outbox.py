"""The outbox: commands to outside systems, written with the decision that causes them and sent afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.ids import derive_id
from headgate.ledger import repo

MAX_ATTEMPTS = 10
RETRY_BASE_SECONDS = 5
RETRY_LONGEST_SECONDS = 3600
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class CommandDraft:
    """An effect wanted on an outside system; the same target and idempotency key once, however often added."""

    target: str
    type: str
    subject: str
    payload: dict[str, Any]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command as stored. `next_at` is when it may be sent (again)."""

    id: UUID
    target: str
    type: str
    subject: str
    payload: dict[str, Any]
    idempotency_key: str
    status: Literal["pending", "sent", "dead"]
    attempts: int
    next_at: datetime
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None


def outbox_add(conn: Connection, now: datetime, commands: Sequence[CommandDraft]) -> list[UUID]:
    """Add commands; returns the ids of those not added before."""
    if not commands:
        return []
    rows = conn.execute(
        repo.ADD_COMMANDS,
        {
            "now": now,
            "id": [derive_id(now, c.target, c.idempotency_key) for c in commands],
            "target": [c.target for c in commands],
            "type": [c.type for c in commands],
            "subject": [c.subject for c in commands],
            "payload": [canonical_text(c.payload) for c in commands],
            "idempotency_key": [c.idempotency_key for c in commands],
        },
    )
    return [row[0] for row in rows]


def outbox_claim(conn: Connection, now: datetime, limit: int, *, hold_seconds: int = 60) -> list[Command]:
    """Commands that are due, each counted as tried and hidden from other senders for `hold_seconds`.

    Commit, send, and then mark them in another transaction.
    """
    rows = conn.execute(repo.CLAIM_COMMANDS, {"now": now, "limit": limit, "seconds": hold_seconds})
    return sorted((Command(*row) for row in rows), key=lambda command: command.id)


def outbox_sent(conn: Connection, now: datetime, ids: Sequence[UUID]) -> int:
    """Mark commands as sent; returns how many were pending."""
    return conn.execute(repo.MARK_SENT, {"now": now, "ids": list(ids)}).rowcount


def outbox_failed(
    conn: Connection, now: datetime, errors: Sequence[tuple[UUID, str]], *, max_attempts: int = MAX_ATTEMPTS
) -> list[UUID]:
    """Put commands back with a growing pause (5 s, 10 s, … at most 1 h) or set them aside as dead; returns the dead."""
    if not errors:
        return []
    parameters = {
        "now": now,
        "ids": [id for id, _ in errors],
        "errors": [error[:500] for _, error in errors],
        "most": max_attempts,
        "base": RETRY_BASE_SECONDS,
        "longest": RETRY_LONGEST_SECONDS,
    }
    return [id for id, status in conn.execute(repo.MARK_FAILED, parameters) if status == "dead"]


def outbox_revive(conn: Connection, now: datetime, ids: Sequence[UUID]) -> int:
    """Let dead commands be tried again from the start; returns how many."""
    return conn.execute(repo.REVIVE_COMMANDS, {"now": now, "ids": list(ids)}).rowcount


def outbox_list(
    conn: Connection,
    *,
    status: str | None = None,
    target: str | None = None,
    subject: str | None = None,
    before: UUID = _LAST_ID,
    limit: int = 50,
) -> list[Command]:
    """Commands, newest first, with id below `before` (the cursor)."""
    wanted = {"status": status, "target": target, "subject": subject}
    filters = " ".join(f"and o.{name} = %({name})s" for name, value in wanted.items() if value is not None)
    query = repo.LIST_COMMANDS.format(filters=filters)
    return [Command(*row) for row in conn.execute(query, {**wanted, "before": before, "limit": limit})]
