"""What the engine tells of cases that are to be moved: the timers that run, and what became of each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.process.core.state import CaseMoved

TIMERS = "select case_id, name from timers where case_id = any(%s) order by case_id, name"
TOLD = """
update process_migration_cases m set status = t.status, why = t.why, moved_at = t.at
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[]) as t(migration, case_id, status, why, at)
where m.migration = t.migration and m.case_id = t.case_id
"""


def timers_of(conn: Connection[Any], cases: Sequence[UUID]) -> Mapping[str, Sequence[str]]:
    """The names of the timers that run, by case."""
    found: dict[str, list[str]] = {}
    for case, name in conn.execute(TIMERS, (list(cases),)).fetchall():
        found.setdefault(str(case), []).append(name)
    return found


def note_moved(conn: Connection[Any], told: Sequence[CaseMoved]) -> None:
    """Keep what became of cases that were to be moved."""
    rows = [(t.migration, t.case_id, t.status, t.why, t.at) for t in told]
    conn.execute(TOLD, [list(column) for column in zip(*rows, strict=True)])
