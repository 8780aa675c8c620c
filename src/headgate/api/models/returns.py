"""Returns of goods as shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import AuditLine, Money, Shape
from headgate.api.models.orders import DecisionLine
from headgate.api.models.work import ApprovalView, CaseLine
from headgate.api.parameters import Amount, Instant


class ReturnListed(Shape):
    """A return in a list. What is at stake, in the tenant's currency, is for the tenant's own people."""

    rma: str
    order: str
    partner: str
    partner_name: str | None
    status: str
    wanted: str = Field(description="credit or replace: what the partner asked for.")
    credit: Money | None = Field(description="What is credited before tax, once that is settled.")
    stake: Money | None
    requested_at: Instant
    send_by: Instant | None = Field(description="Until when the goods are expected.")
    carrier: str
    tracking: str
    told: list[str] = Field(description="What the partner was told with the status.")
    case: UUID
    updated_at: Instant


class ReturnOutcome(Shape):
    """What became of a quantity that was found in one condition. `net` = `gross` − `fee`, in the order's currency."""

    quantity: Amount
    condition: str
    outcome: str = Field(description="credit, replace or reject.")
    gross: Amount
    fee_pct: Amount
    fee: Amount
    net: Amount
    told: str
    row: str | None = Field(description="The row of `return_disposition` that decided; for the tenant's own people.")
    because: str | None


class ReturnedLine(Shape):
    """A line of the return, with what arrived of it and what became of that."""

    line: str
    product: str
    unit: str
    unit_price: Amount
    quantity: Amount
    reason: str
    note: str
    received: Amount
    outcomes: list[ReturnOutcome]


class ReturnMilestoneView(Shape):
    """A change of the return as its partner may know it."""

    at: Instant
    status: str
    told: list[str]


class ReturnExplanation(Shape):
    """For the tenant's own people: which rows decided, who was asked, and the audit entries with their proof."""

    verdicts: list[dict[str, Any]] = Field(description="By line: the row of `return_rules` that fitted, and why.")
    decisions: list[DecisionLine]
    case: CaseLine
    approvals: list[ApprovalView]
    timeline: list[AuditLine]


class ReturnView(ReturnListed):
    """One return. A partner's key gets it without the explanation."""

    currency: str
    note: str
    requested_by: str
    pictures: list[str] = Field(description="Each with the SHA-256 of its bytes.")
    lines: list[ReturnedLine]
    milestones: list[ReturnMilestoneView]
    explanation: ReturnExplanation | None
