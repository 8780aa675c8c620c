"""Shipments: what left, against what was ordered and reserved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.channel.orders.core.book import released_from
from headgate.channel.orders.core.state import ZERO, OrderState, Reserved
from headgate.domain.orders import parse_shipment
from headgate.kernel.errors import refused
from headgate.kernel.money import to_minor


def shipped(state: OrderState, data: Mapping[str, Any], now: datetime) -> OrderState:
    """The order after a shipment. Raises `Refused` for unknown lines and for more than was ordered."""
    shipment = parse_shipment(dict(data))
    ordered = {line.line: line.quantity for line in state.order.lines}
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
                f"brings line {item.line} to {total:f} of {ordered[item.line]:f} ordered",
                "Correct the shipment or amend the order.",
            )
        sent[item.line] = total
        reserved, taken = released_from(reserved, item.line, item.quantity, shipment.warehouse)
        gone.extend(taken)
    complete = all(sent.get(line, ZERO) >= quantity for line, quantity in ordered.items())
    counted, unbilled = _billing(state, sent, ordered, complete)
    return replace(
        state,
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
