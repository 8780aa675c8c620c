"""Recomputing what the chain binds: one entry at a time, with what was expected and what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from headgate.kernel.errors import shorten
from headgate.ledger.core.events import digest_of_stored

# seq, text, prev, hash, at, actor, action, subject_type, subject, case, event, digest of that event in the log
EntryRow = tuple[int, str, bytes, bytes, str, str, str, str, str, str | None, int | None, bytes | None]
# seq, source, id, type, subject, key, time, data, digest
EventRow = tuple[int, str, str, str, str, str, str, str, bytes]

_MEMBERS = ("seq", "at", "actor", "action", "subject_type", "subject", "case", "event")
_written = itemgetter(*_MEMBERS, "event_digest", "prev")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `where` is audit, event, head or the name of a content check."""

    where: str
    seq: int
    reason: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where} {self.seq}: {self.reason}; expected {self.expected}, found {self.found}"


class ChainWalk:
    """Walks a chain in order. `hash` and `seq` are those of the last entry walked over.

    After a broken entry it goes on, and blames each fault on one entry only: a follower may point to the hash its
    forerunner has or to the hash its forerunner should have.
    """

    def __init__(self, start: bytes, *, seq: int = 0, events: bool = False) -> None:
        self.start = start
        self.hash = start
        self.seq = seq
        self._recomputed = start
        self._events = events

    def walk(self, rows: Iterable[EntryRow]) -> Iterator[Finding]:
        """Check each entry against itself, its columns and its forerunner; with events, against the log too."""
        sha256, loads, members = hashlib.sha256, orjson.loads, _written
        for row in rows:
            seq, text, prev, stored, at, actor, action, subject_type, subject, case, event, logged = row
            recomputed = sha256(text.encode()).digest()
            try:
                *written, event_digest, written_prev = members(loads(text))
            except (ValueError, KeyError, TypeError):
                yield Finding("audit", seq, "the text is not an entry", _hex(stored), _hex(recomputed))
                self._go_on(seq, stored, recomputed)
                continue
            if seq != self.seq + 1:
                yield Finding("audit", seq, "the count has a gap", str(self.seq + 1), str(seq))
            if recomputed != stored:
                yield Finding("audit", seq, "the text does not have its hash", _hex(stored), _hex(recomputed))
            if (prev != self.hash and prev != self._recomputed and seq == self.seq + 1) or written_prev != prev.hex():
                yield Finding("audit", seq, "does not follow the entry before", _hex(self.hash), _hex(prev))
            if written != [seq, at, actor, action, subject_type, subject, case, event]:
                yield _column_finding(row, written)
            if self._events and event is not None and (logged is None or logged.hex() != event_digest):
                found = "no such event" if logged is None else _hex(logged)
                yield Finding("audit", seq, f"event {event} is not as it was", str(event_digest), found)
            self._go_on(seq, stored, recomputed)

    def _go_on(self, seq: int, stored: bytes, recomputed: bytes) -> None:
        self.seq, self.hash, self._recomputed = seq, stored, recomputed

    def ends_with(self, hash: bytes) -> bool:
        """Whether the last entry has this hash."""
        return hash in (self.hash, self._recomputed)


def check_events(rows: Iterable[EventRow]) -> Iterator[Finding]:
    """Recompute the digest of every event."""
    for seq, source, event_id, type_, subject, key, time, data, digest in rows:
        found = digest_of_stored(source, event_id, type_, subject, key, time, data.encode())
        if found != digest:
            yield Finding("event", seq, "the content does not have its digest", _hex(digest), _hex(found))


def _column_finding(row: EntryRow, written: Sequence[Any]) -> Finding:
    seq, _text, _prev, _hash, *columns = row
    for name, inside, beside in zip(_MEMBERS, written, (seq, *columns[:7]), strict=True):
        if inside != beside:
            return Finding(
                "audit",
                seq,
                f"column {name} does not say what the text says",
                shorten(inside, 200),
                shorten(beside, 200),
            )
    raise AssertionError("called for a row whose columns agree")


def _hex(value: bytes) -> str:
    return value.hex()
