"""Does each line's price agree with its contract price? Decided by the policy `price_deviation`."""

from __future__ import annotations

from decimal import Decimal

from headgate.domain.checks.finding import ZERO, Finding
from headgate.domain.checks.prepared import Prepared, PricedLine
from headgate.domain.fx import FxRate, convert
from headgate.kernel.canonical import decimal_text


def check_price(prepared: Prepared) -> list[Finding]:
    """One finding per line. At stake is the difference to the contract amount, or the line where there is no
    contract."""
    partner = prepared.facts.partner
    tier = partner.tier if partner else ""
    found = []
    for line in prepared.lines:
        trace = line.trace
        stake = price_stake(trace.amount, line.amount, line.tenant_amount, line.deviation_pct, prepared.totals.rate)
        found.append(
            Finding(
                "price",
                _words(line),
                line=line.line.line,
                policy="price_deviation",
                inputs={
                    "deviation_pct": line.deviation_pct,
                    "has_contract": trace.amount is not None,
                    "line_amount": line.tenant_amount,
                    "tier": tier,
                },
                stake=stake,
            )
        )
    return found


def price_stake(
    contract: Decimal | None, amount: Decimal, tenant_amount: Decimal, deviation_pct: Decimal, rate: FxRate
) -> Decimal:
    """What a line's price puts at stake, in the tenant's currency; `contract` is the amount at the contract price."""
    if contract is None:
        return tenant_amount
    return abs(convert(contract - amount, rate)) if deviation_pct else ZERO


def _words(line: PricedLine) -> str:
    asked, contract, winner = line.line.unit_price, line.contract_price, line.trace.winner
    text = decimal_text(asked)
    if contract is None or winner is None:
        return f"asked {text}; no agreement gives a price for {line.line.product}"
    if asked == contract:
        return f"asked {text}, as in {winner.name}"
    side = "below" if asked < contract else "above"
    tie = "; two agreements tie here" if line.trace.tie else ""
    return f"asked {text}, {abs(line.deviation_pct):f} % {side} {contract:f} of {winner.name}{tie}"
