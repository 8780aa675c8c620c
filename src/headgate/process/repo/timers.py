"""SQL of timers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.process.core.state import TimersCleared, TimerSet
from headgate.process.repo.columns import columns

SET_TIMERS = """
insert into timers (timer, case_id, process, key, name, fire_at, created_at)
select timer, case_id, process, key, name, fire_at, %s
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
  as t(timer, case_id, process, key, name, fire_at)
on conflict (tenant_id, case_id, name) do update set timer = excluded.timer, fire_at = excluded.fire_at
"""

CLEAR_TIMERS = """
delete from timers t using unnest(%s::uuid[], %s::text[]) as c(case_id, prefix)
where t.case_id = c.case_id and t.name like c.prefix || '%%'
"""

TAKE_DUE_TIMERS = """
delete from timers where (tenant_id, timer) in (
  select tenant_id, timer from timers where fire_at <= %s order by fire_at limit %s for update skip locked)
returning timer, case_id, process, key, name, fire_at
"""

RINGING = "select case_id, fire_at from timers where case_id = any(%s) and name = %s"


def clear_timers(conn: Connection[Any], cleared: Sequence[TimersCleared]) -> None:
    """Drop timers by case and name prefix."""
    if cleared:
        conn.execute(CLEAR_TIMERS, columns([(c.case_id, c.prefix) for c in cleared], 2))


def set_timers(conn: Connection[Any], now: datetime, timers: Sequence[tuple[UUID, str, TimerSet]]) -> None:
    """Set timers given as (id, process, timer)."""
    if timers:
        rows = [(i, t.case_id, process, t.key, t.name, t.fire_at) for i, process, t in timers]
        conn.execute(SET_TIMERS, (now, *columns(rows, 6)))


def take_due_timers(conn: Connection[Any], now: datetime, limit: int) -> list[Mapping[str, Any]]:
    """Remove and return timers that are due, oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(TAKE_DUE_TIMERS, (now, limit)).fetchall()
    return sorted(rows, key=lambda r: (r["fire_at"], r["timer"]))


def ringing(conn: Connection[Any], cases: Collection[UUID], name: str) -> dict[UUID, datetime]:
    """When the timer of this name comes, by case; cases that have none are left out. For the tenant's own transactions:
    timers are no partner's."""
    return dict(conn.execute(RINGING, (sorted(cases), name)).fetchall()) if cases else {}
