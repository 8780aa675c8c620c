"""How a decision on an order came about, as the decision recorded it.

These shapes read what was recorded, possibly by an older version of Headgate, so every field may be absent and new ones
pass through.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from headgate.api.models.common import Shape


class Recorded(Shape):
    """Part of a recorded decision."""

    model_config = ConfigDict(from_attributes=True, frozen=True, extra="allow")


class Rate(Recorded):
    """Units of `quote` per unit of `base`, and the day it is of."""

    base: str = ""
    quote: str = ""
    rate: str = ""
    on: str = ""


class PriceCandidate(Recorded):
    """An agreement's term that could have set the price. `verdict`: winner, or why it lost or did not apply."""

    agreement: str = ""
    code: str = ""
    revision: int | None = None
    term: int | None = None
    kind: str = ""
    method: str = ""
    unit_price: str | None = None
    verdict: str = ""
    reason: str = ""


class PriceBand(Recorded):
    """A slab of a tiered price."""

    quantity: str = ""
    unit_price: str = ""


class PriceTrace(Recorded):
    """Every candidate for a line's contract price, the winner, and why the others lost."""

    partner: str = ""
    product: str = ""
    quantity: str = ""
    currency: str = ""
    at: str = ""
    as_known: str = ""
    winner: str | None = None
    agreement: str | None = None
    unit_price: str | None = None
    amount: str | None = None
    method: str | None = None
    tie: bool = False
    rounding: str = ""
    candidates: list[PriceCandidate] = Field(default_factory=list)
    bands: list[PriceBand] = Field(default_factory=list)
    rates: list[Rate] = Field(default_factory=list)


class PolicyEvaluation(Recorded):
    """One policy applied to one set of facts: version, matched rows, facts, outputs, reasons."""

    policy: str = ""
    version: int | None = None
    digest: str = ""
    hit: str = ""
    rows: list[str] = Field(default_factory=list)
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)
    reasons: list[str] = Field(default_factory=list)
    clauses: list[str] = Field(default_factory=list)


class CheckResult(Recorded):
    """One check of the order or of a line, and what became of it: pass, flag, hold, reject or note."""

    check: str = ""
    line: str | None = None
    detail: str = ""
    outcome: str = ""
    exception: str = ""
    waived: bool = False
    policy: str = ""
    evaluation: PolicyEvaluation | None = None


class ExceptionResult(Recorded):
    """Why the order left the straight path; `stake` is in the tenant's currency."""

    type: str = ""
    line: str | None = None
    detail: str = ""
    stake: str = ""
    outcome: str = ""


class Addend(Recorded):
    """One part of a sum."""

    label: str = ""
    amount: str = ""


class CreditLevel(Recorded):
    """The exposure of one account of the credit tree, addend by addend, in its currency."""

    account: str = ""
    currency: str = ""
    addends: list[Addend] = Field(default_factory=list)
    exposure_before: str = ""
    order_amount: str = ""
    exposure_after: str = ""
    credit_limit: str = ""
    headroom: str = ""
    utilisation_pct: str = ""
    rate: Rate | None = None


class Ageing(Recorded):
    """Overdue amount of one bucket."""

    bucket: str = ""
    amount: str = ""


class CreditSum(Recorded):
    """The credit exposure the order was weighed against, own account first."""

    has_account: bool = False
    levels: list[CreditLevel] = Field(default_factory=list)
    utilisation_pct: str = ""
    over_limit: str = ""
    overdue_days: int = 0
    ageing: list[Ageing] = Field(default_factory=list)
    on_hold: bool = False


class TaxLine(Recorded):
    """The tax of one line."""

    line: str = ""
    tax_class: str = ""
    jurisdiction: str = ""
    rate: str | None = None
    amount: str = ""
    tax: str = ""
    certificate: str = ""


class TaxSnapshot(Recorded):
    """The tax as determined at decision time."""

    lines: list[TaxLine] = Field(default_factory=list)
    total: str = ""
    currency: str = ""
    rounding: str = ""
    at: str = ""
    engine: str = ""
    undetermined: list[str] = Field(default_factory=list)


class Pick(Recorded):
    """A quantity from a warehouse."""

    warehouse: str = ""
    quantity: str = ""


class Allocation(Recorded):
    """Where a line is served from; `back_order` is what no warehouse could promise."""

    line: str = ""
    product: str = ""
    quantity: str = ""
    picks: list[Pick] = Field(default_factory=list)
    back_order: str = ""
    stocked: bool = True


class TotalsResult(Recorded):
    """Net, tax and gross of the order, and the same in the tenant's currency at `rate`."""

    currency: str = ""
    net: str = ""
    tax: str = ""
    gross: str = ""
    tenant_currency: str = ""
    tenant_net: str = ""
    tenant_gross: str = ""
    rate: Rate | None = None
    rounding: str = ""
