"""SQL of moving cases: pages of those that could be moved, and what became of each."""

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
# By id, so that a page that breaks off is gone on with where it ended.
OPEN_CASES = """
select case_id from cases
where process = %(process)s and version <> %(to)s and status <> 'closed'
  and (%(after)s::uuid is null or case_id > %(after)s::uuid)
order by case_id limit %(limit)s
"""
START = """
insert into process_migrations (migration, process, to_version, mapping, reason, status, started_by, started_at)
values (%s, %s, %s, %s, %s, 'running', %s, %s)
"""
LOAD = """
select migration, process, to_version, mapping, reason, status, started_by, started_at
from process_migrations where {where}
"""
STATUS = "update process_migrations set status = %s where migration = %s"
COUNTS = "select status, count(*) from process_migration_cases where migration = %s group by status order by status"
REASONS = """
select c.status, c.why, count(*) from process_migration_cases c
where c.migration = %s and c.why <> '' group by c.status, c.why order by count(*) desc, c.why limit 50
"""
# Those that no batch of this migration has taken yet.
QUEUE = """
insert into process_migration_cases (migration, case_id, from_version, from_stage, status)
select %(migration)s, c.case_id, c.version, c.stage, 'queued' from cases c
where c.process = %(process)s and c.version <> %(to)s and c.status <> 'closed'
  and not exists (
    select from process_migration_cases m where m.migration = %(migration)s and m.case_id = c.case_id)
order by c.case_id limit %(limit)s
returning case_id
"""
UNDO = """
update process_migration_cases m set status = 'undoing' where (m.migration, m.case_id) in (
  select migration, case_id from process_migration_cases
  where migration = %(migration)s and status = 'moved' order by case_id limit %(limit)s)
returning case_id, from_version, from_stage, moved_at
"""
CASES = "select case_id, key, subject, stage from cases where case_id = any(%s) order by case_id"


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
