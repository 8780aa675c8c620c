"""Orders as shown."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from headgate.api.models import explanation as why
from headgate.api.models.common import AuditLine, LoggedEvent, Money, Shape
from headgate.api.models.work import ApprovalView, CaseLine
from headgate.api.parameters import Amount, Instant


class OrderLine(Shape):
    """An order in a list."""

    order: str
    revision: int
    partner: str
    storefront: str
    customer_reference: str
    status: str
    placed_at: Instant
    received_at: Instant
    total: Money
    tax: Money
    tenant_total: Money = Field(description="The total in the tenant's currency.")
    stake: Money | None = Field(
        description="The money at stake, in the tenant's currency; for the tenant's own people."
    )
    exceptions: list[str]
    decision: UUID | None
    case: UUID | None
    updated_at: Instant


class OrderTotals(Shape):
    """Sums over the whole selection, not the page, in the tenant's currency."""

    orders: int
    total: Money
    stake: Money | None


class OrderPage(Shape):
    """A page of orders, newest first."""

    items: list[OrderLine]
    next_cursor: str = ""
    totals: OrderTotals


class ExplainedLine(Shape):
    """An order line with its price's explanation; amounts in the order's currency."""

    line: str
    product: str
    quantity: Amount
    unit: str
    unit_price: Amount
    contract_price: Amount | None
    amount: Amount
    cost: Amount | None
    margin: Amount | None
    tax: Amount
    agreement: str | None
    shipped: Amount
    price: why.PriceTrace | None
    allocation: why.Allocation | None


class Reservation(Shape):
    """A quantity of a line held in a warehouse."""

    line: str
    product: str
    warehouse: str
    quantity: Amount
    status: str
    expires_at: Instant | None
    created_at: Instant


class DecisionLine(Shape):
    """A decision in a list: which policy version decided, by which rows."""

    decision: UUID
    at: Instant
    policy: str
    version: int
    subject_type: str
    subject: str
    case: UUID | None
    event: int | None
    outcome: str
    rows: list[str]
    digest: str


class DecisionView(DecisionLine):
    """A decision with everything that was weighed. `digest` is SHA-256 of `record` in UTF-8."""

    inputs: dict[str, Any]
    outputs: dict[str, Any]
    evaluations: Any = Field(description="What `record` says, with its tables written out.")
    record: str = Field(description="What was weighed, as kept: canonical JSON, lists of like things as tables.")


class InheritedRule(Shape):
    """A policy version that took part in the decision and was copied from a tenant above."""

    policy: str
    version: int
    origin: str = Field(description="From whom, and which version it is there.")


class OrderView(OrderLine):
    """The whole explanation of an order: from the outcome to facts, rows, clauses, versions, people and proof.

    A partner's key gets the order with its lines, tax, checks and reservations, and not what is internal to the tenant.
    """

    account: str | None
    requested_by: str
    digest: str = Field(description="SHA-256 of the content's canonical JSON: what an approval binds.")
    rate: Amount = Field(description="Tenant currency per unit of the order's currency, as used.")
    rate_on: date | None
    content: dict[str, Any] = Field(description="The order as it stands, in canonical form.")
    lines: list[ExplainedLine]
    reservations: list[Reservation]
    outcome: str | None = Field(description="What the last decision came to.")
    found: list[why.ExceptionResult] = Field(description="The exceptions of the last decision.")
    checks: list[why.CheckResult]
    release: why.PolicyEvaluation | None = Field(description="The final policy's evaluation.")
    credit: why.CreditSum | None
    tax_snapshot: why.TaxSnapshot | None
    totals: why.TotalsResult | None
    inherited: list[InheritedRule] = Field(description="Which of the policies that decided come from a tenant above.")
    decisions: list[DecisionLine]
    case_detail: CaseLine | None
    approvals: list[ApprovalView]
    events: list[LoggedEvent]
    timeline: list[AuditLine] = Field(description="Audit entries, newest first, each with its proof state.")
