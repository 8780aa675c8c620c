"""Cases that start others: the link is written with the event that starts the child, and read when the child ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.canonical import canonical_text
from headgate.ledger import NewEvent
from headgate.process.core.definition import at_path
from headgate.process.core.state import Case, CaseCancelled, CaseStarted

SOURCE = "headgate/cases"
LINK = """
insert into case_links (link, parent, parent_process, parent_key, step, branch, process, key, subject_type, subject,
                        take, status, started_at)
select l.link, l.parent, c.process, c.key, l.step, l.branch, l.process, l.key, l.subject_type, l.subject, l.take,
       l.status, %s
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::jsonb[], %s::text[])
  as l(link, parent, step, branch, process, key, subject_type, subject, take, status)
join cases c on c.case_id = l.parent
on conflict (tenant_id, link) do nothing
"""
CANCEL = "update case_links set status = 'cancelled', ended_at = %s where link = any(%s) and status = 'started'"
END = """
update case_links l set status = 'ended', outcome = e.outcome, ended_at = %s
from unnest(%s::text[], %s::text[], %s::text[]) as e(process, key, outcome)
where l.process = e.process and l.key = e.key and l.status in ('started', 'detached')
returning l.link, l.parent, l.parent_process, l.parent_key, l.process, l.key, l.subject, l.take, l.outcome
"""
_LINKS = """
select l.link, l.parent, l.step, l.branch, l.process, l.key, l.subject_type, l.subject, l.status, l.outcome,
       l.started_at, l.ended_at, c.case_id, c.stage, c.version, c.due_at, c.sla_state,
       c.status as case_status
from case_links l left join cases c on c.process = l.process and c.key = l.key
where l.parent = %s order by l.started_at, l.step, length(l.subject), l.subject, l.link limit %s
"""
_PARENTS = """
select l.step, l.branch, l.status, l.outcome, l.started_at, p.case_id, p.process, p.version, p.stage, p.subject_type,
       p.subject
from case_links l join cases p on p.case_id = l.parent
where l.process = %s and l.key = %s order by l.started_at, l.link limit %s
"""
SHOWN = 200  # of the children of a case


def start_links(conn: Connection[Any], now: datetime, effects: Sequence[CaseStarted | CaseCancelled]) -> list[NewEvent]:
    """Write the links of sub-cases started and given up; the events that start and end them, in order."""
    started = [e for e in effects if isinstance(e, CaseStarted)]
    if started:
        rows = [
            (
                e.link,
                e.case_id,
                e.step,
                e.branch,
                e.process,
                e.key,
                e.subject_type,
                e.subject,
                canonical_text(dict(e.take)),
                "detached" if e.detached else "started",
            )
            for e in started
        ]
        conn.execute(LINK, (now, *map(list, zip(*rows, strict=True))))
    given_up = [e.link for e in effects if isinstance(e, CaseCancelled)]
    if given_up:
        conn.execute(CANCEL, (now, given_up))
    return [_starting(e, now) if isinstance(e, CaseStarted) else _ending(e, now) for e in effects]


def end_links(conn: Connection[Any], now: datetime, ended: Iterable[Case]) -> list[NewEvent]:
    """What tells the parents of cases that these have ended; each parent once."""
    cases = {(c.process, c.key): c for c in ended}
    columns = ([p for p, _ in cases], [k for _, k in cases], [c.outcome for c in cases.values()])
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(END, (now, *columns)).fetchall()
    rows.sort(key=lambda row: row["link"])
    return [_ended(row, cases[row["process"], row["key"]], now) for row in rows]


def children_of(conn: Connection[Any], case_id: UUID) -> list[dict[str, Any]]:
    """The cases that a case started, as they are now; `case_id` is empty for one that has not begun yet."""
    return _rows(conn, _LINKS, (case_id, SHOWN))


def parents_of(conn: Connection[Any], process: str, key: str) -> list[dict[str, Any]]:
    """The cases that started a case; seldom more than one."""
    return _rows(conn, _PARENTS, (process, key, SHOWN))


def _rows(conn: Connection[Any], sql: str, params: tuple[object, ...]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, params).fetchall()


def _starting(effect: CaseStarted, now: datetime) -> NewEvent:
    return NewEvent(
        source=SOURCE,
        event_id=f"{effect.link}-start",
        type=effect.type,
        subject=effect.subject,
        key=effect.key,
        time=now,
        data=dict(effect.data),
        actor=effect.actor,
    )


def _ending(effect: CaseCancelled, now: datetime) -> NewEvent:
    return NewEvent(
        source=SOURCE,
        event_id=f"{effect.link}-cancel",
        type="parent.cancelled",
        subject=effect.subject,
        key=effect.key,
        time=now,
        data={"process": effect.process, "link": str(effect.link), "why": effect.why},
        actor="system",
    )


def _ended(row: Mapping[str, Any], case: Case, now: datetime) -> NewEvent:
    return NewEvent(
        source=SOURCE,
        event_id=f"{row['link']}-ended",
        type="subcase.ended",
        subject=row["parent_key"].partition(":")[2],
        key=row["parent_key"],
        time=now,
        data={
            "process": row["parent_process"],
            "case": str(row["parent"]),
            "link": str(row["link"]),
            "child": row["process"],
            "child_case": str(case.case_id),
            "subject": row["subject"],
            "outcome": row["outcome"],
            "brought": {name: at_path(case.data, tuple(path.split("."))) for name, path in row["take"].items()},
        },
        actor="system",
    )
