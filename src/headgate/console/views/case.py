"""Cases: the list, and one case with its stages, clock, tasks, approvals and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from markupsafe import Markup

from headgate.console.views.common import Clock, Fact, FileLink, PartnerName, Person, Tab, TimelineEntry, View
from headgate.console.views.standing import AroundRow, AskedRow, BranchRow
from headgate.console.views.work import TaskRow
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in the list. `process` is its title in words."""

    case_id: UUID
    title: str
    process: str
    stage: str
    status: str
    partner: PartnerName | None
    exceptions: tuple[str, ...]
    owner: str
    stake: Money | None
    clock: Clock | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class CasesView(View):
    """`stake` sums all matching cases, in the tenant's currency."""

    template: ClassVar[str] = "cases.html"
    nav: ClassVar[str] = "cases"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "cases_rows.html"})

    tabs: tuple[Tab, ...]
    text: str
    cases: tuple[CaseRow, ...]
    matching: int
    stake: Money
    more: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the process. status: done, current, ahead, skipped."""

    name: str
    status: str
    entered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseApproval:
    """An approval of the case, in short."""

    approval: UUID
    ask: str
    status: str
    level: int
    levels: int
    stake: Money
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class SlaClock:
    """The case's service level. `spent` and `budget` are business minutes; `calendar` names calendar and zone.

    `late_since`: when the time of a stage that is paused now was over already, for a pause mends nothing.
    `can_wait`: a question to the partner may pause it; `can_take_up`: it is paused until they answer.
    """

    clock: Clock
    warn_at: datetime | None
    spent_minutes: int
    budget_minutes: int
    calendar: str
    paused_because: str = ""
    paused_since: datetime | None = None
    late_since: datetime | None = None
    target_at: datetime | None = None
    chain: tuple[str, ...] = ()
    can_wait: bool = False
    can_take_up: bool = False


@dataclass(frozen=True, slots=True)
class CaseMessage:
    """What a partner or one of us wrote to the other side."""

    author: str
    from_staff: bool
    text: str
    at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseView(View):
    """`subject_href` leads to what the case is about. `can_note`: the reader may add a note.

    `svg` is the process with the stage lit; `jump` leads to where one puts the case into another stage, for who may.
    """

    template: ClassVar[str] = "case.html"
    nav: ClassVar[str] = "cases"
    live: ClassVar[bool] = True

    case_id: UUID
    title: str
    process: str
    process_version: int
    status: str
    outcome: str
    subject_type: str
    subject: str
    subject_href: str
    partner: PartnerName | None
    exceptions: tuple[str, ...]
    owner: str
    assignee: Person | None
    stake: Money | None
    opened_at: datetime
    closed_at: datetime | None
    need: str
    act: str
    act_href: str
    stages: tuple[Stage, ...]
    sla: SlaClock | None
    facts: tuple[Fact, ...]
    tasks: tuple[TaskRow, ...]
    approvals: tuple[CaseApproval, ...]
    timeline: tuple[TimelineEntry, ...]
    can_note: bool = True
    messages: tuple[CaseMessage, ...] = ()
    svg: Markup | None = None
    branches: tuple[BranchRow, ...] = ()
    around: tuple[AroundRow, ...] = ()
    asked: tuple[AskedRow, ...] = ()
    jump: str = ""
    files: tuple[FileLink, ...] = ()
