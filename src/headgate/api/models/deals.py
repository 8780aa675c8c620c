"""Deal registrations as sent and shown."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.api.models.common import Body, Money, Shape
from headgate.api.models.work import ApprovalView, CaseLine
from headgate.api.parameters import Amount, Code, Instant, LongText, PositiveAmount, Text

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$"), Field(examples=["2026-09-30"])]


class EndCustomer(Body):
    """The company that is to buy. The more is known, the surer a conflict is found or ruled out."""

    name: Text = Field(min_length=1)
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")
    region: Code | None = None
    postcode: Annotated[Text, Field(max_length=32)] | None = None
    city: Text | None = None
    street: Text | None = None
    domain: Text | None = Field(default=None, description="Web or mail domain; an address or URL is taken as well.")
    domains: list[Text] | None = Field(default=None, max_length=20)
    duns: Text | None = Field(default=None, description="D-U-N-S number, nine digits.")
    parent_name: Text | None = None
    parent_duns: Text | None = None


class DealContact(Body):
    """Whom the partner talks to there."""

    name: Text | None = None
    email: Text | None = None
    phone: Annotated[Text, Field(max_length=50)] | None = None
    title: Text | None = None


class DealItem(Body):
    """A product with the amount of the whole line."""

    line: Code
    product: Code
    quantity: PositiveAmount
    amount: PositiveAmount


class RegisterDeal(Body):
    """A deal registration. With `draft` it is kept and holds nothing against others until it is submitted."""

    deal: Code | None = Field(default=None, description="Your number for it; made here when left out.")
    partner: Code
    programme: Code | None = None
    customer: EndCustomer
    contact: DealContact | None = None
    lines: list[DealItem] = Field(min_length=1, max_length=500)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    close_on: Day
    territory: Code | None = None
    distributor: Code | None = None
    incumbent: Text | None = None
    competitor: Text | None = None
    notes: Annotated[LongText, Field(max_length=2000)] | None = None
    evidence: list[Text] | None = Field(default=None, max_length=20)
    draft: bool = False


class AmendDeal(RegisterDeal):
    """The whole content again; it replaces what was there."""

    reason: Annotated[LongText, Field(max_length=2000)] | None = None


class DealWord(Body):
    """A word on a deal, with its reason."""

    reason: LongText = Field(min_length=3, max_length=2000)


class ReportActivity(Body):
    """Something done for a protected deal."""

    activity: Code = Field(examples=["demo"])
    happened_at: str = Field(min_length=20, max_length=40, examples=["2026-05-04T10:00:00Z"])
    notes: Annotated[LongText, Field(max_length=2000)] | None = None


class AskExtension(Body):
    """The wish to keep a deal protected until the end of a day."""

    until: Day
    reason: LongText = Field(min_length=3, max_length=2000)


class DealLineView(Shape):
    """A deal in a list. `stake` is its amount in the tenant's currency."""

    deal: str
    partner: str
    partner_name: str | None
    programme: str
    customer: str
    country: str
    status: str
    amount: Money
    stake: Money
    close_on: date
    registered_at: Instant
    protected_until: Instant | None
    last_activity_at: Instant | None
    won: Money | None
    case: UUID
    updated_at: Instant


class SignalView(Shape):
    """One reason for or against a conflict. `strength` and `weight` run from 0 to 1."""

    name: str
    strength: Amount
    weight: Amount
    ours: str
    theirs: str
    because: str


class ConflictView(Shape):
    """A claim that stands against a deal. Scores run from 0 to 100: `score` = `same_customer` × `overlap` / 100."""

    kind: str = Field(description="deal, opportunity or customer.")
    ref: str
    holder: str
    holder_name: str | None
    customer: str
    status: str | None
    since: Instant | None
    until: Instant | None
    same_customer: Amount
    overlap: Amount
    score: Amount
    signals: list[SignalView]


class DealView(DealLineView):
    """A deal with its content and, for the tenant's own people, what stands against it."""

    revision: int
    content: dict[str, Any]
    told: list[str] = Field(description="What the partner was told.")
    granted_days: int
    conflicts: list[ConflictView] | None = Field(description="None for partners: others' claims are confidential.")


class DealTold(Shape):
    """The deal as it stands. `settled` is False when a worker is still applying what was sent."""

    deal: str
    event: int
    settled: bool
    status: str | None
    case: CaseLine | None
    approval: ApprovalView | None
