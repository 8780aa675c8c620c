"""The outbox: commands to outside systems, written with the decision that causes them and sent afterwards.

What is sent when and how is decided above (`headgate.connectors.delivery`); here is who holds a command, and its
state: pending until it was sent, or dead when it will not be tried again by itself, or dismissed by a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import NotFound
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.ledger.repo import outbox as repo

Status = Literal["pending", "sent", "dead", "dismissed"]

LONGEST_ERROR = 500
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class CommandDraft:
    """An effect wanted on an outside system; the same target and idempotency key once, however often added.

    `process`, `key`, `case_id` and `step` say which case wants to hear how it went; empty when none does. `event_seq`
    is the event that caused it and `trace` the W3C traceparent to go on with.
    """

    target: str
    type: str
    subject: str
    payload: Mapping[str, Any]
    idempotency_key: str
    process: str = ""
    key: str = ""
    case_id: UUID | None = None
    step: str = ""
    event_seq: int | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as stored. `next_at` is when it may be sent (again); `replays` how often a person revived it."""

    id: UUID
    target: str
    type: str
    subject: str
    payload: dict[str, Any]
    idempotency_key: str
    status: Status
    attempts: int
    next_at: datetime
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None
    process: str
    key: str
    case_id: UUID | None
    step: str
    event_seq: int | None
    trace: str
    replays: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a target has not got: pending in all, dead, due now, and since when the oldest waits."""

    target: str
    pending: int
    dead: int
    due: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Setback:
    """An attempt that did not succeed, by the holder of `lease`: try again at `next_at`, or never when that is
    None."""

    id: UUID
    lease: UUID
    error: str
    next_at: datetime | None = None


def outbox_add(conn: Connection, now: datetime, commands: Sequence[CommandDraft]) -> list[UUID]:
    """Add commands, in order; returns the ids of those not added before."""
    return [row[0] for row in outbox_put(conn, now, commands)] if commands else []


def outbox_known(conn: Connection, target: str, keys: Sequence[str]) -> set[str]:
    """Which of these idempotency keys a target has had commands under."""
    rows = conn.execute(repo.KNOWN_COMMANDS, {"target": target, "keys": list(keys)}) if keys else ()
    return {row[0] for row in rows}


def outbox_put(conn: Connection, now: datetime, commands: Sequence[CommandDraft]) -> Iterable[tuple[UUID]]:
    """Add commands, in order, for who need not wait to know which of them were added before."""
    if not commands:
        return ()
    return conn.execute(
        repo.ADD_COMMANDS,
        {
            "now": now,
            "id": [derive_id(now, c.target, c.idempotency_key) for c in commands],
            "target": [c.target for c in commands],
            "type": [c.type for c in commands],
            "subject": [c.subject for c in commands],
            "payload": [canonical_text(dict(c.payload)) for c in commands],
            "idempotency_key": [c.idempotency_key for c in commands],
            "process": [c.process for c in commands],
            "key": [c.key for c in commands],
            "case_id": [c.case_id for c in commands],
            "step": [c.step for c in commands],
            "event_seq": [c.event_seq for c in commands],
            "trace": [c.trace for c in commands],
        },
    )


def outbox_claim(
    conn: Connection, now: datetime, target: str, limit: int, *, lease: UUID, hold_seconds: int = 60, ordered: bool
) -> list[Command]:
    """Due commands of a target, each counted as tried and hidden from other senders for `hold_seconds`.

    With `ordered`, only the first unsettled one of each subject: a later one waits until it was sent or dismissed.
    Commit, send, and then mark them in another transaction.
    """
    query = repo.CLAIM_COMMANDS.format(in_order=repo.FIRST_OF_SUBJECT if ordered else "")
    parameters = {"now": now, "target": target, "limit": limit, "lease": lease, "seconds": hold_seconds}
    return sorted((Command(*row) for row in conn.execute(query, parameters)), key=lambda c: (c.created_at, c.id))


def outbox_under_way(conn: Connection, now: datetime, target: str) -> int:
    """How many commands of a target are being sent, by whatever worker."""
    row = conn.execute(repo.COUNT_UNDER_WAY, {"now": now, "target": target}).fetchone()
    return int(row[0]) if row else 0


def outbox_sent(conn: Connection, now: datetime, ids: Sequence[UUID]) -> list[UUID]:
    """Mark commands as sent; returns those that were not marked before."""
    return [row[0] for row in conn.execute(repo.MARK_SENT, {"now": now, "ids": list(ids)})] if ids else []


def outbox_failed(conn: Connection, setbacks: Sequence[Setback]) -> set[UUID]:
    """Put commands back until their time, or set them aside as dead.

    Returns those that it counted for: a sender that has lost its lease changes nothing.
    """
    again = [(s, s.next_at) for s in setbacks if s.next_at is not None]
    never = [s for s in setbacks if s.next_at is None]
    counted: set[UUID] = set()
    if again:
        parameters = _of([s for s, _ in again]) | {"next_at": [at for _, at in again]}
        counted.update(row[0] for row in conn.execute(repo.MARK_RETRY, parameters))
    if never:
        counted.update(row[0] for row in conn.execute(repo.MARK_DEAD, _of(never)))
    return counted


def outbox_return(conn: Connection, now: datetime, lease: UUID, ids: Sequence[UUID]) -> int:
    """Give back commands that were claimed and not tried; returns how many."""
    return conn.execute(repo.RETURN_COMMANDS, {"now": now, "lease": lease, "ids": list(ids)}).rowcount if ids else 0


def outbox_revive(conn: Connection, now: datetime, ids: Sequence[UUID]) -> list[UUID]:
    """Let dead commands be tried again from the start; returns those that were dead."""
    return [row[0] for row in conn.execute(repo.REVIVE_COMMANDS, {"now": now, "ids": list(ids)})]


def outbox_dismiss(conn: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Give dead commands up for good; returns those that were dead."""
    return [row[0] for row in conn.execute(repo.DISMISS_COMMANDS, {"ids": list(ids)})]


def outbox_get(conn: Connection, id: UUID) -> Command:
    """One command. Raises `NotFound`."""
    found = outbox_commands(conn, [id])
    if not found:
        raise NotFound(phrase("there is no command %(id)s", id=id))
    return found[0]


def outbox_commands(conn: Connection, ids: Collection[UUID]) -> list[Command]:
    """Those of these commands that exist, in the order in which they were wanted."""
    return [Command(*row) for row in conn.execute(repo.GET_COMMANDS, {"ids": list(ids)})]


def outbox_backlog(conn: Connection, now: datetime) -> list[Backlog]:
    """What is not settled, by target; targets with nothing are left out."""
    return [Backlog(*row) for row in conn.execute(repo.COMMAND_COUNTS, {"now": now})]


def outbox_list(
    conn: Connection,
    *,
    status: str | None = None,
    target: str | None = None,
    subject: str | None = None,
    type: str | None = None,
    before: UUID = _LAST_ID,
    limit: int = 50,
) -> list[Command]:
    """Commands, newest first, with id below `before` (the cursor)."""
    wanted = {"status": status, "target": target, "subject": subject, "type": type}
    filters = " ".join(f"and o.{name} = %({name})s" for name, value in wanted.items() if value is not None)
    query = repo.LIST_COMMANDS.format(filters=filters)
    return [Command(*row) for row in conn.execute(query, {**wanted, "before": before, "limit": limit})]


def _of(setbacks: Sequence[Setback]) -> dict[str, object]:
    return {
        "ids": [s.id for s in setbacks],
        "leases": [s.lease for s in setbacks],
        "errors": [s.error[:LONGEST_ERROR] for s in setbacks],
    }
