"""Agreements as shown and sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Code, Instant, LongText, PositiveAmount, Text


class AgreementLine(Shape):
    """A revision of an agreement. It applies from `active_from` to the earlier of `valid_until` and `retired_from`."""

    agreement: UUID
    code: str
    revision: int
    title: str
    kind: str
    status: str
    partner: str
    currency: str
    valid_from: Instant
    valid_until: Instant | None
    active_from: Instant | None
    recorded_at: Instant | None
    retired_at: Instant | None
    retired_from: Instant | None
    author: str
    submitted_by: str
    approver: str
    source: str
    note: str
    digest: str
    term_count: int
    created_at: Instant
    updated_at: Instant


class TermLine(Shape):
    """A term: for whom, for what, how the price comes about. `evidence` is there where it was derived or granted."""

    term: int
    method: str
    value: Amount
    currency: str
    partner: str
    partner_group: str
    region: str
    channel: str
    product: str
    family: str
    tier_mode: str
    tiers: list[dict[str, str]]
    min_quantity: Amount
    valid_from: Instant
    valid_until: Instant | None
    max_quantity: Amount | None
    used_quantity: Amount
    description: str
    evidence: dict[str, Any] | None


class AgreementView(AgreementLine):
    """An agreement with the first of its terms; read on with `terms_cursor`."""

    terms: list[TermLine]
    terms_cursor: str


class DraftTier(Body):
    """From this quantity on, this value."""

    from_: PositiveAmount = Field(alias="from")
    value: PositiveAmount


class DraftTerm(Body):
    """A term as authored. What is left out comes from the agreement, or does not limit."""

    method: str | None = Field(default=None, pattern="^(list|net|discount|cost_plus)$")
    value: PositiveAmount | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    partner: Code | None = None
    partner_group: Code | None = None
    region: Code | None = None
    channel: Code | None = None
    product: Code | None = None
    family: Code | None = None
    tier_mode: str | None = Field(default=None, pattern="^(none|slab|range)$")
    tiers: list[DraftTier] | None = Field(default=None, max_length=100)
    min_quantity: PositiveAmount | None = None
    max_quantity: PositiveAmount | None = None
    valid_from: str | None = Field(default=None, max_length=40, pattern=r"^\d{4}-\d\d-\d\d")
    valid_until: str | None = Field(default=None, max_length=40, pattern=r"^\d{4}-\d\d-\d\d")
    description: Text | None = None


class DraftAgreement(Body):
    """An agreement as authored: the next revision of its code. Days are in the tenant's zone, an end day included."""

    code: Code
    title: Text = ""
    kind: str = Field(default="contract", pattern="^(list|net|contract|promotion)$")
    partner: Code | None = None
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    valid_from: str = Field(max_length=40, pattern=r"^\d{4}-\d\d-\d\d", examples=["2026-01-01"])
    valid_until: str | None = Field(default=None, max_length=40, pattern=r"^\d{4}-\d\d-\d\d", examples=["2026-12-31"])
    note: LongText = ""
    terms: list[DraftTerm] = Field(min_length=1, max_length=5000)


class AgreementDrafted(Shape):
    """What was drafted. `new` is False where the newest revision already says exactly this."""

    agreement: UUID
    code: str
    revision: int
    terms: int
    new: bool


class SubmitAgreement(Body):
    """Nothing needs to be said."""


class ApproveAgreement(Body):
    """Why these prices are right."""

    justification: LongText = Field(min_length=3)
    on_behalf_of: str = Field(default="", max_length=200, pattern=r"^[^\u0000]*$")


class ActivateAgreement(Body):
    """From when it applies, at once when left out; `acknowledged` says why a tie between terms is meant."""

    start: Instant | None = None
    acknowledged: LongText = ""


class TermConflictView(Shape):
    """Two terms of the same rank for the same thing."""

    kind: str
    detail: str


class AgreementActivated(AgreementLine):
    """The agreement as it stands now, and what the lint found beside it."""

    conflicts: list[TermConflictView]
