"""Partners, products and stock as shown."""

from __future__ import annotations

from pydantic import Field

from headgate.api.models.common import Money, Shape
from headgate.api.parameters import Amount, Instant


class Credit(Shape):
    """A partner's own credit account, in its currency."""

    account: str
    limit: Money
    exposure: Money = Field(description="Receivables + shipped and unbilled + open orders − deposits.")
    overdue: Money
    hold: bool


class PartnerView(Shape):
    """A partner as its master system records it."""

    partner: str
    name: str
    legal_name: str
    country: str
    region: str
    tier: str
    groups: list[str]
    channel: str
    terms: str
    status: str
    recorded_at: Instant
    credit: Credit | None


class PartnerDetail(PartnerView):
    """A partner with what is filed about it."""

    tax_id: str
    email: str


class ProductView(Shape):
    """A product. `cost` is shown to staff only; `available` is what all warehouses together can promise."""

    product: str
    name: str
    family: str
    category: str
    tax_class: str
    unit: str
    list_price: Money | None
    cost: Money | None
    min_quantity: Amount
    multiple: Amount
    status: str
    export_controlled: bool
    substitutes: list[str]
    available: Amount | None
    recorded_at: Instant


class StockView(Shape):
    """What can be promised of a product in a warehouse. Everything but `available` is shown to staff only."""

    product: str
    warehouse: str
    region: str
    available: Amount = Field(description="On hand − reserved − safety stock + confirmed inbound.")
    on_hand: Amount | None
    reserved: Amount | None
    safety_stock: Amount | None
    inbound: Amount | None
    threshold: Amount | None
    recorded_at: Instant
