"""Do several small orders add up to one that would have needed approval?"""

from __future__ import annotations

from datetime import timedelta

from headgate.domain.checks.finding import ZERO, Finding
from headgate.domain.checks.prepared import Prepared


def check_split(prepared: Prepared) -> list[Finding]:
    """A hint, decided by nobody: orders of the partner within the tenant's hours, each under the limit and together
    not."""
    facts = prepared.facts
    rules, order, gross = facts.rules, facts.order, prepared.totals.tenant_gross
    limit = rules.split_limit
    if limit is None or gross >= limit:
        return []
    since = order.placed_at - timedelta(hours=rules.split_hours)
    near = [
        earlier
        for earlier in facts.earlier
        if earlier.order != order.order and since <= earlier.placed_at <= order.placed_at and earlier.amount < limit
    ]
    total = sum((earlier.amount for earlier in near), ZERO) + gross
    if not near or total < limit:
        return []
    names = ", ".join(sorted(earlier.order for earlier in near))
    detail = (
        f"with {names} the partner ordered {total:f} {facts.tenant_currency} within {rules.split_hours} hours,"
        f" each order under {limit:f}"
    )
    return [Finding("split", detail, stake=total)]
