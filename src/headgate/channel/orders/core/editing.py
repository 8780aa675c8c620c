"""An approver's edit: a new price that is not below what was asked, a quantity that is not above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.domain.orders import Order, OrderLine
from headgate.kernel.errors import Invalid, Problem, invalid, shorten
from headgate.kernel.money import exponent, parse_decimal

_KNOWN = {"line", "unit_price", "quantity"}


def edited(order: Order, edit: Mapping[str, Any]) -> Order:
    """The order with the edit `{lines: [{line, unit_price?, quantity?}]}` applied.

    Editing only ever asks for less: a price may rise, a quantity may fall; so who edits cannot favour the requester.
    Raises `Invalid` naming the line.
    """
    changes = edit.get("lines")
    if not isinstance(changes, list) or not changes:
        raise invalid("edit.lines", changes, "is empty", "Name at least one line with a new price or quantity.")
    lines = {line.line: line for line in order.lines}
    for index, change in enumerate(changes):
        path = f"edit.lines[{index}]"
        if not isinstance(change, Mapping) or set(change) - _KNOWN:
            raise invalid(path, change, "is not an edit of a line", "Give line, and unit_price or quantity.")
        known = lines.get(str(change.get("line")))
        if known is None:
            raise invalid(f"{path}.line", change.get("line"), "is not a line of this order")
        lines[known.line] = _edited_line(known, change, path, order.currency)
    after = order._replace(lines=tuple(lines[line.line] for line in order.lines))
    if after == order:
        raise invalid("edit", edit, "changes nothing", "Approve instead, or change a price or a quantity.")
    return after


def _edited_line(line: OrderLine, change: Mapping[str, Any], path: str, currency: str) -> OrderLine:
    price, quantity = line.unit_price, line.quantity
    problems = []
    if change.get("unit_price") is not None:
        price = parse_decimal(f"{path}.unit_price", change["unit_price"], decimals=max(4, exponent(currency)))
        if price < line.unit_price:
            problems.append(
                Problem(f"{path}.unit_price", shorten(str(price)), "is below what was asked", "Raise it or leave it.")
            )
    if change.get("quantity") is not None:
        quantity = parse_decimal(f"{path}.quantity", change["quantity"])
        if not 0 < quantity <= line.quantity:
            problems.append(
                Problem(
                    f"{path}.quantity",
                    shorten(str(quantity)),
                    "is not between 0 and what was asked",
                    "Lower it or leave it.",
                )
            )
    if problems:
        raise Invalid("; ".join(map(str, problems)), problems=problems)
    return line._replace(unit_price=price, quantity=quantity)
