"""Partners and the price agreements with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Fact, FormError, PartnerName, Person, Tab, TimelineEntry, View
from headgate.console.views.order import CreditSum
from headgate.console.views.orders import OrderRow
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner in the list. `weekly` is the ordered amount of the last twelve weeks, oldest first.

    `credit` is within, near, over, hold or none; `used` the share of the limit in percent.
    """

    code: str
    name: str
    country: str
    tier: str
    status: str
    credit: str
    used: Decimal | None
    ordered: Money
    weekly: tuple[Decimal, ...]
    open_cases: int


@dataclass(frozen=True, slots=True)
class PartnersView(View):
    """`ordered` sums all matching partners over the last twelve weeks, in the tenant's currency."""

    template: ClassVar[str] = "partners.html"
    nav: ClassVar[str] = "partners"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "partners_rows.html"})

    tabs: tuple[Tab, ...]
    text: str
    partners: tuple[PartnerRow, ...]
    matching: int
    ordered: Money
    more: str = ""


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement in a list. status: draft, in_review, approved, active, retired."""

    agreement_id: UUID
    code: str
    revision: int
    title: str
    kind: str
    status: str
    partner: PartnerName | None
    currency: str
    terms: int
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class PartnerView(View):
    """`straight_through` is the share of the partner's orders in the last 28 days that touched nobody, in percent."""

    template: ClassVar[str] = "partner.html"
    nav: ClassVar[str] = "partners"

    code: str
    name: str
    legal_name: str
    status: str
    blocked_because: str
    facts: tuple[Fact, ...]
    ordered: Money
    weekly: tuple[Decimal, ...]
    margin: Decimal | None
    straight_through: Decimal | None
    open_cases: int
    held: Money
    credit: tuple[CreditSum, ...]
    agreements: tuple[AgreementRow, ...]
    orders: tuple[OrderRow, ...]
    timeline: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class AgreementsView(View):
    """Every price agreement that matches."""

    template: ClassVar[str] = "agreements.html"
    nav: ClassVar[str] = "partners"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "agreements_rows.html"})

    tabs: tuple[Tab, ...]
    text: str
    agreements: tuple[AgreementRow, ...]
    matching: int
    more: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price or discount from a quantity on."""

    from_quantity: Decimal
    rule: str


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term: for whom, for what, which price. `tier_mode`: none, slab (each band at its price), range (all units).

    `used` and `most` are quantities against a cap; None without one. `evidence` says what a derived term rests on.
    """

    term: int
    scope: str
    item: str
    item_name: str
    method: str
    rule: str
    tier_mode: str
    tiers: tuple[Tier, ...]
    valid_from: date
    valid_until: date | None
    used: Decimal | None = None
    most: Decimal | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class AgreementStep:
    """The next act of its life: submit, approve or activate. `label` is the button; `ask` the question whose answer is
    kept with it, sent as `reason`: why the prices are right, or why a tie is meant; '' when nothing is asked."""

    act: str
    label: str
    ask: str = ""


@dataclass(frozen=True, slots=True)
class AgreementView(View):
    """`conflicts` are sentences from the lint: terms that tie. `evidence` says what the agreement was derived or
    imported from. `step` is what the reader may do next; None when nothing is left to do, or `blocked` says why not."""

    template: ClassVar[str] = "agreement.html"
    nav: ClassVar[str] = "partners"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "agreement_terms.html"})

    agreement_id: UUID
    code: str
    revision: int
    title: str
    kind: str
    status: str
    partner: PartnerName | None
    currency: str
    valid_from: datetime
    valid_until: datetime | None
    recorded_at: datetime
    author: Person
    approver: Person | None
    source: str
    digest: str
    evidence: tuple[Fact, ...]
    conflicts: tuple[str, ...]
    terms: tuple[TermRow, ...]
    terms_count: int
    step: AgreementStep | None
    blocked: str
    timeline: tuple[TimelineEntry, ...]
    more: str = ""
    errors: tuple[FormError, ...] = ()

    def error(self, field: str) -> str:
        """What is wrong with a field, or ''."""
        return next((each.message for each in self.errors if each.field == field), "")
