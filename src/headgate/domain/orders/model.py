"""The values of order events: an order and the smaller facts about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from headgate.kernel.canonical import decimal_text, digest, instant_text


class ShipTo(NamedTuple):
    """Where the goods go. `country` is ISO 3166-1 alpha-2, `region` the subdivision without the country (CA, not
    US-CA)."""

    country: str
    region: str = ""
    name: str = ""
    postcode: str = ""
    city: str = ""
    street: str = ""

    def as_json(self) -> dict[str, str]:
        """All fields, empty ones too."""
        return {
            "name": self.name,
            "country": self.country,
            "region": self.region,
            "postcode": self.postcode,
            "city": self.city,
            "street": self.street,
        }


class OrderLine(NamedTuple):
    """One line as asked: `unit_price` is what the storefront charges, per unit, in the order's currency."""

    line: str
    product: str
    quantity: Decimal
    unit_price: Decimal
    unit: str = ""
    description: str = ""

    def as_json(self) -> dict[str, str]:
        """The line with numbers in their shortest plain form."""
        return {
            "line": self.line,
            "product": self.product,
            "quantity": plain(self.quantity),
            "unit": self.unit,
            "unit_price": plain(self.unit_price),
            "description": self.description,
        }


class Order(NamedTuple):
    """An order as submitted or amended. `priority` runs from 0 (ordinary) to 9 (served first)."""

    order: str
    partner: str
    storefront: str
    placed_at: datetime
    currency: str
    ship_to: ShipTo
    lines: tuple[OrderLine, ...]
    customer_reference: str = ""
    terms: str = ""
    requested_by: str = ""
    priority: int = 0
    reason: str = ""  # of an amendment; not part of the content


@dataclass(frozen=True, slots=True)
class OrderNote:
    """A cancellation or a reopening: which order, and why."""

    order: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """A quantity of an order line that has left a warehouse."""

    line: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a warehouse has sent of one order."""

    order: str
    shipment: str
    shipped_at: datetime
    lines: tuple[Shipped, ...]
    warehouse: str = ""


@dataclass(frozen=True, slots=True)
class PriceExceptionRequest:
    """A partner asks for a price of its own for a product, for a time and up to a quantity (None: any).

    `evidence` names files with the SHA-256 of their bytes.
    """

    request: str
    partner: str
    product: str
    unit_price: Decimal
    currency: str
    valid_from: datetime
    valid_until: datetime
    justification: str
    requested_by: str
    max_quantity: Decimal | None = None
    order: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """Goods a partner has sent back; lines carry the price credited."""

    number: str
    partner: str
    recorded_at: datetime
    currency: str
    lines: tuple[OrderLine, ...]
    order: str = ""
    reason: str = ""


def order_content(order: Order) -> dict[str, object]:
    """The order as canonical content: what is stored, shown and approved. Equal orders give equal bytes.

    Numbers lose trailing zeros, instants become UTC; the reason of an amendment is left out.
    """
    return {
        "order": order.order,
        "partner": order.partner,
        "storefront": order.storefront,
        "placed_at": instant_text(order.placed_at),
        "currency": order.currency,
        "customer_reference": order.customer_reference,
        "ship_to": order.ship_to.as_json(),
        "terms": order.terms,
        "requested_by": order.requested_by,
        "priority": order.priority,
        "lines": [line.as_json() for line in order.lines],
    }


def order_digest(order: Order) -> bytes:
    """SHA-256 of the order's canonical content: what an approval binds."""
    return digest(order_content(order))


def line_content_key(order: Order) -> bytes:
    """SHA-256 of what is ordered, whatever the line numbers and their order: sorted products with quantities and
    prices."""
    return _content_key(order.lines)


@lru_cache(maxsize=2048)  # an order on its way is asked several times; equal lines have equal keys
def _content_key(lines: tuple[OrderLine, ...]) -> bytes:
    return digest(sorted([line.product, plain(line.quantity), plain(line.unit_price)] for line in lines))


def plain(value: Decimal) -> str:
    """A number without exponent and without trailing zeros behind the point, so that equal numbers have equal text."""
    text = decimal_text(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
