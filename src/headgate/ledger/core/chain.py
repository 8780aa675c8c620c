"""The audit chain: how an entry is written and how it is linked to the one before.

An entry is a JSON object with exactly these members:

    action, actor, at, body, case, event, event_digest, prev, seq, subject, subject_type

`at` is UTC with microseconds and `Z`; `case` a UUID or null; `event` the sequence number of an event in the log or
null, `event_digest` that event's digest in hex or null; `prev` the hash of the entry before in hex; `seq` counts
1, 2, 3, … without a gap. Its text is canonical JSON, and its hash is the SHA-256 of that text, so an export is verified
by:

    prev = hashlib.sha256(f"headgate audit chain {tenant_id}".encode()).hexdigest()
    for seq, (text, stored_hash) in enumerate(rows, 1):
        entry = json.loads(text)
        assert json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text
        assert (entry["seq"], entry["prev"]) == (seq, prev)
        prev = hashlib.sha256(text.encode()).hexdigest()
        assert prev == stored_hash
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headgate.kernel.canonical import canonical, instant_text


@dataclass(frozen=True, slots=True)
class AuditDraft:
    """An audit entry before it has a place in the chain.

    `body` holds the details of the act: JSON values, Decimals, dates, UUIDs. Give `event_digest` with `event_seq` when
    the event is at hand; otherwise `append_audit` looks it up.
    """

    action: str
    subject_type: str
    subject: str
    actor: str
    body: dict[str, Any]
    case_id: UUID | None = None
    event_seq: int | None = None
    event_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """An entry with its place: its text, the hash of the one before, and its own."""

    seq: int
    text: str
    prev: bytes
    hash: bytes


def genesis(tenant_id: UUID) -> bytes:
    """The hash that the first entry of a tenant points back to; it ties a chain to its tenant."""
    return hashlib.sha256(f"headgate audit chain {tenant_id}".encode()).digest()


def link(previous_hash: bytes, entry: Mapping[str, Any]) -> bytes:
    """The hash of an entry that follows `previous_hash`; `entry` is every member but `prev`."""
    return hashlib.sha256(canonical({**entry, "prev": previous_hash.hex()})).digest()


def link_all(previous_hash: bytes, previous_seq: int, at: datetime, drafts: Iterable[AuditDraft]) -> list[Linked]:
    """Place drafts one after the other behind `previous_seq`; the last one's hash and seq are the new head."""
    stamp = instant_text(at)
    linked: list[Linked] = []
    prev, seq = previous_hash, previous_seq
    for draft in drafts:
        seq += 1
        raw = canonical(
            {
                "action": draft.action,
                "actor": draft.actor,
                "at": stamp,
                "body": draft.body,
                "case": draft.case_id,
                "event": draft.event_seq,
                "event_digest": draft.event_digest,
                "prev": prev.hex(),
                "seq": seq,
                "subject": draft.subject,
                "subject_type": draft.subject_type,
            }
        )
        hashed = hashlib.sha256(raw).digest()
        linked.append(Linked(seq, raw.decode(), prev, hashed))
        prev = hashed
    return linked
