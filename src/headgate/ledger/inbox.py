"""The inbox: events still to be applied, lane by lane, in order; retries and poison events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg import Connection

from headgate.kernel.errors import Conflict, Problem
from headgate.ledger.core.events import StoredEvent
from headgate.ledger.log import stored
from headgate.ledger.quarantine import QuarantineDraft, quarantine_add
from headgate.ledger.repo import inbox as repo
from headgate.store import Later

MAX_ATTEMPTS = 5
RETRY_BASE_SECONDS = 2
RETRY_LONGEST_SECONDS = 300


class NotQueued(Conflict):
    """An event to be acknowledged is not in the inbox: another worker has applied it. Roll back."""

    code = "not_queued"


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that could not be applied and the error, in words an operator can act on."""

    event: StoredEvent
    error: str
    problems: tuple[Problem, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """How many events a lane has to apply, the first of them, and how many of them wait for another try."""

    lane: int
    events: int
    first_seq: int
    waiting: int


def fetch_inbox(conn: Connection, lanes: Sequence[int], limit: int, now: datetime) -> list[StoredEvent]:
    """The next events of these lanes, in log order, at most `limit`.

    An event that waits for another try holds back the later events of its own key and no others.
    """
    return ask_inbox(conn, lanes, limit, now)()


def ask_inbox(conn: Connection, lanes: Sequence[int], limit: int, now: datetime | None) -> Later[list[StoredEvent]]:
    """`fetch_inbox`, not waited for yet; `now` None means the database's time."""
    parameters: dict[str, object] = {"lanes": list(lanes), "limit": limit, "now": now}
    waiting = conn.execute(repo.WAITING_KEYS, parameters)
    # As if nothing waited, which is the rule.
    plain = conn.execute(repo.FETCH_INBOX, parameters)

    def answer() -> list[StoredEvent]:
        held = waiting.fetchall()
        if not held:
            return [stored(row) for row in plain.fetchall()]
        lane, key, seq = (list(column) for column in zip(*held, strict=True))
        past = parameters | {"waiting_lane": lane, "waiting_key": key, "waiting_seq": seq}
        return [stored(row) for row in conn.execute(repo.FETCH_INBOX_PAST_WAITING, past)]

    return answer


def ack_inbox(conn: Connection, events: Sequence[StoredEvent]) -> None:
    """Take applied events out of the inbox, in the transaction that applied them.

    Raises `NotQueued` when one of them is no longer there, so that nothing is applied twice.
    """
    ask_ack(conn, events)()


def ask_ack(conn: Connection, events: Sequence[StoredEvent]) -> Later[None]:
    """`ack_inbox`, not waited for yet. Take the answer before the commit."""
    gone = conn.execute(repo.ACK_INBOX, _places(events)) if events else None

    def answer() -> None:
        left = len(events) - (len(gone.fetchall()) if gone else 0)
        if left:
            raise NotQueued(f"{left} of {len(events)} events are not in the inbox any more")

    return answer


def retry_inbox(
    conn: Connection, now: datetime, failures: Sequence[Failure], *, max_attempts: int = MAX_ATTEMPTS
) -> list[StoredEvent]:
    """Put failed events back with a growing pause (2 s, 4 s, … at most 5 min); after `max_attempts` failures park them.

    Returns the parked events.
    """
    if not failures:
        return []
    parameters = {
        **_places([f.event for f in failures]),
        "error": [f.error for f in failures],
        "now": now,
        "base": RETRY_BASE_SECONDS,
        "longest": RETRY_LONGEST_SECONDS,
    }
    attempts: dict[int, int] = dict(conn.execute(repo.RETRY_INBOX, parameters).fetchall())
    spent = [f for f in failures if attempts.get(f.event.seq, 0) >= max_attempts]
    park(conn, now, spent)
    return [f.event for f in spent]


def postpone_inbox(conn: Connection, until: datetime, failures: Sequence[Failure]) -> None:
    """Let events wait until then without counting a try: what keeps them back is not in them."""
    if failures:
        parameters = _places([f.event for f in failures]) | {"error": [f.error for f in failures], "until": until}
        conn.execute(repo.POSTPONE_INBOX, parameters)


def subjects_waiting(conn: Connection, subjects: Collection[str]) -> dict[str, int]:
    """Those of these subjects of which an event is still to be applied, with the log position of the first one."""
    if not subjects:
        return {}
    return dict(conn.execute(repo.SUBJECTS_WAITING, {"subjects": sorted(subjects)}).fetchall())


def end_long_pauses(conn: Connection, now: datetime) -> int:
    """Let events be tried again whose pause would end later than any pause can: the clock was ahead when it was set.

    Returns how many.
    """
    return conn.execute(repo.END_LONG_PAUSES, {"now": now, "longest": RETRY_LONGEST_SECONDS}).rowcount


def park(conn: Connection, now: datetime, failures: Sequence[Failure]) -> None:
    """Move events that cannot be applied from the inbox to the quarantine, with their errors; they can be replayed."""
    if not failures:
        return
    by_seq = {f.event.seq: f for f in failures}
    rows = conn.execute(repo.DROP_FROM_INBOX, _places([f.event for f in failures])).fetchall()
    drafts = []
    for seq, source, data in sorted(rows):
        failure = by_seq[seq]
        drafts.append(
            QuarantineDraft(
                kind="event",
                source=source,
                reason=failure.error,
                raw=data,
                problems=failure.problems,
                event_seq=seq,
                amount=failure.amount,
                currency=failure.currency,
            )
        )
    quarantine_add(conn, now, drafts)


def requeue(conn: Connection, seqs: Sequence[int]) -> int:
    """Put events of the log back into the inbox (a replay); those already there stay as they are. Returns how many."""
    count = conn.execute(repo.REQUEUE, {"seqs": list(seqs)}).rowcount
    if count:
        conn.execute(repo.NOTIFY_INBOX)
    return count


def inbox_depth(conn: Connection, now: datetime) -> list[LaneDepth]:
    """How full the inbox is, lane by lane; empty lanes are left out."""
    return [LaneDepth(*row) for row in conn.execute(repo.INBOX_DEPTH, {"now": now})]


def _places(events: Sequence[StoredEvent]) -> dict[str, object]:
    return {"lane": [e.lane for e in events], "seq": [e.seq for e in events]}
