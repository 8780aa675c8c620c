"""The first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from headgate.channel.orders.insight import DayTotals, ExceptionSum
from headgate.console import urls
from headgate.console.present.asks import ask_of
from headgate.console.present.clocks import case_clock, task_clock
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Clock, PartnerName
from headgate.console.views.domains import Unproved
from headgate.console.views.home import (
    ChangeToReview,
    DayTotal,
    ExceptionTotal,
    HomeView,
    HourTotal,
    RiskCase,
    WaitingApproval,
)
from headgate.kernel.phrases import joined, phrase, worded
from headgate.policy import PolicyVersion
from headgate.process.desk import DeskSums
from headgate.ui.words import humanise

DAYS = 14
_NO_PARTNER = PartnerName("", phrase("No partner"))


def home_view(
    lens: Lens,
    names: Names,
    *,
    today: date,
    waiting: Sequence[Mapping[str, Any]],
    arrived: Sequence[Mapping[str, Any]],
    sums: DeskSums,
    risky: Sequence[Mapping[str, Any]],
    at_risk: int,
    day: DayTotals,
    usual: Decimal | None,
    exceptions: Sequence[ExceptionSum],
    hours: Mapping[int, tuple[int, int]],
    days: Mapping[date, tuple[int, int]] | None,
    quarantined: int,
    reviews: Sequence[PolicyVersion],
    unproved: tuple[Unproved, ...] = (),
) -> HomeView:
    """Everything the first page shows. `days` is None for who may not see orders."""
    return HomeView(
        as_of=lens.now,
        today=today,
        waiting=tuple(_waiting(lens, names, row) for row in waiting),
        arrived=tuple(_waiting(lens, names, row) for row in arrived),
        waiting_count=sums.count,
        waiting_stake=lens.money(sums.stake),
        overdue=sums.late,
        at_risk=tuple(_risk(lens, names, row) for row in risky),
        at_risk_count=at_risk,
        orders=day.decided,
        orders_amount=lens.money(day.amount),
        untouched=day.straight,
        held=day.held,
        held_amount=lens.money(day.held_amount),
        straight_through=Decimal(day.straight * 100) / day.decided if day.decided else None,
        straight_through_usual=usual,
        straight_through_target=None,
        exceptions=tuple(_exception(lens, each, today) for each in exceptions),
        hours=tuple(HourTotal(hour, *hours.get(hour, (0, 0))) for hour in range(24)),
        days=() if days is None else tuple(_day(today - timedelta(days=ago), days) for ago in reversed(range(DAYS))),
        quarantined=quarantined,
        reviews=tuple(_review(names, each) for each in reviews),
        unproved=unproved,
    )


def _review(names: Names, found: PolicyVersion) -> ChangeToReview:
    return ChangeToReview(
        title=worded(found.title),
        version=found.version,
        by=names.person(found.author),
        at=found.submitted_at or found.created_at,
        href=urls.policy_review(found.policy, found.version),
    )


def _day(day: date, counts: Mapping[date, tuple[int, int]]) -> DayTotal:
    href = urls.query(urls.ORDERS, [("since", day.isoformat()), ("until", day.isoformat())])
    return DayTotal(day, *counts.get(day, (0, 0)), href)


def _waiting(lens: Lens, names: Names, row: Mapping[str, Any]) -> WaitingApproval:
    return WaitingApproval(
        approval=row["approval"],
        ask=ask_of(row["subject_type"], row["exceptions"], row["summary"] or {}, lens.fmt).short,
        subject=row["subject"],
        partner=names.partner(row["partner"]) or _NO_PARTNER,
        stake=lens.money(row["stake"]),
        clock=task_clock(row, lens.now) or Clock("running", None),
        level=row["level"] or 1,
        levels=row["levels"] or 1,
    )


def _risk(lens: Lens, names: Names, row: Mapping[str, Any]) -> RiskCase:
    return RiskCase(
        case_id=row["case_id"],
        title=case_title(lens, row),
        partner=names.partner(row["partner"]),
        owner=owner_of(lens, names, row),
        stake=None if row["stake"] is None else lens.money(row["stake"]),
        clock=case_clock(row, lens.now) or Clock("running", None),
    )


def case_title(lens: Lens, row: Mapping[str, Any]) -> str:
    """A case in a list: what it is about and why it is not on the straight path."""
    if row["summary"]:
        return f"{row['subject']} · {ask_of(row['subject_type'], row['exceptions'], row['summary'], lens.fmt).short}"
    words = joined(", ", (humanise(e).lower() for e in row["exceptions"]))
    if words:
        return joined(" · ", (row["subject"], words))
    return joined(" ", (humanise(row["subject_type"]), row["subject"]))


def owner_of(lens: Lens, names: Names, row: Mapping[str, Any]) -> str:
    """Whoever has the case now, else the role that owns it."""
    if row["assignee"] == lens.me.id:
        return "you"
    return names.person(row["assignee"]).name if row["assignee"] else humanise(row["owner_role"]) or "nobody"


def _exception(lens: Lens, each: ExceptionSum, today: date) -> ExceptionTotal:
    href = urls.query(urls.ORDERS, [("exception", each.type), ("since", today.isoformat())])
    return ExceptionTotal(each.type, each.orders, lens.money(each.amount), href)
