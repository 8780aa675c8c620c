"""Price exceptions as requested and shown."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.models.work import ApprovalView, CaseLine
from headgate.api.parameters import Code, Instant, LongText, PositiveAmount, Text


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


class AddFile(Body):
    """A file that speaks for the price: a PDF, PNG, JPEG, text, e-mail (.eml), Word or Excel file of at most 5 MB."""

    name: Text = Field(min_length=1, description="With its ending; folders before it are left out.")
    content: str = Field(min_length=1, max_length=7_000_000, description="The file's bytes in base64.")
    partner: Code | None = Field(
        default=None, description="Whose price it is, where staff send the file before the price is asked for."
    )


class EvidenceFile(Shape):
    """A file as it is kept. `sha256`, of its bytes and in hex, is what an approval binds."""

    file: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: Instant


class FileAdded(Shape):
    """The file, and the approval that is asked with it; none while nobody decides about the request."""

    file: EvidenceFile
    settled: bool = Field(description="False while a worker is still asking the approval anew.")
    approval: ApprovalView | None
