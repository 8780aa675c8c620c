"""A row buffer that goes to a temporary file when a badly ordered input makes it hold too much."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import TracebackType

import orjson

from headgate.connectors.imports.core.rows import Key, MemoryBuffer, Row

HELD_IN_MEMORY = 100_000


class SpillingBuffer:
    """Holds rows in memory up to a limit, all of them in a temporary database beyond it. Use as a context manager."""

    def __init__(self, limit: int = HELD_IN_MEMORY) -> None:
        self._limit = limit
        self._memory = MemoryBuffer()
        self._held = 0
        self._counts: dict[Key, int] = {}
        self._file: sqlite3.Connection | None = None

    def __enter__(self) -> SpillingBuffer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def in_memory(self) -> int:
        """How many rows are held in memory now."""
        return self._held

    def add(self, key: Key, row: Row) -> int:
        """Keep a row; answers how many rows of the key are held."""
        self._memory.add(key, row)
        self._held += 1
        self._counts[key] = count = self._counts.get(key, 0) + 1
        if self._held >= self._limit:
            self._spill()
        return count

    def take(self, key: Key) -> list[Row]:
        """Hand over the rows of a key in the order they were added, and forget them."""
        recent = self._memory.take(key)
        self._held -= len(recent)
        self._counts.pop(key, None)
        if self._file is None:
            return recent
        name = orjson.dumps(key)
        with closing(
            self._file.execute("select number, cells from held where key = ? order by number", (name,))
        ) as found:
            earlier = [Row(number, orjson.loads(cells)) for number, cells in found]
        self._file.execute("delete from held where key = ?", (name,))
        return earlier + recent

    def _spill(self) -> None:
        if self._file is None:
            # An empty name is a temporary file that SQLite deletes when the connection closes.
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.execute("pragma journal_mode = off")
            self._file.execute("pragma synchronous = off")
            self._file.execute("create table held (key blob, number integer, cells blob, primary key (key, number))")
        rows = [
            (orjson.dumps(key), row.number, orjson.dumps(list(row.cells)))
            for key, held in self._memory.held.items()
            for row in held
        ]
        self._file.execute("begin")
        self._file.executemany("insert into held values (?, ?, ?)", rows)
        self._file.execute("commit")
        self._memory.held.clear()
        self._held = 0
