"""The work queue."""

from __future__ import annotations

from dataclasses import replace

from headgate.console import urls
from headgate.console.views.common import Clock, FormError, Option, PartnerName, Person, Tab
from headgate.console.views.handling import HandledRow, HandleView
from headgate.console.views.work import TaskRow, WorkView
from tests.unit.ui.samples.base import (
    ANA,
    AURIGA,
    HALBERD,
    KESTREL,
    LYNX,
    MOLEN,
    TERN,
    ago,
    ahead,
    at_risk,
    breached,
    eur,
    running,
    uid,
)


def _task(
    name: str,
    title: str,
    subject: str,
    partner: PartnerName,
    exceptions: tuple[str, ...],
    stake: str,
    clock: Clock,
    *,
    role: str = "channel_manager",
    assignee: Person | None = ANA,
    can_take: bool = False,
    can_give_back: bool = False,
) -> TaskRow:
    return TaskRow(
        task=uid(name),
        kind="approval",
        title=title,
        href=urls.approval(uid(name)),
        subject=subject,
        partner=partner,
        exceptions=exceptions,
        stake=eur(stake),
        clock=clock,
        role=role,
        assignee=assignee,
        opened_at=ago(hours=5),
        can_take=can_take,
        can_give_back=can_give_back,
        can_hand_over=True,
        can_snooze=clock.state != "breached",
        priority=2 if name == "t0" else int(clock.state == "breached"),
    )


TASKS = (
    _task(
        "t0",
        "Decide on credit for a blocked order",
        "WEB2-20398",
        TERN,
        ("credit_limit", "price_deviation"),
        "31200.00",
        breached(hours=3, minutes=5),
    ),
    _task(
        "a1",
        "12.4 % below contract on 3 lines",
        "WEB1-10023",
        HALBERD,
        ("price_deviation", "margin_floor"),
        "18420.00",
        at_risk(minutes=48),
    ),
    _task(
        "t3",
        "Choose a substitute for line 2",
        "WEB1-10040",
        LYNX,
        ("availability",),
        "4108.25",
        at_risk(hours=1, minutes=20),
        can_give_back=True,
    ),
    _task(
        "a2",
        "€5,937.75 over the credit limit",
        "WEB2-20417",
        MOLEN,
        ("credit_limit",),
        "26310.50",
        running(hours=3, minutes=12),
        role="finance",
    ),
    _task(
        "a3", "Margin 4.1 % on network switches", "EDI-00871", KESTREL, ("margin_floor",), "9840.00", running(hours=5)
    ),
    _task(
        "t5",
        "Confirm that this is not a duplicate",
        "WEB3-30112",
        KESTREL,
        ("duplicate_order",),
        "1190.00",
        running(hours=7),
        assignee=None,
        can_take=True,
    ),
    _task(
        "a4",
        "Special price 42.10 for SKU-0418 until 31 Dec",
        "PX-0192",
        AURIGA,
        ("price_exception",),
        "6915.80",
        running(days=1, hours=2),
    ),
)


WORK = WorkView(
    scope="mine",
    tabs=(
        Tab("Mine", "/work", 7, current=True),
        Tab("My team's", "/work?scope=team", 12),
        Tab("Unassigned", "/work?scope=unassigned", 3),
    ),
    tasks=TASKS,
    matching=7,
    overdue=1,
    at_risk=2,
    stake=eur("97984.55"),
    messages=2,
    choose_all="/work?all=1",
    at_once=7,
)
ALL_CHOSEN = replace(WORK, matching=10_001, choose_all="", chosen=100, at_once=100)


EMPTY_WORK = replace(WORK, tasks=(), matching=0, overdue=0, at_risk=0, stake=eur("0"), choose_all="", at_once=0)


HANDLE = HandleView(
    act="hand_over",
    title="Hand over",
    verb="Hand over",
    rows=(
        HandledRow(TASKS[1]),
        HandledRow(TASKS[3], "This task is for finance."),
        HandledRow(replace(TASKS[5], assignee=None)),
    ),
    ready=2,
    stake=eur("19610.00"),
    back="/work",
    people=(Option(ANA.id, ANA.name), Option("user:jonas.brandt@nordwind.example", "Jonas Brandt")),
    reason_needed=True,
)
SNOOZE = replace(
    HANDLE,
    act="snooze",
    title="Snooze",
    verb="Snooze",
    rows=(HandledRow(TASKS[1]),),
    ready=1,
    people=(),
    times=(Option("2025-11-21T15:32:00+00:00", "In an hour · 21 Nov 2025, 15:32 CET"),),
    values={"reason": ""},
    errors=(FormError("reason", "Say why this can wait; it stands in the audit chain."),),
)
NOTHING_READY = replace(HANDLE, rows=(HandledRow(TASKS[3], "This task is for finance."),), ready=0, stake=eur("0"))
SNOOZED = replace(
    WORK,
    scope="snoozed",
    tabs=(*(replace(tab, current=False) for tab in WORK.tabs), Tab("Snoozed", "/work?scope=snoozed", 1, current=True)),
    tasks=(replace(TASKS[1], asleep_until=ahead(minutes=30), can_give_back=True, can_hand_over=True),),
    matching=1,
    overdue=0,
    undo=f"{TASKS[1].task}=",
)
