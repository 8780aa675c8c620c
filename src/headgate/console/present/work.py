"""The work queue and the list of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from headgate.console import urls
from headgate.console.present.asks import ask_of
from headgate.console.present.clocks import case_clock, task_clock
from headgate.console.present.held import being_of
from headgate.console.present.home import case_title, owner_of
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.case import CaseRow
from headgate.console.views.common import Tab
from headgate.console.views.work import TaskRow
from headgate.kernel.phrases import phrase
from headgate.process.being_decided import Being
from headgate.process.desk import DeskSums
from headgate.ui.recorded import recorded

NOT_BEING: Mapping[UUID, Being] = MappingProxyType({})

SCOPES = {
    "mine": phrase("Mine"),
    "team": phrase("My team's"),
    "unassigned": phrase("Unassigned"),
    "snoozed": phrase("Snoozed"),
}


def task_rows(
    rows: Sequence[Mapping[str, Any]], names: Names, lens: Lens, being: Mapping[UUID, Being] = NOT_BEING
) -> tuple[TaskRow, ...]:
    """Tasks as listed; an approval is done on its page, anything else on the page of its case. `being` are those that
    somebody is deciding at this moment."""
    return tuple(_task(row, names, lens, being.get(row["approval"])) for row in rows)


def _task(row: Mapping[str, Any], names: Names, lens: Lens, being: Being | None) -> TaskRow:
    about = row["approval"] is not None
    title = (
        ask_of(row["subject_type"], row["exceptions"], row["summary"] or {}, lens.fmt).short
        if about
        else recorded(row["title"])
    )
    return TaskRow(
        task=row["task"],
        kind=row["kind"],
        title=title,
        href=urls.approval(row["approval"]) if about else urls.case(row["case_id"]),
        subject=row["subject"],
        partner=names.partner(row["partner"]),
        exceptions=tuple(row["exceptions"]),
        stake=None if row["stake"] is None else lens.money(row["stake"]),
        clock=task_clock(row, lens.now),
        role=row["role"],
        assignee=names.person(row["assignee"]) if row["assignee"] else None,
        opened_at=row["created_at"],
        can_take=being is None
        and row["assignee"] is None
        and bool(row["ours"])
        and (not about or bool(row["decidable"])),
        can_give_back=being is None and row["assignee"] == lens.me.id,
        can_hand_over=being is None and (bool(row["ours"]) or row["assignee"] == lens.me.id),
        can_snooze=being is None and _can_sleep(row, lens),
        asleep_until=row["snoozed_until"] if row["snoozed_until"] and row["snoozed_until"] > lens.now else None,
        priority=row["priority"],
        being=being_of(being),
    )


def _can_sleep(row: Mapping[str, Any], lens: Lens) -> bool:
    """Whether there is time left, and it is the reader's or nobody's."""
    taken = row["assignee"] not in (None, lens.me.id)
    mine = row["assignee"] == lens.me.id or bool(row["ours"] and (row["approval"] is None or row["decidable"]))
    return mine and not taken and (row["due_at"] is None or row["due_at"] > lens.now)


def scope_tabs(scope: str, sums: Mapping[str, DeskSums]) -> tuple[Tab, ...]:
    """Whose work is shown."""
    return tuple(
        Tab(
            label,
            urls.WORK if name == "mine" else urls.query(urls.WORK, [("scope", name)]),
            sums[name].count,
            name == scope,
        )
        for name, label in SCOPES.items()
    )


def case_rows(
    rows: Sequence[Mapping[str, Any]],
    names: Names,
    titles: Mapping[tuple[str, int], tuple[str, Mapping[str, str]]],
    lens: Lens,
) -> tuple[CaseRow, ...]:
    """Cases as listed. `titles` gives the title of each process version and of its stages."""
    found = []
    for row in rows:
        process, stages = titles.get((row["process"], row["version"]), (row["process"], {}))
        found.append(
            CaseRow(
                case_id=row["case_id"],
                title=case_title(lens, row),
                process=process,
                stage=stages.get(row["stage"], row["stage"]),
                status=row["status"],
                partner=names.partner(row["partner"]),
                exceptions=tuple(row["exceptions"]),
                owner=owner_of(lens, names, row),
                stake=None if row["stake"] is None else lens.money(row["stake"]),
                clock=case_clock(row, lens.now),
                opened_at=row["opened_at"],
            )
        )
    return tuple(found)


def case_tabs(view: str, counts: tuple[int, int]) -> tuple[Tab, ...]:
    """Which cases are shown."""
    return (
        Tab(phrase("Open"), urls.CASES, counts[0], view == "open"),
        Tab(phrase("At risk or overdue"), urls.query(urls.CASES, [("clock", "at_risk")]), counts[1], view == "at_risk"),
        Tab(phrase("Closed"), urls.query(urls.CASES, [("status", "closed")]), None, view == "closed"),
    )
