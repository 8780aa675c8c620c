"""Price exceptions as requested and shown."""

from __future__ import annotations

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.models.work import ApprovalView, CaseLine
from headgate.api.parameters import Code, LongText, PositiveAmount


class RequestPrice(Body):
    """A price of its own for a partner and product, for a time and up to a quantity.

    Bounds are RFC 3339 instants, or days such as 2026-03-31 in the tenant's time zone, the last one included.
    """

    request: Code | None = Field(default=None, description="Your number for it; made here when left out.")
    partner: Code
    product: Code
    unit_price: PositiveAmount
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    max_quantity: PositiveAmount | None = None
    valid_from: str = Field(min_length=10, max_length=40, pattern=r"^\d{4}-\d\d-\d\d", examples=["2026-03-01"])
    valid_until: str = Field(min_length=10, max_length=40, pattern=r"^\d{4}-\d\d-\d\d", examples=["2026-03-31"])
    justification: LongText = Field(min_length=3)
    order: Code | None = None


class AmendPrice(Body):
    """What is asked for instead, after a request was sent back. Product, currency and order stay as they were."""

    unit_price: PositiveAmount
    max_quantity: PositiveAmount | None = None
    valid_from: str = Field(min_length=10, max_length=40, pattern=r"^\d{4}-\d\d-\d\d", examples=["2026-03-01"])
    valid_until: str = Field(min_length=10, max_length=40, pattern=r"^\d{4}-\d\d-\d\d", examples=["2026-03-31"])
    justification: LongText = Field(min_length=3)


class PriceRequested(Shape):
    """The request as it stands. `settled` is False when a worker is still applying it."""

    request: str
    event: int
    settled: bool
    case: CaseLine | None
    approval: ApprovalView | None
