"""Is the partner known, open for business, and ordering on its own terms?"""

from __future__ import annotations

from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared


def check_partner(prepared: Prepared) -> list[Finding]:
    """Sets `partner_status` (active, blocked or unknown) and `new_partner` for the final table."""
    facts = prepared.facts
    partner = facts.partner
    stake = prepared.totals.tenant_gross
    if partner is None:
        detail = f"partner {facts.order.partner} is not known"
        return [
            Finding("partner", detail, signals={"partner_status": "unknown"}, exception="partner_blocked", stake=stake)
        ]
    if partner.status != "active":
        detail = f"partner {partner.partner} is {partner.status}"
        signals = {"partner_status": partner.status}
        return [Finding("partner", detail, signals=signals, exception="partner_blocked", stake=stake)]
    asked, agreed = facts.order.terms, partner.terms
    if asked and agreed and asked != agreed:
        detail = f"partner {partner.partner} is active; the order asks for terms {asked}, agreed are {agreed}"
    else:
        detail = f"partner {partner.partner} is active" + (f" with terms {agreed}" if agreed else "")
    if partner.new:
        return [Finding("partner", f"{detail}; this is its first order", signals={"new_partner": True})]
    return [Finding("partner", detail)]
