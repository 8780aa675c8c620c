"""The event log: append, once per id; read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.kernel.canonical import canonical
from headgate.kernel.errors import NotFound
from headgate.kernel.ids import lane_of
from headgate.ledger import personal
from headgate.ledger.core.events import Appended, NewEvent, StoredEvent, event_digest
from headgate.ledger.core.personal import Opening
from headgate.ledger.personal import Kept
from headgate.ledger.repo import events as repo
from headgate.ledger.repo.inbox import NOTIFY_INBOX

NEWEST = 2**63 - 1

# Events whose key starts so set the scene for all others (masters). They share a lane of their own, which runners treat
# as a barrier: what comes behind one in the log is applied after it.
CONTROL_PREFIX = "control:"
CONTROL_LANE = -1


@dataclass(frozen=True, slots=True)
class EventConflict:
    """A refused event: its id was taken by another body. The first one is event `first_seq` of the log."""

    id: int
    first_seq: int
    source: str
    event_id: str
    type: str
    subject: str
    first_digest: str
    data: dict[str, Any]
    received_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class _Incoming:
    """An event with what is computed from it, and the place in the caller's sequence it stands for."""

    event: NewEvent
    data: str
    digest: bytes
    lane: int
    aside: Opening | None = None

    def kept(self) -> Kept:
        """What was put aside of it, with whom and what it is about."""
        assert self.aside is not None
        partner = self.event.data.get("partner")
        kind = self.event.key.partition(":")[0]
        return Kept(self.aside, kind, self.event.subject, partner if isinstance(partner, str) else "")


def append_events(conn: Connection, now: datetime, events: Sequence[NewEvent], *, lanes: int) -> list[Appended]:
    """Append events, each id once, and queue the new ones for their lanes. One result per event, in order.

    A repeat with the same type, subject and data is a `duplicate` (its `time` is not compared, for senders stamp
    resends anew); with anything else a `conflict`, whose body is kept aside. Both carry the seq of the first. Correct
    also when other transactions append the same ids at the same time: this one waits for them.
    Events of one key get ascending numbers in the order given; between transactions that overlap there is no order.
    """
    if not events:
        return []
    incoming = [_prepared(event, now, lanes) for event in events]
    # Within the batch the first of an id stands for it; later ones are compared with the log like any repeat.
    firsts: dict[tuple[str, str], int] = {}
    for place, item in enumerate(incoming):
        firsts.setdefault((item.event.source, item.event.event_id), place)
    places = list(firsts.values())
    results: list[Appended | None] = [None] * len(incoming)
    rows = conn.execute(repo.APPEND_EVENTS, _append_parameters([incoming[place] for place in places], now)).fetchall()
    for number, seq in rows:
        results[places[number - 1]] = Appended(seq, "new")
    if rows:
        new = (incoming[places[number - 1]] for number, _ in rows)
        personal.keep(conn, now, [item.kept() for item in new if item.aside])
        conn.execute(NOTIFY_INBOX)
    repeats = [place for place, result in enumerate(results) if result is None]
    if repeats:
        for place, appended in zip(repeats, _classify(conn, now, [incoming[p] for p in repeats]), strict=True):
            results[place] = appended
    return [result for result in results if result is not None]


def event_get(conn: Connection, seq: int) -> StoredEvent:
    """The event with this number. Raises `NotFound`."""
    found = events_get(conn, [seq])
    if not found:
        raise NotFound(f"there is no event {seq}")
    return found[0]


def events_get(conn: Connection, seqs: Sequence[int]) -> list[StoredEvent]:
    """The events with these numbers that exist, in order."""
    return _shown(conn, [stored(row) for row in conn.execute(repo.GET_EVENTS, {"seqs": list(seqs)})])


def event_find(conn: Connection, source: str, event_id: str) -> StoredEvent | None:
    """The event of a source and id, if it came."""
    row = conn.execute(repo.FIND_EVENT, {"source": source, "event_id": event_id}).fetchone()
    return None if row is None else _shown(conn, [stored(row)])[0]


def known_events(conn: Connection, source: str, event_ids: Sequence[str]) -> frozenset[str]:
    """Those of these ids of a source under which an event came."""
    rows = conn.execute(repo.KNOWN_EVENTS, {"source": source, "event_ids": list(event_ids)})
    return frozenset(str(event_id) for (event_id,) in rows)


def event_list(
    conn: Connection,
    *,
    key: str | None = None,
    subject: str | None = None,
    type: str | None = None,
    source: str | None = None,
    before: int = NEWEST,
    limit: int = 50,
) -> list[StoredEvent]:
    """Events, newest first, with seq below `before` (the cursor: pass the last seq seen)."""
    wanted = {"key": key, "subject": subject, "type": type, "source": source}
    filters = " ".join(f"and e.{name} = %({name})s" for name, value in wanted.items() if value is not None)
    query = repo.LIST_EVENTS.format(filters=filters)
    return _shown(conn, [stored(row) for row in conn.execute(query, {**wanted, "before": before, "limit": limit})])


def conflict_list(conn: Connection, *, before: int = NEWEST, limit: int = 50) -> list[EventConflict]:
    """Refused events whose id was taken, newest first, with id below `before`."""
    found = [EventConflict(*row) for row in conn.execute(repo.LIST_CONFLICTS, {"before": before, "limit": limit})]
    data = personal.reveal(conn, [(c.subject, c.data) for c in found])
    return [replace(c, data=shown) for c, shown in zip(found, data, strict=True)]


def _shown(conn: Connection, events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Events with their personal values in place."""
    data = personal.reveal(conn, [(event.subject, event.data) for event in events])
    return [e if shown is e.data else replace(e, data=shown) for e, shown in zip(events, data, strict=True)]


def stored(row: tuple[Any, ...]) -> StoredEvent:
    """A row of the ledger's event queries as `StoredEvent`; they select its fields with digest and trace last."""
    seq, source, event_id, type_, subject, key, lane, time, received_at, data, actor, digest, trace = row
    return StoredEvent(seq, source, event_id, type_, subject, key, lane, time, received_at, data, actor, digest, trace)


def _prepared(event: NewEvent, now: datetime, lanes: int) -> _Incoming:
    held, aside = personal.commit_event(event.type, event.data)
    data = canonical(held)
    digest = event_digest(event.source, event.event_id, event.type, event.subject, event.key, event.time or now, data)
    lane = CONTROL_LANE if event.key.startswith(CONTROL_PREFIX) else lane_of(event.key, lanes)
    return _Incoming(event, data.decode(), digest, lane, aside)


def _append_parameters(items: Sequence[_Incoming], now: datetime) -> dict[str, object]:
    return {
        "now": now,
        "source": [i.event.source for i in items],
        "event_id": [i.event.event_id for i in items],
        "type": [i.event.type for i in items],
        "subject": [i.event.subject for i in items],
        "key": [i.event.key for i in items],
        "lane": [i.lane for i in items],
        "time": [i.event.time or now for i in items],
        "data": [i.data for i in items],
        "digest": [i.digest for i in items],
        "actor": [i.event.actor for i in items],
        "trace": [i.event.trace for i in items],
    }


def _classify(conn: Connection, now: datetime, items: Sequence[_Incoming]) -> list[Appended]:
    """Duplicate or conflict, for events whose id is in the log; conflicts are kept."""
    parameters = {
        "source": [i.event.source for i in items],
        "event_id": [i.event.event_id for i in items],
        "type": [i.event.type for i in items],
        "subject": [i.event.subject for i in items],
        "data": _comparable(conn, items),
    }
    # A statement of its own: it sees what a transaction that we waited for has committed meanwhile.
    first = {place: rest for place, *rest in conn.execute(repo.FIRST_UNDER_SAME_ID, parameters)}
    results = []
    clashes: list[tuple[int, _Incoming, int, bytes]] = []
    for place, item in enumerate(items, 1):
        seq, digest, same = first[place]
        results.append(Appended(seq, "duplicate" if same else "conflict"))
        if not same:
            clashes.append((place - 1, item, seq, digest))
    if clashes:
        rows = conn.execute(
            repo.ADD_CONFLICTS,
            {
                "now": now,
                "first_seq": [seq for _, _, seq, _ in clashes],
                "source": [i.event.source for _, i, _, _ in clashes],
                "event_id": [i.event.event_id for _, i, _, _ in clashes],
                "type": [i.event.type for _, i, _, _ in clashes],
                "subject": [i.event.subject for _, i, _, _ in clashes],
                "first_digest": [digest for _, _, _, digest in clashes],
                "data": [i.data for _, i, _, _ in clashes],
                "actor": [i.event.actor for _, i, _, _ in clashes],
            },
        )
        personal.keep(conn, now, [item.kept() for _, item, _, _ in clashes if item.aside])
        for (place, _, seq, _), (kept,) in zip(clashes, rows, strict=True):
            results[place] = Appended(seq, "conflict", kept)
    return results


def _comparable(conn: Connection, items: Sequence[_Incoming]) -> list[str]:
    """The data of repeated events as text; personal values stand there as in the first event when they are the same."""
    texts = [item.data for item in items]
    asides = [place for place, item in enumerate(items) if item.aside]
    if not asides:
        return texts
    sought = {
        "source": [items[place].event.source for place in asides],
        "event_id": [items[place].event.event_id for place in asides],
    }
    firsts = {(source, event_id): data for source, event_id, data in conn.execute(repo.DATA_OF_FIRST, sought)}
    repeats = []
    for place in asides:
        event = items[place].event
        repeats.append((event.type, event.data, firsts[event.source, event.event_id]))
    for place, text in zip(asides, personal.as_first(conn, repeats), strict=True):
        texts[place] = text
    return texts
