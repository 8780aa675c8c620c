"""The work queue: mine, my team's, unassigned; by due time, then by stake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.bulk import HeldNews
from headgate.console.views.common import Clock, PartnerName, Person, Tab, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task. `href` is where it is done: the approval for kind 'approval', else the case.

    `can_take`: nobody has it and the reader's role owns it; `can_give_back`: the reader has it; `can_snooze`: it is
    theirs to put off and not overdue; `asleep_until`: it was put off; `priority`: how far it was escalated; `being`:
    what the reader is deciding about it at this moment.
    """

    task: UUID
    kind: str
    title: str
    href: str
    subject: str
    partner: PartnerName | None
    exceptions: tuple[str, ...]
    stake: Money | None
    clock: Clock | None
    role: str
    assignee: Person | None
    opened_at: datetime
    can_take: bool = False
    can_give_back: bool = False
    can_hand_over: bool = False
    can_snooze: bool = False
    asleep_until: datetime | None = None
    priority: int = 0
    being: str = ""


@dataclass(frozen=True, slots=True)
class WorkView(View):
    """`scope`: mine, team, unassigned or snoozed. `stake` sums all `matching` tasks in the tenant's currency.
    `more` is the address of the next page; `undo` is what it takes to put back what was just done, `messages`
    about how many cases a partner waits for an answer. `choose_all` leads to the list with its first `at_once` tasks
    chosen, as many as can be handled in one go; `chosen` says how many are."""

    template: ClassVar[str] = "work.html"
    nav: ClassVar[str] = "work"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "work_rows.html"})

    scope: str
    tabs: tuple[Tab, ...]
    tasks: tuple[TaskRow, ...]
    matching: int
    overdue: int
    at_risk: int
    stake: Money
    more: str = ""
    undo: str = ""
    messages: int = 0
    chosen: int = 0
    choose_all: str = ""
    at_once: int = 0
    news: tuple[HeldNews, ...] = ()
