"""The floor: the rows a governed run writes, written again in the same batches by the same statements, undecided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from psycopg import Connection, Cursor

from headgate.store import Database

_WRITES = re.compile(r"\b(insert\s+into|delete\s+from|update\s+(?!of\b)\w+\s+(\w+\s+)?set)\b", re.IGNORECASE)
_LEASES = re.compile(r"\b(into|update|from)\s+lanes\b", re.IGNORECASE)

Statement = tuple[Any, Any]


@dataclass(slots=True)
class Recorder:
    """Notes what a worker writes, transaction by transaction. Lane leases are bookkeeping of the worker, not rows."""

    batches: list[list[Statement]] = field(default_factory=list)

    def note(self, statements: Sequence[Statement]) -> None:
        """Keep a transaction, if it wrote anything."""
        kept = [s for s in statements if not _LEASES.search(str(s[0]))]
        if kept:
            self.batches.append(kept)


class RecordingDatabase(Database):
    """A database whose transactions are noted when they commit."""

    def __init__(self, inner: Database, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder

    @contextmanager
    def transaction(
        self,
        tenant_id: UUID,
        *,
        partner: str | None = None,
        read_only: bool = False,
        idle_seconds: float | None = None,
        durable: bool = True,
        lookups: bool = False,
    ) -> Iterator[Connection]:
        """As `Database.transaction`."""
        written: list[Statement] = []

        class Noting(Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
                if _WRITES.search(str(query)):
                    written.append((query, params))
                return super().execute(query, params, **options)

        with self._inner.transaction(
            tenant_id, partner=partner, read_only=read_only, durable=durable, lookups=lookups
        ) as conn:
            plain, conn.cursor_factory = conn.cursor_factory, Noting
            try:
                yield conn
            finally:
                conn.cursor_factory = plain
        self._recorder.note(written)

    def close(self) -> None:
        """The inner database belongs to who opened it."""


def replay(database: Database, tenant: UUID, batches: Sequence[Sequence[Statement]]) -> None:
    """Write the rows again, one transaction a batch."""
    for batch in batches:
        with database.transaction(tenant) as conn, conn.pipeline():
            for query, params in batch:
                conn.execute(query, params)
