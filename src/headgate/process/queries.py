"""What people look at: the work queue, cases, approvals. Every list is paged by a cursor and bounded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase

LIMIT = 200  # of a page; callers ask for one more to see whether there is another
# How far a task was escalated, when it is due, what is at stake, and its id: the order of the work queue.
Place = tuple[int, datetime | None, Decimal | None, UUID]

_QUEUE = """
select t.task, t.case_id, t.kind, t.title, t.role, t.also_role, t.level, t.assignee, t.due_at, t.stake, t.currency,
       t.partner, t.created_at, t.priority, c.process, c.stage, c.subject_type, c.subject, c.exceptions, c.sla_state,
       a.approval, a.requested_by, a.expires_at
from tasks t
join cases c on c.tenant_id = t.tenant_id and c.case_id = t.case_id
left join approvals a on a.tenant_id = t.tenant_id and a.case_id = t.case_id and a.branch = t.branch
  and a.status = 'pending'
where t.status = 'open' and (t.snoozed_until is null or t.snoozed_until <= %(now)s) {filters}
order by t.priority desc, t.due_at nulls last, t.stake desc nulls last, t.task
limit %(limit)s
"""
_PARTNERS = "select case_id, partner from cases where case_id = any(%s) and partner is not null"
# The same order as one comparison: what has no due time or nothing at stake comes last.
_BEHIND = """and (-t.priority, coalesce(t.due_at, 'infinity'), coalesce(-t.stake, 'infinity'), t.task)
    > (-%(priority)s::smallint,
       coalesce(%(due)s::timestamptz, 'infinity'), coalesce(-%(stake)s::numeric, 'infinity'), %(task)s::uuid)"""
_QUEUE_COUNTS = """
select count(*) filter (where role = any(%(roles)s) or also_role = any(%(roles)s)) as team,
       count(*) filter (where assignee = %(me)s) as mine,
       count(*) filter (where assignee is null) as unassigned,
       count(*) filter (where due_at < %(now)s) as overdue,
       coalesce(sum(stake) filter (where role = any(%(roles)s) or also_role = any(%(roles)s)), 0) as stake,
       count(*) as total
from tasks where status = 'open' and (snoozed_until is null or snoozed_until <= %(now)s)
"""
_CASES = """
select case_id, process, version, subject_type, subject, partner, stage, status, outcome, exceptions, owner_role, stake,
       currency, opened_at, updated_at, closed_at, due_at, warn_at, sla_state
from cases where {filters}
order by {order} limit %(limit)s
"""
_CASE = """
select case_id, process, version, subject_type, subject, key, partner, stage, status, outcome, exceptions, owner_role,
       stake, currency, data, opened_at, updated_at, closed_at, due_at, warn_at, sla_state
from cases where {where}
"""
_TASKS_OF = """
select task, kind, title, role, also_role, level, assignee, status, due_at, created_at, closed_at, priority
from tasks where case_id = %s order by created_at, level, role, title, task
"""
_APPLIED = """
select e.subject, e.data ->> 'case' as case,
       exists (select from quarantine q where q.event_seq = e.seq and q.kind = 'event') as refused
from events e where e.seq = %s
"""
_TIMERS_OF = "select name, fire_at from timers where case_id = %s order by fire_at, name"


def _rows(conn: Connection[Any], sql: str, params: dict[str, Any] | tuple[Any, ...]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, params).fetchall()


def work_queue(
    conn: Connection[Any],
    now: datetime,
    *,
    view: str = "team",
    me: str = "",
    roles: Sequence[str] = (),
    after: Place | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Open tasks: what was escalated furthest first, then by due time, then by most money.

    `view`: mine | team | unassigned | all.

    `after` is the `place_of` the last one seen.
    """
    filters = {
        "mine": "and t.assignee = %(me)s",
        "team": "and (t.role = any(%(roles)s) or t.also_role = any(%(roles)s))",
        "unassigned": "and t.assignee is null and (t.role = any(%(roles)s) or t.also_role = any(%(roles)s))",
        "all": "",
    }[view]
    params: dict[str, Any] = {"now": now, "me": me, "roles": list(roles), "limit": min(limit, LIMIT + 1)}
    if after is not None:
        filters += _BEHIND
        params |= dict(zip(("priority", "due", "stake", "task"), after, strict=True))
    return _rows(conn, _QUEUE.format(filters=filters), params)


def place_of(task: Mapping[str, Any]) -> Place:
    """Where a task of the work queue stands in its order."""
    return task["priority"], task["due_at"], task["stake"], task["task"]


def every_task(conn: Connection[Any], now: datetime) -> Iterator[dict[str, Any]]:
    """Every open task in the order of the work queue, page by page: however many wait, none is passed over."""
    after: Place | None = None
    while page := work_queue(conn, now, view="all", after=after, limit=LIMIT):
        yield from page
        after = place_of(page[-1])


def queue_counts(conn: Connection[Any], now: datetime, me: str, roles: Sequence[str]) -> dict[str, Any]:
    """How much waits: for my roles, for me, for nobody, overdue, and the money at stake for my roles."""
    return _rows(conn, _QUEUE_COUNTS, {"now": now, "me": me, "roles": list(roles)})[0]


def case_list(
    conn: Connection[Any],
    *,
    status: str = "",
    process: str = "",
    exception: str = "",
    partner: str = "",
    stage: str = "",
    excepted: bool | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Cases, newest first; `before` is (opened_at, case_id) of the last one seen.

    `excepted` keeps those off the straight path.
    """
    wanted = {
        "status = %(status)s": bool(status),
        "process = %(process)s": bool(process),
        "stage = %(stage)s": bool(stage),
        "partner = %(partner)s": bool(partner),
        "%(exception)s = any(exceptions)": bool(exception),
        "exceptions <> '{}'": excepted is True,
        "exceptions = '{}'": excepted is False,
        "(opened_at, case_id) < (%(at)s, %(id)s)": before is not None,
    }
    filters = " and ".join(sql for sql, on in wanted.items() if on) or "true"
    params = {
        "status": status,
        "process": process,
        "stage": stage,
        "partner": partner,
        "exception": exception,
        "at": before[0] if before else None,
        "id": before[1] if before else None,
        "limit": min(limit, LIMIT + 1),
    }
    return _rows(conn, _CASES.format(filters=filters, order="opened_at desc, case_id desc"), params)


def case_detail(conn: Connection[Any], case_id: UUID) -> dict[str, Any]:
    """A case with its tasks and running clocks. Raises NotFound."""
    found = _rows(conn, _CASE.format(where="case_id = %s"), (case_id,))
    if not found:
        raise NotFound(phrase("case %(case_id)s does not exist", case_id=case_id))
    return found[0] | {"tasks": _rows(conn, _TASKS_OF, (case_id,)), "timers": _rows(conn, _TIMERS_OF, (case_id,))}


def applied(conn: Connection[Any], seq: int) -> dict[str, Any]:
    """The subject and case of one of Headgate's own events, and whether it was refused. Raises NotFound."""
    found = _rows(conn, _APPLIED, (seq,))
    if not found:
        raise NotFound(phrase("event %(seq)s does not exist", seq=seq))
    return found[0]


def case_of_subject(conn: Connection[Any], subject_type: str, subject: str) -> dict[str, Any] | None:
    """The case about a subject, None when there is none."""
    found = _rows(
        conn,
        _CASE.format(where="subject_type = %s and subject = %s order by opened_at desc, case_id desc limit 1"),
        (subject_type, subject),
    )
    return found[0] if found else None


def partners_of_cases(conn: Connection[Any], cases: Collection[UUID]) -> dict[UUID, str]:
    """Whose cases these are, by case; those of no partner are left out."""
    if not cases:
        return {}
    return dict(conn.execute(_PARTNERS, (sorted(cases),)).fetchall())
