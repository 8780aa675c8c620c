"""What an approval of an order is about: the digest it binds, the questions to the matrix, what the approver reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from headgate.channel.orders.core.state import OrderState
from headgate.domain.checks import ExceptionFound, OrderVerdict, PartnerFacts, ProductFacts
from headgate.kernel.canonical import digest

ZERO = Decimal(0)
MOST_LINES = 60


def bound_digest(state: OrderState, verdict: OrderVerdict) -> str:
    """SHA-256 over the order's content digest and every exception with its stake: what an approval is bound to."""
    return digest(
        {"order": state.digest, "exceptions": [e.as_json() for e in verdict.exceptions], "stake": verdict.stake}
    ).hex()


def asks_for(verdict: OrderVerdict, partner: PartnerFacts) -> list[dict[str, Any]]:
    """One question to the approval matrix per exception type that holds the order: the largest figures count."""
    lines = {line.line.line: (line.deviation_pct, line.margin_pct) for line in verdict.lines}
    credit = verdict.credit
    risk = risk_of(credit.on_hold, credit.overdue_days, credit.utilisation_pct)
    return questions(verdict.exceptions, lines, {"tier": partner.tier, "risk": risk})


def questions(
    exceptions: Iterable[ExceptionFound], lines: Mapping[str, tuple[Decimal, Decimal]], told: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The questions for these exceptions; `lines` gives deviation and margin in percent, `told` goes into each."""
    asks: dict[str, dict[str, Any]] = {}
    for found in exceptions:
        if found.outcome != "hold":
            continue
        lowest = ZERO, min((margin for _, margin in lines.values()), default=ZERO)
        deviation, margin = lines.get(found.line or "", lowest)
        ask = asks.setdefault(
            found.type,
            {"exception": found.type, "stake": ZERO, "deviation_pct": deviation, "margin_pct": margin, **told},
        )
        ask["stake"] = ask["stake"] + found.stake if found.line else max(ask["stake"], found.stake)
        ask["deviation_pct"] = max(ask["deviation_pct"], deviation)
        ask["margin_pct"] = min(ask["margin_pct"], margin)
    return list(asks.values())


def risk_of(on_hold: bool, overdue_days: int, utilisation_pct: Decimal) -> str:
    """low, medium or high, from payment behaviour and how full the credit line gets."""
    if on_hold or overdue_days >= 61:
        return "high"
    return "medium" if overdue_days or utilisation_pct > 90 else "low"


def outline(
    state: OrderState, verdict: OrderVerdict, partner: PartnerFacts, products: Mapping[str, ProductFacts]
) -> dict[str, Any]:
    """What the approver reads first: who, how much, why, and the lines that matter (all figures as decided)."""
    reasons: dict[str, list[str]] = {}
    for found in verdict.exceptions:
        reasons.setdefault(found.line or "", []).append(found.type)
    concerned = [line for line in verdict.lines if line.line.line in reasons] or list(verdict.lines)
    return {
        "partner": partner.partner,
        "partner_name": partner.name,
        "storefront": state.order.storefront,
        "total": verdict.totals.gross,
        "currency": verdict.totals.currency,
        "tenant_total": verdict.totals.tenant_gross,
        "tenant_currency": verdict.totals.tenant_currency,
        "lines_in_order": len(verdict.lines),
        "exceptions": [e.as_json() for e in verdict.exceptions],
        "lines": [
            {
                "line": line.line.line,
                "product": line.line.product,
                "name": products[line.line.product].name if line.line.product in products else line.line.description,
                "quantity": line.line.quantity,
                "asked": line.line.unit_price,
                "contract": line.contract_price,
                "deviation_pct": line.deviation_pct,
                "margin_pct": line.margin_pct if line.cost is not None else None,
                "amount": line.amount,
                "reasons": reasons.get(line.line.line, []),
            }
            for line in concerned[:MOST_LINES]
        ],
    }


def command_for(state: OrderState) -> dict[str, Any]:
    """What the ERP is told on release: the prices and quantities as approved, and where to pick."""
    return {
        "order": state.order.order,
        "revision": state.revision,
        "decision": state.decision,
        "partner": state.order.partner,
        "currency": state.order.currency,
        "total": state.total,
        "lines": [[p.line, p.product, p.quantity, p.unit_price] for p in state.priced],
        "picks": [[r.line, r.warehouse, r.quantity] for r in state.reserved],
    }
