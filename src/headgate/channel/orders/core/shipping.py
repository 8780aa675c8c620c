"""Shipments: what left, against what was ordered and reserved."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.channel.orders.core.book import released_from
from headgate.channel.orders.core.state import ZERO, OrderState, Reserved
from headgate.domain.orders import parse_shipment
from headgate.kernel.errors import refused
from headgate.kernel.money import to_minor
from headgate.kernel.phrases import phrase


def shipped(
    state: OrderState, data: Mapping[str, Any], now: datetime, stocked: Container[tuple[str, str]]
) -> OrderState:
    """The order after a shipment. Raises `Refused` for unknown lines and for more than was ordered.

    What left beyond what was held (a hold that ended, a back-order) is taken off the warehouse that is named, where the
    product is `stocked` there; where it left otherwise, the next snapshot has to tell.
    """
    shipment = parse_shipment(dict(data))
    ordered = {line.line: line.quantity for line in state.order.lines}
    products = {line.line: line.product for line in state.order.lines}
    sent = dict(state.shipped)
    reserved: list[Reserved] = list(state.reserved)
    gone: list[Reserved] = list(state.shipped_from)
    for index, item in enumerate(shipment.lines):
        if item.line not in ordered:
            raise refused(f"lines[{index}].line", item.line, "is not a line of this order", "Check the shipment.")
        total = sent.get(item.line, ZERO) + item.quantity
        if total > ordered[item.line]:
            raise refused(
                f"lines[{index}].quantity",
                item.quantity,
                phrase(
                    "brings line %(line)s to %(total)s of %(ordered)s ordered",
                    line=item.line,
                    total=f"{total:f}",
                    ordered=f"{ordered[item.line]:f}",
                ),
                "Correct the shipment or amend the order.",
            )
        sent[item.line] = total
        reserved, taken = released_from(reserved, item.line, item.quantity, shipment.warehouse)
        gone.extend(taken)
        place = (products[item.line], shipment.warehouse)
        beyond = item.quantity - sum((t.quantity for t in taken), ZERO)
        if beyond > 0 and place in stocked:
            gone.append(Reserved(item.line, *place, beyond))
    complete = all(sent.get(line, ZERO) >= quantity for line, quantity in ordered.items())
    counted, unbilled = _billing(state, sent, ordered, complete)
    return state._replace(
        status="fulfilled" if complete else "shipping",
        shipped=sent,
        reserved=tuple(reserved),
        shipped_from=tuple(gone),
        counted=counted,
        unbilled=unbilled,
        updated_at=now,
    )


def _billing(
    state: OrderState, sent: Mapping[str, Decimal], ordered: Mapping[str, Decimal], complete: bool
) -> tuple[Decimal, Decimal]:
    """Move the shipped share of what the order counts for from open orders to shipped and unbilled; nothing is lost."""
    whole = state.counted + state.unbilled
    if complete or not state.total:
        return ZERO, whole
    done = sum((p.amount * sent.get(p.line, ZERO) / ordered[p.line] for p in state.priced if p.line in ordered), ZERO)
    net = sum((p.amount for p in state.priced), ZERO)
    if not net:
        return whole, ZERO
    unbilled = min(whole, to_minor(whole * done / net, state.order.currency))
    return whole - unbilled, unbilled
