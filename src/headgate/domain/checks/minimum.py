"""Does each line keep to the product's minimum quantity and order multiple?"""

from __future__ import annotations

from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared


def check_minimum(prepared: Prepared) -> list[Finding]:
    """One finding per line that breaks a quantity rule, which sets `below_minimum`; one for the order when none
    does."""
    products = prepared.facts.products
    found = []
    for line in prepared.lines:
        product = products.get(line.line.product)
        if product is None:
            continue
        quantity = line.line.quantity
        if quantity < product.min_quantity:
            detail = f"{quantity:f} {product.product} ordered, the minimum is {product.min_quantity:f}"
        elif product.multiple > 0 and quantity % product.multiple:
            detail = f"{quantity:f} {product.product} ordered, it comes in multiples of {product.multiple:f}"
        else:
            continue
        found.append(
            Finding(
                "minimum",
                detail,
                line=line.line.line,
                signals={"below_minimum": True},
                exception="below_minimum",
                stake=line.tenant_amount,
            )
        )
    return found or [Finding("minimum", "every line keeps to minimum quantity and multiple")]
