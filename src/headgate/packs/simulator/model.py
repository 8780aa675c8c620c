"""The values of a simulated channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Partner:
    """A reseller. `activity` is its share of orders, `size` the scale of its quantities (1 = usual).

    `late_days` is how many days after the due date it pays.
    """

    code: str
    name: str
    legal_name: str
    country: str
    region: str
    tier: str
    groups: tuple[str, ...]
    channel: str
    terms: str
    account: str
    status: str
    tax_id: str
    email: str
    currency: str
    buyers: tuple[str, ...]
    ship_to: tuple[Mapping[str, str], ...]
    storefront: str
    activity: float
    size: float
    late_days: int
    tax_exempt: bool
    parent_account: str = ""

    @property
    def days(self) -> int:
        """Days until an invoice is due."""
        return int(self.terms.removeprefix("NET"))


@dataclass(frozen=True, slots=True)
class Product:
    """An article or a service, amounts in EUR. `later_cost` is the cost after the supplier's increase, if one comes."""

    code: str
    name: str
    family: str
    category: str
    unit: str
    tax_class: str
    cost: Decimal
    list_price: Decimal
    min_quantity: int
    multiple: int
    status: str
    export_controlled: bool
    substitutes: tuple[str, ...]
    stocked: bool
    appeal: float
    typical: int
    later_cost: Decimal | None = None


@dataclass(slots=True)
class Line:
    """A line as ordered; `unit_price` in the order's currency."""

    line: str
    product: str
    quantity: int
    unit_price: Decimal
    unit: str
    description: str

    def as_json(self) -> dict[str, str]:
        return {
            "line": self.line,
            "product": self.product,
            "quantity": str(self.quantity),
            "unit": self.unit,
            "unit_price": format(self.unit_price, "f"),
            "description": self.description,
        }


@dataclass(slots=True)
class Order:
    """An order as planned. `fate` is what a sound governance does with it: release, flag, hold, reject or refuse."""

    number: str
    partner: Partner
    storefront: str
    at: datetime
    currency: str
    ship_to: Mapping[str, str]
    reference: str
    requested_by: str
    lines: list[Line]
    fate: str = "release"
    planted: bool = False

    def as_json(self) -> dict[str, Any]:
        """The data of `order.submitted`."""
        return {
            "order": self.number,
            "partner": self.partner.code,
            "storefront": self.storefront,
            "placed_at": self.at.isoformat(timespec="seconds"),
            "currency": self.currency,
            "customer_reference": self.reference,
            "ship_to": dict(self.ship_to),
            "terms": self.partner.terms,
            "requested_by": self.requested_by,
            "lines": [line.as_json() for line in self.lines],
        }

    def net(self) -> Decimal:
        """Σ quantity × price, each line rounded half up to the cent."""
        return sum((line_amount(line) for line in self.lines), ZERO)


def line_amount(line: Line) -> Decimal:
    """Quantity × price, rounded half up to the cent (all currencies of the simulation have two decimals)."""
    return (line.unit_price * line.quantity).quantize(Decimal("0.01"), "ROUND_HALF_UP")


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Something planted, with what a sound governance does about it.

    `kind` is one of `KINDS`; `amount` the money at stake in EUR; `expected` release, flag, hold, reject or refuse
    (quarantine). `line` is the line concerned, where it is one; `related` names the other orders it takes to see it.
    """

    order: str
    kind: str
    amount: Decimal
    expected: str
    note: str
    line: str = ""
    related: tuple[str, ...] = ()


KINDS = (
    "margin_leakage",
    "price_deviation",
    "expired_agreement_price",
    "duplicate_order",
    "split_orders",
    "credit_overrun",
    "blocked_partner",
    "out_of_stock",
    "embargoed_ship_to",
    "export_controlled",
    "unknown_product",
    "below_minimum",
    "tier_discount",
)


@dataclass(frozen=True, slots=True)
class Event:
    """A canonical event of the stream."""

    source: str
    event_id: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    actor: str = ""  # a person who sent it; otherwise the source itself

    def as_json(self) -> dict[str, Any]:
        """The event as a CloudEvent in structured mode."""
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.isoformat(timespec="seconds"),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }


@dataclass(frozen=True, slots=True)
class TenantProfile:
    """The simulated distributor, with the settings its orders are to be governed under."""

    slug: str
    name: str
    currency: str
    timezone: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Simulation:
    """A whole channel over some weeks.

    `masters` come before everything, then `stream`, both in order of time. `agreements` are to be active before the
    first order; each is what `agreements.draft_many` takes. `ground_truth` is what was planted, in order of time.
    """

    seed: int
    start: datetime
    end: datetime
    tenant: TenantProfile
    storefronts: tuple[str, ...]
    partners: tuple[Partner, ...]
    products: tuple[Product, ...]
    agreements: tuple[Mapping[str, Any], ...]
    masters: tuple[Event, ...]
    stream: tuple[Event, ...]
    ground_truth: tuple[GroundTruth, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    def events(self) -> Iterator[dict[str, Any]]:
        """Masters and stream as CloudEvents, in order of time."""
        for event in (*self.masters, *self.stream):
            yield event.as_json()
