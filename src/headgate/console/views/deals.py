"""Deal registrations: the list, and one deal beside everything that stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Fact, FileLink, PartnerName, Person, Tab, TimelineEntry, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal in the list. `ends` is when its protection does, while it is protected."""

    deal: str
    customer: str
    country: str
    partner: PartnerName
    status: str
    amount: Money
    closes: date
    ends: datetime | None
    changed: datetime


@dataclass(frozen=True, slots=True)
class DealsView(View):
    """Deals, last changed first. `matching` says how many there are; above `counted_to`, that there are more."""

    template: ClassVar[str] = "deals.html"
    nav: ClassVar[str] = "deals"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "deals_rows.html"})

    tabs: tuple[Tab, ...]
    text: str
    status: str
    deals: tuple[DealRow, ...]
    more: str = ""
    matching: int = 0
    counted_to: int = 0


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One reason, with what was compared. `points` is what it adds at most, from 0 to 100."""

    label: str
    because: str
    ours: str
    theirs: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Rival:
    """A claim beside the deal. `score`, `same` and `overlap` run from 0 to 100; `pairs` are the facts side by side."""

    kind: str
    title: str
    href: str
    holder: str
    state: str
    since: datetime | None
    score: Decimal
    same: Decimal
    overlap: Decimal
    signals: tuple[SignalRow, ...]
    pairs: tuple[tuple[str, str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A row of the rules that fits the deal, with its reason and clause."""

    row: str
    outcome: str
    because: str
    clause: str
    href: str


@dataclass(frozen=True, slots=True)
class DealView(View):
    """`approval` leads to the request that waits, if one does; `may_decide`: it waits for the reader. `told` is what
    the partner knows."""

    template: ClassVar[str] = "deal.html"
    nav: ClassVar[str] = "deals"
    live: ClassVar[bool] = True

    deal: str
    customer: str
    status: str
    partner: PartnerName
    amount: Money
    stake: Money | None
    facts: tuple[Fact, ...]
    contact: tuple[Fact, ...]
    lines: tuple[tuple[str, str, Decimal, Money], ...]
    protected_until: datetime | None
    granted_days: int
    told: tuple[str, ...]
    requested_by: Person
    rivals: tuple[Rival, ...]
    rules: tuple[RuleRow, ...]
    decided_at: datetime | None
    case_id: UUID
    approval: UUID | None
    may_decide: bool
    timeline: tuple[TimelineEntry, ...]
    files: tuple[FileLink, ...] = ()
