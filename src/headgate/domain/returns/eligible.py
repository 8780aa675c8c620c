"""How much of an order's line can still come back, and how far back a return reaches. Exact, whatever the unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)


class Delivery(NamedTuple):
    """A quantity of a line that left for the partner at an instant."""

    at: datetime
    quantity: Decimal


def left_of(
    delivered: Sequence[tuple[str, str, Decimal]],
    claimed: Mapping[str, Decimal],
    recorded: Mapping[str, Decimal],
) -> dict[str, Decimal]:
    """What can still be returned, by line: delivered less what returns have claimed already.

    `delivered` lists line, product and quantity; `claimed` is by line. `recorded` are returns that another system took
    back without naming a line, by product: they use up the product's lines in their order. Never below zero.
    """
    rest = dict(recorded)
    found = {}
    for line, product, quantity in delivered:
        left = max(quantity - claimed.get(line, ZERO), ZERO)
        taken = min(left, rest.get(product, ZERO))
        if taken:
            rest[product] -= taken
        found[line] = left - taken
    return found


def reach_of(deliveries: Iterable[Delivery], shipped: Decimal, quantity: Decimal) -> datetime | None:
    """When the oldest delivery left that a return of `quantity` has to reach back to; None when none is known.

    The newest deliveries count first, in the partner's favour. `shipped` bounds what the deliveries may add up to, for
    the log also has shipments that were turned away.
    """
    known, total = [], ZERO
    for each in sorted(deliveries):
        if total + each.quantity <= shipped:
            known.append(each)
            total += each.quantity
    covered, oldest = ZERO, None
    for each in reversed(known):
        oldest = each.at
        covered += each.quantity
        if covered >= quantity:
            break
    return oldest
