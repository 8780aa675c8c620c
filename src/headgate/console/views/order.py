"""One order: what it asks, what every check said, where its money and stock stand, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import (
    AuditLine,
    Clock,
    Fact,
    PartnerName,
    Person,
    PolicyRef,
    SumRow,
    TimelineEntry,
    View,
)
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line. `deviation` is the price asked against the contract, in percent (negative: below contract).

    `margin` is a percentage of the line's amount. None: there is no contract price, or no cost.
    `exceptions` are the types this line caused.
    """

    line: str
    product: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Money
    contract_price: Money | None
    deviation: Decimal | None
    margin: Decimal | None
    amount: Money
    shipped: Decimal
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the order. outcome: pass, flag, hold, reject, note. `reason` is the plain sentence of its policy.

    `lines` names the order lines it is about; empty for the whole order. `waived`: an approval set it aside.
    """

    key: str
    title: str
    outcome: str
    reason: str
    policy: PolicyRef | None
    facts: tuple[Fact, ...]
    lines: tuple[str, ...] = ()
    waived: bool = False


@dataclass(frozen=True, slots=True)
class CreditSum:
    """Exposure of one account as an addition, when the order was decided. `state`: within, near, over, hold, none.

    `rows` end with the exposure including this order; `limit` and `headroom` (negative: over) follow it.
    `overdue` holds the ageing buckets, oldest last.
    """

    account: str
    account_name: str
    state: str
    rows: tuple[SumRow, ...]
    exposure: Money
    limit: Money
    headroom: Money
    overdue: tuple[SumRow, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """Stock set aside for a line. status: held, shipped, released, short (`quantity` is then what is missing)."""

    line: str
    product: str
    warehouse: str
    quantity: Decimal
    unit: str
    status: str
    expires_at: datetime | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Tax of one jurisdiction and class: `base` × `rate` percent, rounded as the snapshot says."""

    jurisdiction: str
    tax_class: str
    rate: Decimal
    base: Money
    tax: Money
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaxSnapshot:
    """The tax as computed when the order was decided, kept with it. `exemption` names the certificate that applied;
    `undetermined` the lines for which no rate is known."""

    rows: tuple[TaxRow, ...]
    base: Money
    tax: Money
    total: Money
    rounding: str
    rates_as_of: date
    exemption: str = ""
    undetermined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderNeeds:
    """What the order waits for, in one sentence, and where to do it. `act` labels the button; empty: not for you."""

    text: str
    href: str = ""
    act: str = ""
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class OrderReturn:
    """A return of goods of the order. `credit` is what was credited, None before that."""

    rma: str
    status: str
    changed: datetime
    credit: Money | None


@dataclass(frozen=True, slots=True)
class OrderPrice:
    """A price that was asked for the order: of which product, and how that stands."""

    request: str
    name: str
    status: str
    price: Money
    changed: datetime
    case_id: UUID


@dataclass(frozen=True, slots=True)
class OrderView(View):
    """`total` includes tax. `tenant_total` is `total` at `rate` of `rate_on`, None when the currencies are the same.

    `credit` holds the partner's own account first, then those above it; empty without an account.
    `terms` are the payment terms that count, with whence they come; '' for none.
    `checks` come with the ones that stop the order first. `proof` sums up the audit entries: verified, linked, broken.
    `audit_href` is where all entries about the order are listed; '' for who may not search the audit trail.
    """

    template: ClassVar[str] = "order.html"
    nav: ClassVar[str] = "orders"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"drawer-body": "order_peek.html"})

    order: str
    revision: int
    status: str
    partner: PartnerName
    storefront: str
    customer_reference: str
    placed_at: datetime
    received_at: datetime
    terms: str
    ship_to: str
    requested_by: Person | None
    exceptions: tuple[str, ...]
    net: Money
    tax: Money
    total: Money
    margin: Decimal | None
    tenant_total: Money | None
    rate: Decimal | None
    rate_on: date | None
    needs: OrderNeeds | None
    case_id: UUID | None
    decision: UUID | None
    decided_at: datetime | None
    lines: tuple[OrderLine, ...]
    checks: tuple[Check, ...]
    credit: tuple[CreditSum, ...]
    reservations: tuple[Reservation, ...]
    tax_snapshot: TaxSnapshot | None
    history: tuple[TimelineEntry, ...]
    audit: tuple[AuditLine, ...]
    proof: str
    verified_at: datetime | None
    audit_href: str = ""
    returns: tuple[OrderReturn, ...] = ()
    prices: tuple[OrderPrice, ...] = ()

    @property
    def passed(self) -> int:
        """How many checks raised nothing."""
        return sum(1 for check in self.checks if check.outcome == "pass")
