"""Gives a pass its decisions as columns: those that are kept, and those that it makes out of records and keeps.

A kept stretch is used while as many decisions lie in its span of time as when it was made, and while the same versions
stood then. Decisions are only ever added, so this is the watermark: one that comes late makes its stretch anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
from psycopg import Connection

from headgate.policy.backtest import reading, repo
from headgate.policy.backtest.core.columns import FORM, Facts, Spine, read_facts, read_spine, write_facts, write_spine
from headgate.policy.backtest.core.gather import Gatherer, microseconds
from headgate.policy.backtest.core.lens import Lens
from headgate.policy.backtest.core.replay import Recorded
from headgate.policy.backtest.reading import FIRST_ID, LEAST, SETTLED, Cursor, Opens, StoredShelf

STRETCH = 16_000  # decisions that are kept together
_LAST_ID = UUID(int=(1 << 128) - 1)

Writes: TypeAlias = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Columns with the places of those decisions that are to be weighed."""

    host: str
    spine: Spine
    facts: Facts
    span: tuple[int, int]


# Decisions to weigh, as columns or as records; a number says how many more were read, for the progress.
Piece: TypeAlias = Stretch | list[Recorded] | int


class Step(NamedTuple):
    """What was found kept, read, or kept now, in decisions."""

    there: int = 0
    read: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Host:
    """How the decisions of a policy are read, and of which policies they hold evaluations."""

    lens: Lens
    asks: tuple[str, ...]

    @property
    def form(self) -> str:
        """Which bytes, read in which way."""
        return f"{FORM}.{self.lens.edition} {','.join(self.asks)}"


@dataclass(frozen=True, slots=True)
class Keeper:
    """What a pass over the decisions of `hosts` needs to read, make and keep columns of them. `policy` is tried; so
    many records are read `at_once`, unless it is 0."""

    opens: Opens
    writes: Writes
    hosts: Mapping[str, Host]
    shelf: StoredShelf
    policy: str
    now: datetime
    at_once: int = 0

    def pieces(self, since: datetime, until: datetime) -> Iterator[Piece]:
        """All decisions from one instant to before another: by policy, version, time and id."""
        for each in self._streams(since, until):
            yield from each.pieces()

    def missing(self, since: datetime, until: datetime, enough: int) -> Generator[Step, None, None]:
        """Keep what is not kept yet, wherever so many decisions lie together. What was kept before this is left off
        stays, and the next time goes on behind it."""
        for each in self._streams(since, until):
            yield from each.missing(enough)

    def _streams(self, since: datetime, until: datetime) -> list[_Stream]:
        with self.opens() as conn:
            versions = conn.execute(repo.VERSIONS, {"policies": sorted(self.hosts)}).fetchall()
        return [_Stream(self, host, version, since, until) for host, version in versions]

    def whole(self, lots: Sequence[Sequence[UUID]]) -> Iterator[list[Recorded]]:
        """The records of several lots of decisions, each lot in any order. The next lot is read while the one at hand
        is weighed."""

        def read(lot: Sequence[UUID]) -> list[Recorded]:
            if not lot:
                return []
            with self.opens() as conn:
                found = conn.execute(repo.WHOLE, {"decisions": list(lot)}, binary=True)
                return [Recorded(*row) for row in found]

        with ThreadPoolExecutor(1, thread_name_prefix="headgate-backtest") as ahead:
            coming = [ahead.submit(read, lot) for lot in lots[:1]]
            for place in range(len(lots)):
                found = coming.pop().result()
                if place + 1 < len(lots):
                    coming.append(ahead.submit(read, lots[place + 1]))
                yield found


@dataclass(frozen=True, slots=True)
class _Kept:
    """A stretch as stored, without its bytes."""

    first: Cursor
    last: Cursor
    decisions: int


class _Stream:
    """The decisions of one version."""

    def __init__(self, keeper: Keeper, host: str, version: int, since: datetime, until: datetime) -> None:
        self._keeper, self._host, self._version = keeper, host, version
        self._since, self._until = since, until
        self._read = keeper.hosts[host]
        self._key = {"host": host, "version": version, "form": self._read.form}

    def pieces(self) -> Iterator[Piece]:
        """Kept stretches, and between them what is made now."""
        after, end = (self._since, FIRST_ID), (self._until, FIRST_ID)
        for kept in self._stretches():
            yield from self._made(after, kept.first)
            found = self._load(kept)
            if found is None:  # made anew by another run meanwhile
                yield from self._records(max(after, _before(kept.first)), min(_behind(kept.last), end))
            else:
                yield found
            after = kept.last
        yield from self._made(after, end)

    def missing(self, enough: int) -> Iterator[Step]:
        """What is there, and what is kept now between it and behind it."""
        after = (self._since, FIRST_ID)
        for kept in self._stretches():
            yield from self._added(after, kept.first, enough)
            yield Step(there=kept.decisions)
            after = kept.last
        yield from self._added(after, (self._until, FIRST_ID), enough)

    def _added(self, after: Cursor, end: Cursor, enough: int) -> Iterator[Step]:
        of = {"policy": self._host, "version": self._version, "at": after[0], "decision": after[1]}
        of |= {"until": end[0], "until_id": end[1]}
        with self._keeper.opens() as conn:
            conn.execute(repo.IN_ORDER)
            if conn.execute(repo.FILLED, {**of, "enough": enough}).fetchone() is None:
                return
        for piece in self._made(after, end):
            if isinstance(piece, int):
                yield Step(read=piece)
            elif isinstance(piece, Stretch) and piece.span[1] >= LEAST:
                yield Step(kept=piece.span[1])

    def _stretches(self) -> list[_Kept]:
        """Those that hold, none across another."""
        found: list[_Kept] = []
        with self._keeper.opens() as conn:
            rows = conn.execute(repo.STRETCHES, {**self._key, "since": self._since, "until": self._until}).fetchall()
        for first, first_id, last, last_id, decisions, stood in rows:
            apart = not found or (first, first_id) > found[-1].last
            if apart and bytes(stood) == self._keeper.shelf.stood(first, last):
                found.append(_Kept((first, first_id), (last, last_id), decisions))
        return found

    def _load(self, kept: _Kept) -> Stretch | None:
        wanted = {**self._key, **_ends(kept.first, kept.last), "decisions": kept.decisions}
        with self._keeper.opens() as conn:
            rows = conn.execute(repo.STRETCH, {**wanted, "policy": self._keeper.policy}, binary=True).fetchall()
        parts = {part: (bytes(proof), bytes(packed)) for part, proof, packed in rows}
        if parts.keys() != {"", self._keeper.policy}:
            return None
        spine = read_spine(*parts[""])
        edges = np.array([microseconds(self._since), microseconds(self._until)], dtype=np.int64)
        low, high = np.searchsorted(spine.at, edges)
        return Stretch(self._host, spine, read_facts(parts[self._keeper.policy][1]), (int(low), int(high)))

    def _records(self, after: Cursor, end: Cursor) -> Iterator[Piece]:
        yield from reading.stream(self._keeper.opens, (self._host, self._version), after, end, reading.SLICE)

    def _made(self, after: Cursor, end: Cursor) -> Iterator[Piece]:
        """Columns out of records."""
        if after >= end:
            return
        settled = self._keeper.now - SETTLED
        gathering = self._gatherer()
        at_once = self._keeper.at_once or reading.SLICE
        for rows in reading.stream(self._keeper.opens, (self._host, self._version), after, end, at_once):
            yield len(rows)
            old = [row for row in rows if row.at < settled]
            gathering.add(old)
            if len(gathering) >= STRETCH or (len(gathering) and len(old) < len(rows)):
                yield self._kept(gathering)
                gathering = self._gatherer()
            gathering.add(rows[len(old) :])
        yield self._kept(gathering)

    def _gatherer(self) -> Gatherer:
        return Gatherer(self._read.lens, self._read.asks, self._keeper.shelf)

    def _kept(self, gathering: Gatherer) -> Stretch | list[Recorded]:
        """What was gathered, stored where it is old and large enough."""
        if not len(gathering):
            return []
        spine, facts = gathering.spine(), gathering.facts()
        first, last = gathering.span
        if len(gathering) >= LEAST and last[0] < self._keeper.now - SETTLED:
            parts = {"": (spine.proof, write_spine(spine))}
            parts |= {policy: (b"", write_facts(each)) for policy, each in facts.items()}
            values = {
                **self._key,
                **_ends(first, last),
                "stood": self._keeper.shelf.stood(first[0], last[0]),
                "decisions": len(gathering),
                "parts": list(parts),
                "proofs": [proof for proof, _ in parts.values()],
                "packed": [packed for _, packed in parts.values()],
                "now": self._keeper.now,
            }
            with self._keeper.writes() as conn:
                conn.execute(repo.DROP_STRETCHES, values)
                conn.execute(repo.KEEP_STRETCH, values)
        return Stretch(self._host, spine, facts[self._keeper.policy], (0, len(gathering)))


def _ends(first: Cursor, last: Cursor) -> dict[str, Any]:
    return {"first": first[0], "first_id": first[1], "last": last[0], "last_id": last[1]}


def _before(place: Cursor) -> Cursor:
    """From where reading on begins with the decision at this place."""
    at, decision = place
    return at, UUID(int=max(decision.int - 1, 0))


def _behind(place: Cursor) -> Cursor:
    """Up to where reading ends with the decision at this place."""
    at, decision = place
    if decision == _LAST_ID:
        return at + timedelta(microseconds=1), FIRST_ID
    return at, UUID(int=decision.int + 1)


__all__ = ["Host", "Keeper", "Piece", "Step", "Stretch"]
