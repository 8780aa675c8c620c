"""Rows and how they are gathered into groups.

Rows of one document usually stand together, but nothing may rely on it. A first pass over the file (`index_groups`)
finds the keys that appear again after other keys, and where each of them ends; the second pass (`group_rows`) hands a
group over as soon as its last row was read. Only rows of such split keys are held back, in a buffer that the caller
provides. The index holds each key once, so memory grows with the number of documents and never with the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from headgate.connectors.imports.core.expressions import Cells
from headgate.connectors.imports.core.mapping import MAX_ROWS_PER_DOCUMENT

Key = Hashable


class Row(NamedTuple):
    """One record of the file. `number` counts from 1 and does not count the header."""

    number: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no row of this file: broken quoting, wrong encoding, too few fields, …"""

    number: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share a key, in file order. `start` is how many rows of the key came in earlier groups.

    It is 0 except for a key with more rows than one document may have: its further rows come as further groups.
    """

    key: Key
    start: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """What the first pass found: the number of records, and the last row of each key that does not stand together."""

    rows: int
    split: Mapping[Key, int]


class RowBuffer(Protocol):
    """Holds the rows of split keys until their last one is read."""

    def add(self, key: Key, row: Row) -> int:
        """Keep a row; answers how many rows of the key are held."""

    def take(self, key: Key) -> list[Row]:
        """Hand over the rows of a key in the order they were added, and forget them."""


@dataclass(slots=True)
class MemoryBuffer:
    """A row buffer in memory, for small files and tests."""

    held: dict[Key, list[Row]] = field(default_factory=dict)

    def add(self, key: Key, row: Row) -> int:
        rows = self.held.setdefault(key, [])
        rows.append(row)
        return len(rows)

    def take(self, key: Key) -> list[Row]:
        return self.held.pop(key, [])


def index_groups(rows: Iterable[Row | Unreadable], key_of: Callable[[Cells], Key]) -> Index:
    """First pass: count the records and find the keys that appear again after other keys."""
    seen: set[Key] = set()
    split: dict[Key, int] = {}
    current: Key | None = None
    count = 0
    for row in rows:
        count = row.number
        if isinstance(row, Unreadable):
            continue
        key = key_of(row.cells)
        if key != current:
            if key in seen:
                split[key] = row.number
            else:
                seen.add(key)
            current = key
        elif key in split:
            split[key] = row.number
    return Index(count, split)


def group_rows(
    rows: Iterable[Row | Unreadable], key_of: Callable[[Cells], Key], index: Index, buffer: RowBuffer
) -> Iterator[Group | Unreadable]:
    """Second pass: groups in the order in which their last rows stand in the file; unreadable records as they come."""
    current: Key | None = None
    started = 0
    block: list[Row] = []
    split = index.split
    given: dict[Key, int] = {}
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        key = key_of(row.cells)
        if key in split:
            if block:
                yield Group(current, started, tuple(block))
            current, started, block = None, 0, []
            held = buffer.add(key, row)
            if row.number == split[key] or held == MAX_ROWS_PER_DOCUMENT:
                before = given.get(key, 0)
                given[key] = before + held
                yield Group(key, before, tuple(buffer.take(key)))
            continue
        if key != current:
            if block:
                yield Group(current, started, tuple(block))
            current, started, block = key, 0, []
        elif len(block) == MAX_ROWS_PER_DOCUMENT:
            yield Group(current, started, tuple(block))
            started, block = started + len(block), []
        block.append(row)
    if block:
        yield Group(current, started, tuple(block))
