"""SQL of the queue of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.process.core.gather import TaskRow
from headgate.process.core.state import TaskEscalated, TasksClosed, TasksDue, TasksReassigned
from headgate.process.repo.columns import columns

OPEN_TASKS = """
insert into tasks (task, case_id, kind, title, role, also_role, level, status, due_at, stake, currency, partner,
                   branch, priority, created_at, closed_at)
select task, case_id, kind, title, role, also_role, level, status, due_at, stake, currency, partner, branch, priority,
       %s, case when status <> 'open' then %s::timestamptz end
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::text[],
            %s::timestamptz[], %s::numeric[], %s::text[], %s::text[], %s::text[], %s::smallint[])
  as t(task, case_id, kind, title, role, also_role, level, status, due_at, stake, currency, partner, branch, priority)
on conflict (tenant_id, task) do nothing
"""

# Of several closings that cover a task the first counts, as it does for tasks that are opened in the same batch. Joined
# directly, it would hang on the server's plan which.
CLOSE_TASKS = """
update tasks t set status = c.status, closed_at = %s
from (
  select distinct on (o.task) o.task, c.status
  from unnest(%s::uuid[], %s::text[], %s::smallint[], %s::text[], %s::text[], %s::uuid[])
    with ordinality as c(case_id, status, level, role, branch, task, place)
  join tasks o on o.case_id = c.case_id and o.status = 'open' and (c.level is null or o.level = c.level)
    and (c.role is null or o.role = c.role) and (c.branch is null or o.branch = c.branch)
    and (c.task is null or o.task = c.task)
  order by o.task, c.place
) c
where t.task = c.task
"""

ESCALATE_TASKS = """
update tasks t set also_role = e.also, priority = greatest(t.priority, 1)
from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::text[]) as e(case_id, level, role, also, branch)
where t.case_id = e.case_id and t.level = e.level and t.role = e.role and t.branch = e.branch
  and t.status = 'open' and t.kind = 'approval'
"""

REASSIGN_TASKS = """
update tasks t set role = r.role, assignee = null
from unnest(%s::uuid[], %s::text[]) as r(case_id, role)
where t.case_id = r.case_id and t.status = 'open' and t.kind = 'work'
"""

TASKS_DUE = """
update tasks t set due_at = d.due_at
from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[])
  as d(case_id, level, role, branch, due_at)
where t.case_id = d.case_id and t.level = d.level and t.role = d.role and t.branch = d.branch
  and t.status = 'open' and t.kind = 'approval'
"""

RAISE_TASKS = """
update tasks t set priority = greatest(t.priority, r.priority)
from unnest(%s::uuid[], %s::smallint[]) as r(case_id, priority)
where t.case_id = r.case_id and t.status = 'open'
"""


def close_tasks(conn: Connection[Any], now: datetime, closed: Sequence[TasksClosed]) -> None:
    """Take tasks out of the queue."""
    if closed:
        conn.execute(
            CLOSE_TASKS, (now, *columns([(c.case_id, c.status, c.level, c.role, c.branch, c.task) for c in closed], 6))
        )


def open_tasks(conn: Connection[Any], now: datetime, opened: Sequence[TaskRow]) -> None:
    """Put tasks into the queue, with their status: one that was closed within the same batch is kept as history."""
    if opened:
        rows = [
            (
                t.task,
                t.case_id,
                t.kind,
                t.title,
                t.role,
                also,
                t.level,
                status,
                t.due_at,
                t.stake,
                t.currency,
                t.partner,
                t.branch,
                max(t.priority, 1) if also else t.priority,
            )
            for t, status, also in opened
        ]
        conn.execute(OPEN_TASKS, (now, now, *columns(rows, 14)))


def escalate_tasks(conn: Connection[Any], escalated: Sequence[TaskEscalated]) -> None:
    """Show late tasks to a second role; of several of one task the last counts. To be done before the batch's closings
    and openings."""
    if escalated:
        last = {(e.case_id, e.level, e.role, e.branch): e.to for e in escalated}
        rows = [(case, level, role, to, branch) for (case, level, role, branch), to in last.items()]
        conn.execute(ESCALATE_TASKS, columns(rows, 5))


def set_due(conn: Connection[Any], due: Sequence[TasksDue]) -> None:
    """Let open approval tasks be due at other times, or at none. To be done before the batch's closings and openings.

    Each task at most once per call, or it would hang on the server's plan what counts."""
    if due:
        conn.execute(TASKS_DUE, columns([(d.case_id, d.level, d.role, d.branch, d.due_at) for d in due], 5))


def reassign_tasks(conn: Connection[Any], reassigned: Sequence[TasksReassigned]) -> None:
    """Give open work of cases to other roles; of several changes of one case the last counts."""
    if reassigned:
        last = {r.case_id: r.to for r in reassigned}
        conn.execute(REASSIGN_TASKS, (list(last), list(last.values())))


def raise_tasks(conn: Connection[Any], raised: Mapping[UUID, int]) -> None:
    """Let the open tasks of cases have at least these priorities."""
    if raised:
        conn.execute(RAISE_TASKS, (list(raised), list(raised.values())))
