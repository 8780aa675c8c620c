"""The first page: what needs me, and what happened today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Clock, PartnerName, Person, View
from headgate.console.views.domains import Unproved
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class WaitingApproval:
    """An approval that waits for the reader. `ask` is what approving allows: '12.4 % below contract on 3 lines'."""

    approval: UUID
    ask: str
    subject: str
    partner: PartnerName
    stake: Money
    clock: Clock
    level: int
    levels: int


@dataclass(frozen=True, slots=True)
class ChangeToReview:
    """A change of a policy that waits for somebody else than its author; `at`: when it was handed in."""

    title: str
    version: int
    by: Person
    at: datetime
    href: str


@dataclass(frozen=True, slots=True)
class RiskCase:
    """A case whose clock is at risk or overdue, with whoever has it now."""

    case_id: UUID
    title: str
    partner: PartnerName | None
    owner: str
    stake: Money | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class ExceptionTotal:
    """Orders of today held or flagged for one type of exception, and their amount in the tenant's currency."""

    exception: str
    orders: int
    amount: Money
    href: str


@dataclass(frozen=True, slots=True)
class HourTotal:
    """Orders received in one hour of the tenant's day; `stopped` of them were held or rejected."""

    hour: int
    orders: int
    stopped: int


@dataclass(frozen=True, slots=True)
class DayTotal:
    """Orders received on one day of the tenant; `stopped` of them were held or rejected."""

    day: date
    orders: int
    stopped: int
    href: str


@dataclass(frozen=True, slots=True)
class HomeView(View):
    """Amounts are in the tenant's currency. Percentages are 0 to 100, None when there is nothing to divide.

    waiting: at most eight, most urgent first; arrived: of the others the newest of the last day. `waiting_count` and
    `waiting_stake` cover all of them. overdue: how many of those that wait are late. days: the last two weeks with
    today, oldest first; empty for who may not see orders. reviews: changes of policies that the reader may approve.
    unproved: what partners and receivers of mails find no more, or soon, for want of a proof; for who administers.
    straight_through: orders of today that touched nobody / orders decided today; `usual` is the last four weeks.
    """

    template: ClassVar[str] = "home.html"
    nav: ClassVar[str] = "home"
    live: ClassVar[bool] = True

    as_of: datetime
    today: date
    waiting: tuple[WaitingApproval, ...]
    arrived: tuple[WaitingApproval, ...]
    waiting_count: int
    waiting_stake: Money
    overdue: int
    at_risk: tuple[RiskCase, ...]
    at_risk_count: int
    orders: int
    orders_amount: Money
    untouched: int
    held: int
    held_amount: Money
    straight_through: Decimal | None
    straight_through_usual: Decimal | None
    straight_through_target: Decimal | None
    exceptions: tuple[ExceptionTotal, ...]
    hours: tuple[HourTotal, ...]
    days: tuple[DayTotal, ...]
    quarantined: int
    reviews: tuple[ChangeToReview, ...] = ()
    unproved: tuple[Unproved, ...] = ()

    @property
    def largest_exception(self) -> ExceptionTotal | None:
        """The type with the largest amount."""
        return max(self.exceptions, key=lambda each: each.amount.amount, default=None)

    @property
    def days_through(self) -> Decimal | None:
        """Percent of the orders of these days that were not stopped, None without orders."""
        orders = sum(each.orders for each in self.days)
        return Decimal(100 * (orders - sum(each.stopped for each in self.days))) / orders if orders else None

    @property
    def busiest_hour(self) -> HourTotal | None:
        """The hour with the most orders, None on a day without any."""
        busiest = max(self.hours, key=lambda each: each.orders, default=None)
        return busiest if busiest and busiest.orders else None
