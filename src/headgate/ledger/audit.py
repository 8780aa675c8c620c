"""The audit chain: append, search, and the proof state of entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import loads
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.ledger import personal
from headgate.ledger.core.chain import AuditDraft, link_all
from headgate.ledger.core.integrity import ChainWalk, EntryRow
from headgate.ledger.log import NEWEST
from headgate.ledger.repo import audit as repo
from headgate.ledger.repo.events import EVENT_DIGESTS


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry as stored. `body` holds the details, `text` the canonical JSON that `hash` (hex) was taken over."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject_type: str
    subject: str
    case_id: UUID | None
    event_seq: int | None
    body: dict[str, Any]
    text: str
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class ProofState:
    """Whether an entry still has its hash, its place between its neighbours, and the event it speaks of.

    `reason` is empty when intact. It looks at the neighbourhood; `verify_audit` walks the whole chain.
    """

    seq: int
    intact: bool
    reason: str
    hash: str
    head_seq: int


def append_audit(conn: Connection, now: datetime, drafts: Sequence[AuditDraft]) -> list[int]:
    """Append entries to the tenant's chain, in order; returns their numbers.

    Locks the head of the chain until the transaction ends, so make it the last thing a transaction does.
    """
    if not drafts:
        return []
    drafts = _with_digests(conn, drafts)
    drafts, asides = _committed(drafts)
    head = conn.execute(repo.LOCK_HEAD).fetchone()
    if head is None:
        conn.execute(repo.START_CHAIN)
        head = conn.execute(repo.LOCK_HEAD).fetchone()
        assert head is not None
    seq, hash_ = head
    linked = link_all(hash_, seq, now, drafts)
    conn.execute(
        repo.APPEND_AUDIT,
        {
            "head_seq": linked[-1].seq,
            "head_hash": linked[-1].hash,
            "at": now,
            "seq": [e.seq for e in linked],
            "actor": [d.actor for d in drafts],
            "action": [d.action for d in drafts],
            "subject_type": [d.subject_type for d in drafts],
            "subject": [d.subject for d in drafts],
            "case_id": [d.case_id for d in drafts],
            "event_seq": [d.event_seq for d in drafts],
            "body": [e.text for e in linked],
            "prev": [e.prev for e in linked],
            "hash": [e.hash for e in linked],
        },
    )
    personal.keep(conn, now, asides)
    return [e.seq for e in linked]


def audit_list(
    conn: Connection,
    *,
    subject_type: str | None = None,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    case_id: UUID | None = None,
    before: int = NEWEST,
    limit: int = 50,
) -> list[AuditEntry]:
    """Entries, newest first, with seq below `before` (the cursor: pass the last seq seen)."""
    wanted = {
        "subject_type": subject_type,
        "subject": subject,
        "actor": actor,
        "action": action,
        "case_id": case_id,
    }
    filters = " ".join(f"and a.{name} = %({name})s" for name, value in wanted.items() if value is not None)
    query = repo.LIST_AUDIT.format(filters=filters)
    return entries_of(conn, conn.execute(query, {**wanted, "before": before, "limit": limit}).fetchall())


def audit_get(conn: Connection, seq: int) -> AuditEntry:
    """One entry. Raises `NotFound`."""
    row = conn.execute(repo.GET_AUDIT, {"seqs": [seq]}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no audit entry %(seq)s", seq=seq))
    return entries_of(conn, [row])[0]


def proof_states(conn: Connection, seqs: Sequence[int]) -> dict[int, ProofState]:
    """The proof state of each of these entries that exists, from two queries."""
    around = sorted({n for seq in seqs for n in (seq - 1, seq, seq + 1) if n > 0})
    rows: dict[int, EntryRow] = {row[0]: row for row in conn.execute(repo.CHECK_AUDIT, {"seqs": around})}
    head = conn.execute(repo.READ_HEAD).fetchone()
    head_seq = head[0] if head else 0
    states = {}
    for seq in seqs:
        if seq in rows:
            reason = _fault(seq, rows, head_seq, head[1] if head else b"")
            states[seq] = ProofState(seq, not reason, reason, rows[seq][3].hex(), head_seq)
    return states


def _with_digests(conn: Connection, drafts: Sequence[AuditDraft]) -> Sequence[AuditDraft]:
    """Fill in the digests of the events that drafts speak of, where the caller did not."""
    missing = {d.event_seq for d in drafts if d.event_seq is not None and d.event_digest is None}
    if not missing:
        return drafts
    known: dict[int | None, str] = dict(conn.execute(EVENT_DIGESTS, {"seqs": list(missing)}).fetchall())
    unknown = missing - known.keys()
    if unknown:
        raise NotFound(phrase("there is no event %(min)s", min=min(unknown)))
    return [replace(d, event_digest=known[d.event_seq]) if d.event_seq in missing else d for d in drafts]


def _fault(seq: int, rows: dict[int, EntryRow], head_seq: int, head_hash: bytes) -> str:
    """What is wrong with the entry, or nothing."""
    before, after = rows.get(seq - 1), rows.get(seq + 1)
    if seq > 1 and before is None:
        return "the entry before is missing"
    # The first entry's forerunner is the start of the chain, which its own text names and its hash binds.
    walk = ChainWalk(before[3] if before else rows[seq][2], seq=seq - 1, events=True)
    for finding in walk.walk([rows[seq]]):
        return finding.reason
    if after is not None:
        return "" if walk.ends_with(after[2]) else "the entry after does not follow it"
    if seq != head_seq:
        return "the entry after is missing"
    return "" if walk.ends_with(head_hash) else "the head of the chain has another hash"


def entries_of(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> list[AuditEntry]:
    """Rows of the audit queries as entries, with personal values of their bodies in place; `text` stays as hashed."""
    entries = [_entry(row) for row in rows]
    bodies = personal.reveal(conn, [(entry.subject, entry.body) for entry in entries])
    return [e if body is e.body else replace(e, body=body) for e, body in zip(entries, bodies, strict=True)]


def _committed(drafts: Sequence[AuditDraft]) -> tuple[Sequence[AuditDraft], list[personal.Kept]]:
    """Drafts with the personal values of their bodies replaced, and what was put aside."""
    asides: list[personal.Kept] = []
    made: list[AuditDraft] = []
    for draft in drafts:
        body, opening = personal.commit_entry(draft.action, draft.body)
        if opening is not None:
            asides.append(personal.Kept(opening, draft.subject_type, draft.subject))
            draft = replace(draft, body=body)  # noqa: PLW2901  # the same draft from here on
        made.append(draft)
    return (made, asides) if asides else (drafts, asides)


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    """A row of the audit queries as an entry."""
    seq, at, actor, action, subject_type, subject, case_id, event_seq, text, prev, hash_ = row
    try:
        body = loads(text)["body"]
    except (ValueError, KeyError, TypeError):
        body = {}  # A damaged entry can still be looked at; verification says what is wrong with it.
    return AuditEntry(seq, at, actor, action, subject_type, subject, case_id, event_seq, body, text, prev, hash_)
