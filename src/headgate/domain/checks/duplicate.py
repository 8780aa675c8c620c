"""Has the partner sent this order before?"""

from __future__ import annotations

from datetime import timedelta

from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared
from headgate.domain.orders.model import line_content_key


def check_duplicate(prepared: Prepared) -> list[Finding]:
    """Sets `duplicate` when an order of the same partner within the tenant's days has the same customer reference or
    content.

    Content means the same products, quantities and prices, in whatever order. Only orders placed before this one count
    (by time, then by number), so that of two equal orders the first goes through.
    """
    facts = prepared.facts
    order, days = facts.order, facts.rules.duplicate_days
    since = order.placed_at - timedelta(days=days)
    mine = (order.placed_at, order.order)
    reference, content = order.customer_reference, line_content_key(order)
    like = [
        earlier
        for earlier in facts.earlier
        if (earlier.content == content or (reference and earlier.customer_reference == reference))
        and earlier.order != order.order
        and earlier.placed_at >= since
        and (earlier.placed_at, earlier.order) < mine
    ]
    if like:
        latest = max(like, key=lambda item: (item.placed_at, item.order))
        if reference and latest.customer_reference == reference:
            why = f"the same customer reference {reference}"
        else:
            why = "the same products, quantities and prices"
        return [
            Finding(
                "duplicate",
                f"order {latest.order} of the same partner has {why}",
                signals={"duplicate": True},
                exception="duplicate_order",
                stake=prepared.totals.tenant_gross,
            )
        ]
    return [Finding("duplicate", f"no like order of the partner in the {days} days before")]
