"""Do the partner, the products and the units an order names exist? Asked before anything is decided.

An order that names something unknown goes to quarantine, is mended or completed, and is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping

from headgate.domain.checks.facts import PartnerFacts, ProductFacts
from headgate.domain.orders.model import Order
from headgate.kernel.errors import Problem
from headgate.kernel.phrases import phrase


def reference_problems(
    order: Order, partner: PartnerFacts | None, products: Mapping[str, ProductFacts]
) -> list[Problem]:
    """One problem for an unknown partner, and one per line for an unknown product or another unit than the
    product's."""
    found: list[Problem] = []
    if partner is None:
        found.append(Problem("partner", order.partner, "is not known", "Record the partner, then replay the order."))
    for index, line in enumerate(order.lines):
        product = products.get(line.product)
        if product is None:
            fix = phrase("Record the product, then replay the order.")
            found.append(Problem(f"lines[{index}].product", line.product, "is not known", fix))
        elif line.unit and product.unit and line.unit != product.unit:
            fix = phrase("%(product)s is sold by %(unit)s.", product=product.product, unit=product.unit)
            found.append(Problem(f"lines[{index}].unit", line.unit, "is not the product's unit", fix))
    return found
