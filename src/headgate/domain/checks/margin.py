"""Does each line, and the order as a whole, earn enough? Decided by the policy `margin_floor`."""

from __future__ import annotations

from decimal import Decimal

from headgate.domain.checks.finding import ZERO, Finding
from headgate.domain.checks.prepared import HUNDRED, Prepared, ratio_pct
from headgate.domain.fx import convert
from headgate.kernel.canonical import decimal_text


def check_margin(prepared: Prepared) -> list[Finding]:
    """One finding per line, and one for the order (family '') when two or more lines have a known cost.

    At stake is the loss where a price is below cost, otherwise the amount; a policy that answers with `floor_pct` makes
    it the amount missing to that floor.
    """
    found = []
    amount = cost = ZERO
    known = 0
    for line in prepared.lines:
        if line.cost_amount is None or line.cost is None:
            detail = f"the cost of {line.line.product} is not known"
        else:
            known += 1
            amount += line.amount
            cost += line.cost_amount
            earned, price = decimal_text(line.margin_pct), decimal_text(line.line.unit_price)
            detail = f"margin {earned} % at {price} with a cost of {decimal_text(line.cost)}"
        found.append(
            margin_finding(
                detail, line.line.line, line.margin_pct, line.family, line.cost is not None, line.tenant_amount
            )
        )
    if known > 1:
        margin_pct = ratio_pct(amount - cost, amount)
        detail = f"margin of the order {margin_pct:f} %: {amount:f} with costs of {cost:f}"
        found.append(margin_finding(detail, None, margin_pct, "", True, convert(amount, prepared.totals.rate)))
    return found


def margin_finding(
    detail: str, line: str | None, margin_pct: Decimal, family: str, has_cost: bool, amount: Decimal
) -> Finding:
    """The finding over one line, or over the order (`line` None); `amount` is in the tenant's currency."""
    per_point = amount / HUNDRED
    inputs = {"margin_pct": margin_pct, "family": family, "has_cost": has_cost, "line_amount": amount}
    return Finding(
        "margin",
        detail,
        line,
        "margin_floor",
        inputs,
        stake=-margin_pct * per_point if margin_pct < 0 else amount,
        measured_pct=margin_pct,
        per_point=per_point if has_cost else ZERO,
    )
