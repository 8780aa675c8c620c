"""What is underway: open and late cases by process and by stage."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

# Late is what is over its time; what is paused waits for somebody outside.
_LATE = "(sla_state = 'breached' or (due_at <= %(now)s and sla_state <> 'paused'))"
_SUMS = f"""
select process, count(*) as open, count(*) filter (where {_LATE}) as late,
       (percentile_cont(0.5) within group (order by extract(epoch from %(now)s - opened_at)) / 3600)::int as age_hours
from cases where status <> 'closed' group by process
"""
_STAGES = f"""
select stage, count(*), count(*) filter (where {_LATE}) from cases
where status <> 'closed' and process = %(process)s and version = %(version)s group by stage
"""


def process_sums(conn: Connection[Any], now: datetime) -> dict[str, dict[str, Any]]:
    """By process: open cases, late ones, and the median age in hours."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return {row["process"]: row for row in cursor.execute(_SUMS, {"now": now}).fetchall()}


def stage_counts(conn: Connection[Any], now: datetime, process: str, version: int) -> dict[str, tuple[int, int]]:
    """By stage: open and late cases that run on one version."""
    rows = conn.execute(_STAGES, {"now": now, "process": process, "version": version}).fetchall()
    return {stage: (open_, late) for stage, open_, late in rows}
