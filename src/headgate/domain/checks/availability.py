"""Can the goods be promised?"""

from __future__ import annotations

from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared, tenant_amounts
from headgate.kernel.money import to_minor


def check_availability(prepared: Prepared) -> list[Finding]:
    """One finding per short line, which sets `shortage`; one for the order when nothing is short. At stake is what must
    wait."""
    short = [line for line in prepared.allocation if line.back_order]
    if not short:
        places = sorted({pick.warehouse for line in prepared.allocation for pick in line.picks})
        return [
            Finding(
                "availability",
                f"everything can be promised from {', '.join(places)}" if places else "no line needs stock",
            )
        ]
    amounts = tenant_amounts(prepared)
    currency = prepared.totals.tenant_currency
    found = []
    for line in short:
        ready = line.quantity - line.back_order
        detail = f"{ready:f} of {line.quantity:f} {line.product} can be promised, {line.back_order:f} must wait"
        stake = to_minor(amounts[line.line] * line.back_order / line.quantity, currency)
        signals = {"shortage": True}
        found.append(
            Finding("availability", detail, line=line.line, signals=signals, exception="out_of_stock", stake=stake)
        )
    return found
