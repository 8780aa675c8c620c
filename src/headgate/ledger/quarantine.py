"""The quarantine: rows and events that could not be taken, kept with their reason until someone mends or drops them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text, digest
from headgate.kernel.errors import Conflict, NotFound, Problem
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.ledger import personal
from headgate.ledger.repo import quarantine as repo
from headgate.ledger.repo.events import EVENT_SUBJECTS

Kind = Literal["row", "event"]
Status = Literal["open", "replayed", "dismissed"]

REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class QuarantineDraft:
    """Something to be put aside.

    `kind` row: a line of a file (`file`, `row_number` from 1). `kind` event: an event of the log (`event_seq`) or one
    that never got there. `raw` is the text as it came. `reason` is a short, stable phrase that can be counted;
    `problems` say which field and how to mend it. `amount` is what is at stake, with its currency, where it is known.
    """

    kind: Kind
    source: str
    reason: str
    raw: str
    problems: tuple[Problem, ...] = ()
    file: str = ""
    row_number: int | None = None
    event_seq: int | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something put aside. `position` grows with each one and is the cursor for paging."""

    id: UUID
    position: int
    kind: Kind
    source: str
    file: str
    row_number: int | None
    event_seq: int | None
    reason: str
    problems: tuple[Problem, ...]
    raw: str
    amount: Decimal | None
    currency: str | None
    status: Status
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


@dataclass(frozen=True, slots=True)
class QuarantineCount:
    """How many share a kind, reason and currency, and the sum of their known amounts in that currency."""

    kind: Kind
    reason: str
    currency: str | None
    count: int
    amount: Decimal | None


def quarantine_add(conn: Connection, now: datetime, drafts: Sequence[QuarantineDraft]) -> list[UUID]:
    """Put things aside; returns the ids of those that are new (or open again).

    The same row of the same file from the same source with the same text is kept once, however often it is imported. An
    event that fails again after a replay or a dismissal is opened again.
    """
    # Two equal drafts in one statement would be refused by the database.
    prints = {_fingerprint(draft): draft for draft in drafts}
    if not prints:
        return []
    kept = list(prints.values())
    rows = conn.execute(
        repo.ADD_QUARANTINE,
        {
            "now": now,
            "id": [derive_id(now, p.hex()) for p in prints],
            "fingerprint": list(prints),
            "kind": [d.kind for d in kept],
            "source": [d.source for d in kept],
            "file": [d.file for d in kept],
            "row_number": [d.row_number for d in kept],
            "event_seq": [d.event_seq for d in kept],
            "reason": [_clean(d.reason)[:REASON_LENGTH] for d in kept],
            "problems": [canonical_text([_problem_json(p) for p in d.problems]) for d in kept],
            "raw": [_clean(d.raw) for d in kept],
            "amount": [d.amount for d in kept],
            "currency": [d.currency for d in kept],
        },
    )
    return [row[0] for row in rows]


def quarantine_list(
    conn: Connection,
    *,
    status: Status | None = "open",
    kind: Kind | None = None,
    source: str | None = None,
    reason: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[Quarantined]:
    """What was put aside, oldest first, with position above `after` (the cursor)."""
    wanted = {"status": status, "kind": kind, "source": source, "reason": reason}
    filters = " ".join(f"and q.{name} = %({name})s" for name, value in wanted.items() if value is not None)
    query = repo.LIST_QUARANTINE.format(filters=filters)
    return _shown(conn, [_quarantined(row) for row in conn.execute(query, {**wanted, "after": after, "limit": limit})])


def quarantine_get(conn: Connection, id: UUID) -> Quarantined:
    """One of them. Raises `NotFound`."""
    row = conn.execute(repo.GET_QUARANTINE, {"ids": [id]}).fetchone()
    if row is None:
        raise NotFound(phrase("there is nothing in quarantine under %(id)s", id=id))
    return _shown(conn, [_quarantined(row)])[0]


def quarantine_of_events(conn: Connection, seqs: Sequence[int]) -> dict[int, Quarantined]:
    """Of these events of the log those that were put aside, by number, whatever became of them since."""
    prints = [digest(["event", seq]) for seq in seqs]
    rows = conn.execute(repo.QUARANTINE_OF_EVENTS, {"prints": prints}) if prints else ()
    return {q.event_seq: q for q in map(_quarantined, rows) if q.event_seq is not None}


def quarantine_resolve(
    conn: Connection, now: datetime, ids: Sequence[UUID], status: Literal["replayed", "dismissed"], actor: str
) -> None:
    """Mark open ones replayed or dismissed. Raises `Conflict`, and marks none, when one is not open."""
    done = {row[0] for row in conn.execute(repo.RESOLVE_QUARANTINE, _resolution(now, ids, status, actor))}
    missing = [str(id) for id in ids if id not in done]
    if missing:
        raise Conflict(phrase("not open in quarantine: %(names)s", names=", ".join(missing[:5])))


def quarantine_counts(conn: Connection, *, status: Status = "open") -> list[QuarantineCount]:
    """How many there are by kind, reason and currency, most frequent first."""
    return [QuarantineCount(*row) for row in conn.execute(repo.COUNT_QUARANTINE, {"status": status})]


def quarantine_size(conn: Connection, most: int = 1000) -> int:
    """How many are open, counted up to `most`."""
    (count,) = conn.execute(repo.SIZE_OF_QUARANTINE, {"most": most}).fetchone() or (0,)
    return int(count)


def _resolution(now: datetime, ids: Sequence[UUID], status: str, actor: str) -> dict[str, object]:
    return {"now": now, "ids": list(ids), "status": status, "actor": actor}


def _fingerprint(draft: QuarantineDraft) -> bytes:
    if draft.event_seq is not None:
        return digest([draft.kind, draft.event_seq])
    return digest([draft.kind, draft.source, draft.file, draft.row_number, _clean(draft.raw)])


def _clean(text: str) -> str:
    """Text that PostgreSQL can hold: NUL and half surrogates are replaced, since bad input may hold anything."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _problem_json(problem: Problem) -> dict[str, str]:
    return {
        "field": _clean(problem.field),
        "value": _clean(problem.value),
        "message": _clean(problem.message),
        "fix": _clean(problem.fix),
    }


def _shown(conn: Connection, items: Sequence[Quarantined]) -> list[Quarantined]:
    """With the personal values of events in place."""
    subjects = _event_subjects(conn, [q.event_seq for q in items if "$pd:" in q.raw])
    raws = personal.reveal_texts(conn, [(subjects.get(q.event_seq, ""), q.raw) for q in items])
    return [q if raw == q.raw else replace(q, raw=raw) for q, raw in zip(items, raws, strict=True)]


def _event_subjects(conn: Connection, seqs: Sequence[int | None]) -> dict[int | None, str]:
    """The subjects of events, by number."""
    return dict(conn.execute(EVENT_SUBJECTS, {"seqs": list(seqs)}).fetchall()) if seqs else {}


def _quarantined(row: tuple[object, ...]) -> Quarantined:
    values = list(row)
    problems = values[8]
    assert isinstance(problems, list)
    values[8] = tuple(Problem(**problem) for problem in problems)
    return Quarantined(*values)  # type: ignore[arg-type]
