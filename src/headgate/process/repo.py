"""SQL of the case engine: whole batches in, whole batches out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import NotFound
from headgate.process.core.gather import TaskRow
from headgate.process.core.state import (
    Approval,
    ApprovalStep,
    Case,
    TaskEscalated,
    TasksClosed,
    TasksDue,
    TasksReassigned,
    TimersCleared,
    TimerSet,
    Vote,
)

_CASE_COLUMNS = (
    "case_id, process, version, subject_type, subject, key, stage, status, opened_at, updated_at, partner, outcome, "
    "exceptions, owner_role, stake, currency, data, closed_at, due_at, warn_at, sla_state"
)

# The two lists are for the index: without them the planner joins the pairs with all cases, which it believes to be few
# as long as nobody has counted them.
LOAD_CASES = f"""
select {_CASE_COLUMNS} from cases
where process = any(%(processes)s) and key = any(%(keys)s)
  and (process, key) in (select * from unnest(%(process)s::text[], %(key)s::text[]))
order by case_id for update
"""

SAVE_CASES = """
insert into cases (case_id, process, version, subject_type, subject, key, partner, stage, status, outcome, exceptions,
                   owner_role, stake, currency, data, opened_at, updated_at, closed_at, due_at, warn_at, sla_state)
select case_id, process, version, subject_type, subject, key, partner, stage, status, outcome,
       case when exceptions = '' then '{}'::text[] else string_to_array(exceptions, ',') end,
       owner_role, stake, currency, data::jsonb, opened_at, updated_at, closed_at, due_at, warn_at, sla_state
from unnest(%b::uuid[], %b::text[], %s::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
            %b::text[], %b::text[], %b::text[], %s::numeric[], %b::text[], %b::text[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %b::text[])
  as t(case_id, process, version, subject_type, subject, key, partner, stage, status, outcome, exceptions, owner_role,
       stake, currency, data, opened_at, updated_at, closed_at, due_at, warn_at, sla_state)
on conflict (tenant_id, case_id) do update set
  version = excluded.version, partner = excluded.partner, stage = excluded.stage, status = excluded.status,
  outcome = excluded.outcome, exceptions = excluded.exceptions, owner_role = excluded.owner_role,
  stake = excluded.stake, currency = excluded.currency, data = excluded.data, updated_at = excluded.updated_at,
  closed_at = excluded.closed_at, due_at = excluded.due_at, warn_at = excluded.warn_at, sla_state = excluded.sla_state
"""

GET_CASES = f"select {_CASE_COLUMNS} from cases where case_id = any(%s) order by case_id"

LOAD_APPROVALS = """
select approval, case_id, subject_type, subject, partner, digest, status, requested_by, barred, requested_at,
       expires_at, stake, currency, exceptions, summary, decided_at, decision, branch, paused_at
from approvals where {where}
"""
LOAD_STEPS = """
select approval, level, step, role, quorum, status, due_at, sla_hours, escalate_to, escalated, matrix_row,
       of_people, veto, note, keep_if, remind_hours
from approval_steps where approval = any(%s) order by approval, level, step
"""
LOAD_VOTES = """
select approval, level, step, principal, on_behalf_of, outcome, justification, at, edit, event_seq
from approval_votes where approval = any(%s) order by approval, at, level
"""

SAVE_APPROVALS = """
insert into approvals (approval, case_id, subject_type, subject, partner, digest, status, requested_by, barred,
                       requested_at, expires_at, stake, currency, exceptions, summary, decided_at, decision, branch,
                       paused_at)
select approval, case_id, subject_type, subject, partner, digest, status, requested_by,
       case when barred = '' then '{}'::text[] else string_to_array(barred, ',') end, requested_at, expires_at, stake,
       currency, case when exceptions = '' then '{}'::text[] else string_to_array(exceptions, ',') end, summary,
       decided_at, decision, branch, paused_at
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s::text[], %s::text[], %s::jsonb[],
            %s::timestamptz[], %s::uuid[], %s::text[], %s::timestamptz[])
  as t(approval, case_id, subject_type, subject, partner, digest, status, requested_by, barred, requested_at,
       expires_at, stake, currency, exceptions, summary, decided_at, decision, branch, paused_at)
on conflict (tenant_id, approval) do update set
  status = excluded.status, decided_at = excluded.decided_at, expires_at = excluded.expires_at,
  paused_at = excluded.paused_at
"""
SAVE_STEPS = """
insert into approval_steps (approval, level, step, role, quorum, status, due_at, sla_hours, escalate_to, escalated,
                            matrix_row, of_people, veto, note, keep_if, remind_hours)
select * from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::timestamptz[],
                     %s::numeric[], %s::text[], %s::smallint[], %s::text[], %s::smallint[], %s::smallint[], %s::text[],
                     %s::text[], %s::numeric[])
on conflict (tenant_id, approval, level, step) do update set
  status = excluded.status, due_at = excluded.due_at, escalated = excluded.escalated
"""
SAVE_VOTES = """
insert into approval_votes (approval, level, step, principal, on_behalf_of, outcome, justification, at, edit, event_seq)
select * from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::jsonb[], %s::bigint[])
on conflict (tenant_id, approval, level, principal) do nothing
"""

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


def load_cases(conn: Connection[Any], wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Case]:
    """The cases of (process, key) pairs, locked, with the approvals that wait."""
    pairs = sorted(set(wanted))
    processes, keys = [p for p, _ in pairs], [k for _, k in pairs]
    asked = {"process": processes, "key": keys, "processes": sorted(set(processes)), "keys": sorted(set(keys))}
    rows = conn.execute(LOAD_CASES, asked).fetchall()
    return {(case.process, case.key): case for case in _cases(conn, rows)}


def get_case(conn: Connection[Any], case_id: UUID) -> Case:
    """A case with the approvals that wait, as the engine sees it. Raises NotFound."""
    found = get_cases(conn, [case_id])
    if not found:
        raise NotFound(f"case {case_id} does not exist")
    return found[0]


def get_cases(conn: Connection[Any], cases: Sequence[UUID]) -> list[Case]:
    """Those of these cases that exist, by id, with the approvals that wait. Not locked."""
    return _cases(conn, conn.execute(GET_CASES, (list(cases),)).fetchall())


def _cases(conn: Connection[Any], rows: Sequence[Sequence[Any]]) -> list[Case]:
    waiting = [row[0] for row in rows if row[7] == "waiting"]
    pending, asked = _waiting(conn, waiting) if waiting else ({}, {})
    found = []
    for row in rows:
        values = [*row, pending.get(row[0]), asked.get(row[0], {})]
        values[12] = tuple(values[12])
        found.append(Case(*values))
    return found


def _waiting(
    conn: Connection[Any], cases: Sequence[UUID]
) -> tuple[dict[UUID, Approval], dict[UUID, dict[str, Approval]]]:
    """The pending approvals of cases: those their stage asked for, and those of their branches."""
    own: dict[UUID, Approval] = {}
    branches: dict[UUID, dict[str, Approval]] = {}
    for approval in _approvals(conn, "case_id = any(%s) and status = 'pending'", (list(cases),)):
        if approval.branch:
            branches.setdefault(approval.case_id, {})[approval.branch] = approval
        else:
            own[approval.case_id] = approval
    return own, branches


def pending_approvals(conn: Connection[Any], cases: Sequence[UUID]) -> dict[UUID, Approval]:
    """The pending approval of each case that has one, with steps and votes; of several, the one its stage asked for,
    or the first of its branches."""
    own, branches = _waiting(conn, cases)
    return {case: asked[min(asked)] for case, asked in branches.items()} | own


def get_approval(conn: Connection[Any], approval: UUID) -> Approval | None:
    """One approval in any state."""
    found = _approvals(conn, "approval = %s", (approval,))
    return found[0] if found else None


def get_approvals(conn: Connection[Any], approvals: Sequence[UUID]) -> dict[UUID, Approval]:
    """Those of these approvals that exist, in any state."""
    return {a.approval: a for a in _approvals(conn, "approval = any(%s)", (list(approvals),))}


def approvals_of_case(conn: Connection[Any], case_id: UUID) -> list[Approval]:
    """Every approval a case has asked for, oldest first."""
    return sorted(_approvals(conn, "case_id = %s", (case_id,)), key=lambda a: a.requested_at)


def approvals_of_cases(conn: Connection[Any], cases: Sequence[UUID]) -> dict[UUID, list[Approval]]:
    """Every approval that these cases have asked for, oldest first."""
    found: dict[UUID, list[Approval]] = {}
    for each in sorted(_approvals(conn, "case_id = any(%s)", (list(cases),)), key=lambda a: a.requested_at):
        found.setdefault(each.case_id, []).append(each)
    return found


def _approvals(conn: Connection[Any], where: str, params: tuple[object, ...]) -> list[Approval]:
    with conn.cursor(row_factory=dict_row) as cursor:
        heads = cursor.execute(LOAD_APPROVALS.format(where=where), params).fetchall()
        ids = [head["approval"] for head in heads]
        steps: dict[UUID, list[ApprovalStep]] = {i: [] for i in ids}
        votes: dict[UUID, list[Vote]] = {i: [] for i in ids}
        if ids:
            for row in cursor.execute(LOAD_STEPS, (ids,)).fetchall():
                flags = {"escalated": bool(row["escalated"]), "veto": bool(row["veto"])}
                steps[row.pop("approval")].append(ApprovalStep(**{**row, **flags}))
            for row in cursor.execute(LOAD_VOTES, (ids,)).fetchall():
                votes[row.pop("approval")].append(Vote(**row))
    return [
        Approval(
            **{**head, "exceptions": tuple(head["exceptions"]), "barred": tuple(head["barred"])},
            steps=tuple(steps[head["approval"]]),
            votes=tuple(votes[head["approval"]]),
        )
        for head in heads
    ]


def _columns(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def save_cases(conn: Connection[Any], cases: Sequence[Case]) -> None:
    """Insert or update; each case at most once per call."""
    if not cases:
        return
    rows = [
        (
            c.case_id,
            c.process,
            c.version,
            c.subject_type,
            c.subject,
            c.key,
            c.partner,
            c.stage,
            c.status,
            c.outcome,
            ",".join(c.exceptions),
            c.owner_role,
            c.stake,
            c.currency,
            canonical_text(dict(c.data)),
            c.opened_at,
            c.updated_at,
            c.closed_at,
            c.due_at,
            c.warn_at,
            c.sla_state,
        )
        for c in cases
    ]
    conn.execute(SAVE_CASES, _columns(rows, 21))


def save_approvals(conn: Connection[Any], approvals: Sequence[Approval]) -> None:
    """Insert or update approvals with their steps; add votes that are new."""
    if not approvals:
        return
    heads = [
        (
            a.approval,
            a.case_id,
            a.subject_type,
            a.subject,
            a.partner,
            a.digest,
            a.status,
            a.requested_by,
            ",".join(a.barred),
            a.requested_at,
            a.expires_at,
            a.stake,
            a.currency,
            ",".join(a.exceptions),
            canonical_text(a.summary),
            a.decided_at,
            a.decision,
            a.branch,
            a.paused_at,
        )
        for a in approvals
    ]
    conn.execute(SAVE_APPROVALS, _columns(heads, 19))
    steps = [
        (
            a.approval,
            s.level,
            s.step,
            s.role,
            s.quorum,
            s.status,
            s.due_at,
            s.sla_hours,
            s.escalate_to,
            int(s.escalated),
            s.matrix_row,
            s.of_people,
            int(s.veto),
            s.note,
            s.keep_if,
            s.remind_hours,
        )
        for a in approvals
        for s in a.steps
    ]
    if steps:
        conn.execute(SAVE_STEPS, _columns(steps, 16))
    votes = [
        (
            a.approval,
            v.level,
            v.step,
            v.principal,
            v.on_behalf_of,
            v.outcome,
            v.justification,
            v.at,
            None if v.edit is None else canonical_text(v.edit),
            v.event_seq,
        )
        for a in approvals
        for v in a.votes
    ]
    if votes:
        conn.execute(SAVE_VOTES, _columns(votes, 10))


def close_tasks(conn: Connection[Any], now: datetime, closed: Sequence[TasksClosed]) -> None:
    """Take tasks out of the queue."""
    if closed:
        conn.execute(
            CLOSE_TASKS, (now, *_columns([(c.case_id, c.status, c.level, c.role, c.branch, c.task) for c in closed], 6))
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
        conn.execute(OPEN_TASKS, (now, now, *_columns(rows, 14)))


def escalate_tasks(conn: Connection[Any], escalated: Sequence[TaskEscalated]) -> None:
    """Show late tasks to a second role; of several of one task the last counts. To be done before the batch's closings
    and openings."""
    if escalated:
        last = {(e.case_id, e.level, e.role, e.branch): e.to for e in escalated}
        rows = [(case, level, role, to, branch) for (case, level, role, branch), to in last.items()]
        conn.execute(ESCALATE_TASKS, _columns(rows, 5))


def set_due(conn: Connection[Any], due: Sequence[TasksDue]) -> None:
    """Let open approval tasks be due at other times, or at none. To be done before the batch's closings and openings.

    Each task at most once per call, or it would hang on the server's plan what counts."""
    if due:
        conn.execute(TASKS_DUE, _columns([(d.case_id, d.level, d.role, d.branch, d.due_at) for d in due], 5))


def reassign_tasks(conn: Connection[Any], reassigned: Sequence[TasksReassigned]) -> None:
    """Give open work of cases to other roles; of several changes of one case the last counts."""
    if reassigned:
        last = {r.case_id: r.to for r in reassigned}
        conn.execute(REASSIGN_TASKS, (list(last), list(last.values())))


def raise_tasks(conn: Connection[Any], raised: Mapping[UUID, int]) -> None:
    """Let the open tasks of cases have at least these priorities."""
    if raised:
        conn.execute(RAISE_TASKS, (list(raised), list(raised.values())))


def clear_timers(conn: Connection[Any], cleared: Sequence[TimersCleared]) -> None:
    """Drop timers by case and name prefix."""
    if cleared:
        conn.execute(CLEAR_TIMERS, _columns([(c.case_id, c.prefix) for c in cleared], 2))


def set_timers(conn: Connection[Any], now: datetime, timers: Sequence[tuple[UUID, str, TimerSet]]) -> None:
    """Set timers given as (id, process, timer)."""
    if timers:
        rows = [(i, t.case_id, process, t.key, t.name, t.fire_at) for i, process, t in timers]
        conn.execute(SET_TIMERS, (now, *_columns(rows, 6)))


def take_due_timers(conn: Connection[Any], now: datetime, limit: int) -> list[Mapping[str, Any]]:
    """Remove and return timers that are due, oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(TAKE_DUE_TIMERS, (now, limit)).fetchall()
    return sorted(rows, key=lambda r: (r["fire_at"], r["timer"]))
