"""The work queue and the list of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.channel.orders import ranking
from headgate.console import urls
from headgate.console.pages.handling import undo_of
from headgate.console.pages.held import news_for
from headgate.console.pages.loading import definition_titles, names_of
from headgate.console.present import work as present
from headgate.console.views.case import CasesView
from headgate.console.views.work import WorkView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.errors import HeadgateError, invalid
from headgate.kernel.money import parse_decimal
from headgate.process import desk
from headgate.process.being_decided import Being, underway
from headgate.process.handling import MOST_AT_ONCE
from headgate.process.messages import count_waiting_for_staff

PAGE = 50


def show(visit: Visit) -> Answer:
    """The queue: mine, my team's, or what nobody has taken."""
    scope = cast(desk.Scope, visit.choice("scope", present.SCOPES.keys()) or "mine")
    chosen = visit.text("all") == "1" and visit.part not in WorkView.parts
    page = MOST_AT_ONCE if chosen else PAGE
    after = None if chosen else _task_after(visit)
    rows = desk.desk_tasks(visit.conn, visit.now, visit.reader, scope, after=after, limit=page + 1)
    kept, last = rows[:page], rows[page - 1] if len(rows) > page else None
    names = names_of(
        visit,
        people=[r["assignee"] for r in kept if r["assignee"]],
        partners=[r["partner"] for r in kept if r["partner"]],
    )
    sums = visit.sums[scope]
    cursor = _place(last) if last else ""
    tasks = present.task_rows(kept, names, visit.lens, _being(visit, kept))
    return WorkView(
        scope=scope,
        tabs=present.scope_tabs(scope, visit.sums),
        tasks=tasks,
        matching=sums.count,
        overdue=sums.late,
        at_risk=sums.near,
        stake=visit.lens.money(sums.stake),
        more=visit.further(urls.WORK, cursor),
        undo=undo_of(visit),
        chosen=sum(1 for task in tasks if not task.being) if chosen else 0,
        choose_all=urls.work_all(scope) if not chosen and sums.count > 1 else "",
        at_once=min(sums.count, MOST_AT_ONCE),
        messages=count_waiting_for_staff(visit.conn) if scope == "mine" else 0,
        news=news_for(visit),
    )


def _being(visit: Visit, rows: Sequence[Mapping[str, Any]]) -> Mapping[UUID, Being]:
    approvals = [row["approval"] for row in rows if row["approval"] is not None]
    return underway(visit.conn, visit.me.id, approvals)


def show_cases(visit: Visit) -> Answer:
    """Cases off the straight path, or closed ones."""
    view: desk.CaseView = "open"
    if visit.text("status") == "closed":
        view = "closed"
    elif visit.text("clock") == "at_risk":
        view = "at_risk"
    text, partner = visit.text("q"), visit.text("partner")
    place = (visit.text("process"), visit.text("stage"))
    partners = list(ranking.find_partners(visit.conn, text))
    after = _case_after(visit)
    rows = desk.desk_cases(
        visit.conn,
        visit.now,
        view,
        text=text,
        partners=partners,
        partner=partner,
        place=place,
        after=after,
        limit=PAGE + 1,
    )
    kept = rows[:PAGE]
    names = names_of(
        visit,
        people=[r["assignee"] for r in kept if r["assignee"]],
        partners=[r["partner"] for r in kept if r["partner"]],
    )
    matching, stake = desk.desk_case_sums(
        visit.conn, visit.now, view, text=text, partners=partners, partner=partner, place=place
    )
    cursor = ""
    if len(rows) > PAGE:
        at = kept[-1]["closed_at"] if view == "closed" else kept[-1]["due_at"]
        cursor = encode_cursor(at.isoformat(), str(kept[-1]["case_id"]))
    titles = definition_titles(visit, {(r["process"], r["version"]) for r in kept})
    return CasesView(
        tabs=present.case_tabs(view, visit.case_counts),
        text=text,
        cases=present.case_rows(kept, names, titles, visit.lens),
        matching=matching,
        stake=visit.lens.money(stake),
        more=visit.further(urls.CASES, cursor),
    )


def _place(task: Mapping[str, Any]) -> str:
    return encode_cursor(str(task["priority"]), task["due"], f"{task['weight']:f}", str(task["task"]))


def _task_after(visit: Visit) -> tuple[int, str, Decimal, UUID] | None:
    priority, due, weight, task = decode_cursor(visit.cursor(), 4)
    if not task:
        return None
    try:
        if due != "infinity":
            due = datetime.fromisoformat(due).isoformat()
        return max(0, min(int(priority), 99)), due, parse_decimal("after", weight), UUID(task)
    except (ValueError, HeadgateError):
        raise _foreign(visit) from None


def _case_after(visit: Visit) -> tuple[datetime, UUID] | None:
    at, case = decode_cursor(visit.cursor(), 2)
    if not case:
        return None
    try:
        return datetime.fromisoformat(at), UUID(case)
    except ValueError:
        raise _foreign(visit) from None


def _foreign(visit: Visit) -> HeadgateError:
    return invalid("after", visit.cursor(), "is not a place in this list", "Start again without it.")


DOORS = (
    Door("GET", urls.WORK, ("cases.read",), show),
    Door("GET", urls.CASES, ("cases.read",), show_cases),
)
