"""May these goods go there?"""

from __future__ import annotations

from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared


def check_export(prepared: Prepared) -> list[Finding]:
    """Sets `embargoed` for a country on the tenant's list, which no approval sets aside, and `export_controlled` for
    products under export control that leave the tenant's home country."""
    facts = prepared.facts
    country, rules = facts.order.ship_to.country, facts.rules
    found = []
    if country in rules.embargoed:
        found.append(
            Finding(
                "export",
                f"{country} is under embargo",
                signals={"embargoed": True},
                exception="export_restricted",
                waivable=False,
                stake=prepared.totals.tenant_gross,
            )
        )
    if country != rules.home_country:
        for line in prepared.lines:
            product = facts.products.get(line.line.product)
            if product is not None and product.export_controlled:
                found.append(
                    Finding(
                        "export",
                        f"{product.product} is under export control and would go to {country}",
                        line=line.line.line,
                        signals={"export_controlled": True},
                        exception="export_restricted",
                        stake=line.tenant_amount,
                    )
                )
    return found or [Finding("export", f"nothing forbids a delivery to {country}")]
