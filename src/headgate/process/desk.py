"""What people have to do, as the console shows it: their tasks, open cases by urgency, and how much of each there is.

Lists are paged by the sort key of the last row, so what arrives meanwhile is neither skipped nor repeated. Amounts are
in the tenant's currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.process.core.approval import Voter

Scope = Literal["mine", "team", "unassigned", "snoozed"]
SCOPES: tuple[Scope, ...] = ("mine", "team", "unassigned", "snoozed")
CaseView = Literal["open", "at_risk", "closed"]
# The part of a task's time after which it is at risk.
AT_RISK = Decimal("0.75")

# One row per open task with who it is for. Of several open tasks of one approval the reader can decide one, so only the
# first of them (`place` 1) is theirs to do. An approval is for whoever may decide it: holder of its role, or deputy of
# one within the delegated amount, who neither asked for it nor has decided a step of it.
_TASKS = """
select t.task, t.case_id, t.kind, t.title, t.role, t.also_role, t.assignee, t.due_at, t.stake, t.currency, t.partner,
       t.created_at, t.snoozed_until, t.priority, coalesce(t.due_at, 'infinity') as due, coalesce(t.stake, 0) as weight,
       t.due_at is not null and %(now)s >= t.due_at as late,
       t.due_at is not null and %(now)s < t.due_at
           and %(now)s >= t.created_at + (t.due_at - t.created_at) * %(at_risk)s::float8 as near,
       t.role = any(%(roles)s) or t.also_role = any(%(roles)s) as ours,
       a.approval,
       a.approval is not null and a.requested_by <> %(me)s and not %(me)s = any(a.barred) and v.mine is not true and (
           t.role = any(%(roles)s) or t.also_role = any(%(roles)s)
           or exists (
               select from unnest(%(for_whom)s::text[], %(for_role)s::text[], %(for_most)s::numeric[])
                   as d(who, role, most)
               where d.role in (t.role, t.also_role) and (d.most is null or coalesce(t.stake, 0) <= d.most)
                   and d.who <> a.requested_by and not d.who = any(a.barred) and not d.who = any(v.voted)
           )
       ) as decidable
from {tasks}
left join lateral (
    select bool_or(%(me)s in (x.principal, x.on_behalf_of)) as mine,
           coalesce(array_agg(x.principal) || array_agg(x.on_behalf_of), array[]::text[]) as voted
    from approval_votes x where x.approval = a.approval
) v on true
where {which}
"""
# A few tasks, each with its approval looked up.
_FEW = """tasks t
left join approvals a on a.case_id = t.case_id and a.branch = t.branch and a.status = 'pending' and t.kind = 'approval'
"""
# All that are awake. Before the database has counted a table into which much was put, it takes one row for likely and
# would go through all approvals for each task: a full join leaves it no way but to hash either side once or to sort
# them, and the condition that takes its surplus away again is one that it does not see through.
_ALL = """(
    select *, case kind when 'approval' then branch end as asked from tasks t where t.status = 'open' and {awake}
) t
full join (select * from approvals a where a.status = 'pending') a on a.case_id = t.case_id and a.branch = t.asked
"""
_OF_TASKS = "coalesce(t.status, '') <> ''"
_AWAKE = "(t.snoozed_until is null or t.snoozed_until <= %(now)s)"
_ASLEEP = "t.snoozed_until > %(now)s and t.assignee = %(me)s"
_RANKED = f"""
select r.*, row_number() over (
    partition by r.approval, r.decidable, coalesce(r.assignee, %(me)s) = %(me)s
    order by r.assignee is null, r.due, r.task
) as place
from ({_TASKS}) r
"""
_PLACED = _RANKED.format(tasks=_ALL.format(awake=_AWAKE), which=_OF_TASKS)
_SLEEPING = _RANKED.format(tasks=_FEW, which=f"t.status = 'open' and {_ASLEEP}")
_FRESH = _RANKED.format(tasks=_FEW, which=f"t.status = 'open' and {_AWAKE} and t.created_at >= %(since)s")
_CHOSEN = _RANKED.format(tasks=_FEW, which="t.status = 'open' and t.task = any(%(tasks)s)")
_SCOPED: Mapping[str, str] = {
    "mine": "q.assignee = %(me)s or (q.assignee is null and q.decidable and q.place = 1)",
    "team": "q.ours",
    "unassigned": "q.assignee is null and q.ours",
    "snoozed": "true",
}
# 'infinity' has no datetime in Python: what has no due time sorts last, and its key travels as text. The page is chosen
# first, so that cases, approvals and levels are looked up for the rows shown and not for the whole queue.
_PAGE = """
select q.task, q.case_id, q.kind, q.title, q.role, q.also_role, q.assignee, q.due_at, q.stake, q.currency, q.partner,
       q.created_at, q.snoozed_until, q.priority, q.due::text as due, q.weight, q.ours, q.decidable, q.approval,
       c.process, c.subject_type, c.subject, c.exceptions, a.summary, a.requested_by, a.expires_at, a.paused_at,
       s.level, s.levels
from (
    select q.* from ({tasks}) q
    where ({scope}) and ({kind}) and (
        %(after_task)s::uuid is null
        or (-q.priority, q.due, -q.weight, q.task) > (
            -%(after_priority)s::smallint, %(after_due)s::timestamptz, %(after_weight)s::numeric, %(after_task)s::uuid
        )
    )
    order by {order} limit %(limit)s
) q
join cases c on c.case_id = q.case_id
left join approvals a on a.approval = q.approval
left join lateral (
    select min(x.level) filter (where x.status = 'open') as level, count(distinct x.level) as levels
    from approval_steps x where x.approval = q.approval
) s on true
order by {order}
"""
_URGENT, _NEWEST = "q.priority desc, q.due, q.weight desc, q.task", "q.created_at desc, q.task desc"
_AFTER = ("after_priority", "after_due", "after_weight", "after_task")
_AWAKE_SCOPES = {name: where for name, where in _SCOPED.items() if name != "snoozed"}
_SUMMED: Mapping[str, str] = {**_AWAKE_SCOPES, "decisions": f"({_SCOPED['mine']}) and q.approval is not null"}
_SUM = """count(*) filter (where {where}) as {name}_count,
    count(*) filter (where ({where}) and q.late) as {name}_late,
    count(*) filter (where ({where}) and q.near) as {name}_near,
    coalesce(sum(q.weight) filter (where {where}), 0) as {name}_stake"""
_SUMS = f"""
select {", ".join(_SUM.format(name=name, where=where) for name, where in _SUMMED.items())},
       max(z.count) as snoozed_count, 0 as snoozed_late, 0 as snoozed_near, max(z.stake) as snoozed_stake
from (select count(*) as count, coalesce(sum(t.stake), 0) as stake from tasks t where t.status = 'open' and {_ASLEEP}) z
left join ({_PLACED}) q on true
"""

_CASES = """
select c.case_id, c.process, c.version, c.subject_type, c.subject, c.partner, c.stage, c.status, c.outcome,
       c.exceptions, c.owner_role, c.stake, c.currency, c.opened_at, c.closed_at, c.due_at, c.sla_state,
       a.summary, k.assignee
from (select * from cases c where {filters} order by {order} limit %(limit)s) c
left join lateral (
    select x.summary from approvals x where x.case_id = c.case_id
    order by x.requested_at desc, x.status = 'voided', x.approval desc limit 1
) a on true
left join lateral (
    select x.assignee from tasks x where x.case_id = c.case_id and x.status = 'open' and x.assignee is not null
    order by x.assignee limit 1
) k on true
order by {order}
"""
_CASE_SUMS = "select count(*) as cases, coalesce(sum(c.stake), 0) as stake from cases c where {filters}"
# What is paused waits for somebody outside, so it is not late however long it takes.
_RISK = "(c.sla_state in ('warned', 'breached') or (c.due_at <= %(now)s and c.sla_state <> 'paused'))"
_CASE_COUNTS = f"""
select count(*) as open, count(*) filter (where {_RISK}) as at_risk from cases c where c.due_at is not null
"""
_CASES_OF = "select partner, count(*) from cases where due_at is not null and partner = any(%s) group by partner"
_LATE = f"c.due_at is not null and {_RISK}"
# A clock runs exactly while a case is off its straight path and waits for somebody; it leaves its last state behind.
_CASE_FILTERS: Mapping[CaseView, str] = {
    "open": "c.due_at is not null",
    "at_risk": _LATE,
    "closed": "c.status = 'closed' and c.sla_state <> ''",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose desk it is: a person with roles and the delegations to them."""

    principal: str
    roles: frozenset[str]
    voter: Voter

    def _params(self, now: datetime) -> dict[str, Any]:
        given = [(d.delegator, role, d.max_amount) for d in self.voter.delegated for role in sorted(d.roles)]
        return {
            "now": now,
            "at_risk": AT_RISK,
            "me": self.principal,
            "roles": sorted(self.roles),
            "for_whom": [who for who, _, _ in given],
            "for_role": [role for _, role, _ in given],
            "for_most": [most for _, _, most in given],
        }


@dataclass(frozen=True, slots=True)
class DeskSums:
    """How many tasks a list holds, how many of them are late or at risk, and the money at stake."""

    count: int
    late: int
    near: int
    stake: Decimal


def clock_state(now: datetime, started: datetime, due: datetime) -> str:
    """running, warned (less than a quarter of the time is left) or breached."""
    if now >= due:
        return "breached"
    return "warned" if now >= started + (due - started) * float(AT_RISK) else "running"


def reader_of(principal: str, roles: frozenset[str], voter: Voter | None) -> Reader:
    """The desk of somebody; who is no voter (a service account) has no delegations."""
    return Reader(principal, roles, voter or Voter(principal, roles))


def desk_tasks(
    conn: Connection[Any],
    now: datetime,
    reader: Reader,
    scope: Scope,
    *,
    only_approvals: bool = False,
    after: tuple[int, str, Decimal, UUID] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Open tasks: what was escalated furthest first, then by due time, then by most money; `after` is (`priority`,
    `due` as text, `weight`, task) of the last one seen.

    `mine` are those assigned to the reader and, while nobody took them, approvals that the reader may decide; `snoozed`
    those that the reader put off.
    """
    priority, due, weight, task = after or (0, "infinity", Decimal(0), None)
    params = reader._params(now) | {"after_priority": priority, "after_due": due, "after_weight": -weight}
    params |= {"after_task": task, "limit": limit}
    kind = "q.approval is not null" if only_approvals else "true"
    tasks = _SLEEPING if scope == "snoozed" else _PLACED
    return _rows(conn, _PAGE.format(tasks=tasks, scope=_SCOPED[scope], kind=kind, order=_URGENT), params)


def desk_arrivals(
    conn: Connection[Any], now: datetime, reader: Reader, since: datetime, limit: int
) -> list[dict[str, Any]]:
    """Approvals for the reader that came since then, the newest first: somebody waits at the other end."""
    params = reader._params(now) | dict.fromkeys(_AFTER) | {"since": since, "limit": limit}
    kind = "q.approval is not null"
    return _rows(conn, _PAGE.format(tasks=_FRESH, scope=_SCOPED["mine"], kind=kind, order=_NEWEST), params)


def tasks_of(conn: Connection[Any], now: datetime, reader: Reader, tasks: Sequence[UUID]) -> list[dict[str, Any]]:
    """Those of these tasks that are open, as `desk_tasks` gives them and in its order."""
    params = reader._params(now) | dict.fromkeys(_AFTER)
    params |= {"tasks": list(tasks), "limit": len(tasks)}
    return _rows(conn, _PAGE.format(tasks=_CHOSEN, scope="true", kind="true", order=_URGENT), params)


def desk_sums(conn: Connection[Any], now: datetime, reader: Reader) -> dict[str, DeskSums]:
    """The sums of every scope, and under `decisions` those of the approvals among `mine`; one query."""
    row = _rows(conn, _SUMS, reader._params(now))[0]
    return {
        name: DeskSums(row[f"{name}_count"], row[f"{name}_late"], row[f"{name}_near"], row[f"{name}_stake"])
        for name in (*_SUMMED, "snoozed")
    }


def desk_cases(
    conn: Connection[Any],
    now: datetime,
    view: CaseView,
    *,
    text: str = "",
    partners: Sequence[str] = (),
    partner: str = "",
    place: tuple[str, str] = ("", ""),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Cases off the straight path by due time, or closed ones that had left it, last closed first.

    `text` is sought in the subject; cases of `partners` match it too. `place` is a process and a stage of it.
    `after` is (due or closed at, case) of the last
    one seen.
    """
    key, down = ("closed_at", True) if view == "closed" else ("due_at", False)
    filters, params = _case_filters(now, view, text, partners, partner, place)
    if after is not None:
        filters += f" and (c.{key}, c.case_id) {'<' if down else '>'} (%(after_at)s, %(after_id)s)"
        params |= {"after_at": after[0], "after_id": after[1]}
    order = f"c.{key}{' desc' if down else ''}, c.case_id{' desc' if down else ''}"
    return _rows(conn, _CASES.format(filters=filters, order=order), params | {"limit": limit})


def desk_case_sums(
    conn: Connection[Any],
    now: datetime,
    view: CaseView,
    *,
    text: str = "",
    partners: Sequence[str] = (),
    partner: str = "",
    place: tuple[str, str] = ("", ""),
) -> tuple[int, Decimal]:
    """How many cases match, and the money at stake in them."""
    filters, params = _case_filters(now, view, text, partners, partner, place)
    row = _rows(conn, _CASE_SUMS.format(filters=filters), params)[0]
    return row["cases"], row["stake"]


def desk_case_counts(conn: Connection[Any], now: datetime) -> tuple[int, int]:
    """How many cases wait for somebody, and how many of them are at risk or overdue."""
    row = _rows(conn, _CASE_COUNTS, {"now": now})[0]
    return row["open"], row["at_risk"]


def open_cases_of(conn: Connection[Any], partners: Sequence[str]) -> dict[str, int]:
    """How many cases of each partner wait for somebody."""
    return dict(conn.execute(_CASES_OF, (list(partners),)).fetchall())


def deadline_state(row: Mapping[str, Any], now: datetime) -> str:
    """The clock of a case row: its service-level state, breached as soon as its time is over unless it is paused."""
    if row["due_at"] is None or row["sla_state"] == "paused":
        return str(row["sla_state"])
    return "breached" if now >= row["due_at"] else str(row["sla_state"] or "running")


def _case_filters(
    now: datetime, view: CaseView, text: str, partners: Sequence[str], partner: str, place: tuple[str, str]
) -> tuple[str, dict[str, Any]]:
    filters = _CASE_FILTERS[view]
    if text:
        filters += " and (strpos(lower(c.subject), lower(%(text)s)) > 0 or c.partner = any(%(partners)s))"
    if partner:
        filters += " and c.partner = %(partner)s"
    for column, value in zip(("process", "stage"), place, strict=True):
        if value:
            filters += f" and c.{column} = %({column})s"
    params = {"process": place[0], "stage": place[1]}
    return filters, params | {"now": now, "text": text, "partners": list(partners), "partner": partner}


def _rows(conn: Connection[Any], sql: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, params).fetchall()


__all__ = [
    "SCOPES",
    "CaseView",
    "DeskSums",
    "Reader",
    "Scope",
    "clock_state",
    "deadline_state",
    "desk_arrivals",
    "desk_case_counts",
    "desk_case_sums",
    "desk_cases",
    "desk_sums",
    "desk_tasks",
    "open_cases_of",
    "reader_of",
    "tasks_of",
]
