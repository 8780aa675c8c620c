"""SQL of moving cases: pages of those that could be moved, and what became of each."""

from __future__ import annotations

# By id, so that a page that breaks off is gone on with where it ended.
OPEN_CASES = """
select case_id from cases
where process = %(process)s and version <> %(to)s and status <> 'closed'
  and (%(only)s::int is null or version = %(only)s::int)
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
  and (%(only)s::int is null or c.version = %(only)s::int)
  and not exists (
    select from process_migration_cases m where m.migration = %(migration)s and m.case_id = c.case_id)
order by c.case_id limit %(limit)s
returning case_id
"""
# How many no batch has taken yet.
LEFT = """
select count(*) from cases c
where c.process = %(process)s and c.version <> %(to)s and c.status <> 'closed'
  and (%(only)s::int is null or c.version = %(only)s::int)
  and not exists (
    select from process_migration_cases m where m.migration = %(migration)s and m.case_id = c.case_id)
"""
UNDO = """
update process_migration_cases m set status = 'undoing' where (m.migration, m.case_id) in (
  select migration, case_id from process_migration_cases
  where migration = %(migration)s and status = 'moved' order by case_id limit %(limit)s)
returning case_id, from_version, from_stage, moved_at
"""
CASES = "select case_id, key, subject, stage from cases where case_id = any(%s) order by case_id"
