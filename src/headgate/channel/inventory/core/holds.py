"""Reservations: what changes in the stock when orders reserve, give back or ship."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)
Key = tuple[str, str, str]
Place = tuple[str, str]


class Hold(NamedTuple):
    """A quantity of a warehouse's stock that is kept for an order line, until `expires_at` if that is given."""

    order: str
    line: str
    warehouse: str
    product: str
    quantity: Decimal
    expires_at: datetime | None = None

    @property
    def key(self) -> Key:
        """What names the hold: order, line and warehouse."""
        return self.order, self.line, self.warehouse

    @property
    def place(self) -> Place:
        """The stock it is kept from: product and warehouse."""
        return self.product, self.warehouse


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """A quantity of an order line that left a warehouse; empty means one where it was held."""

    order: str
    line: str
    product: str
    quantity: Decimal
    warehouse: str = ""


class StockDelta(NamedTuple):
    """What to add to a stock level; negative to take away."""

    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Settlement:
    """What shipments do: new state of the holds (zero is all shipped), the quantity each one shipped, the stock deltas,
    and what left from nowhere known, because neither a warehouse was named nor anything held."""

    holds: tuple[Hold, ...]
    shipped: tuple[Decimal, ...]
    deltas: dict[Place, StockDelta]
    unplaced: tuple[ShippedLine, ...]


def reserving(old: Iterable[Hold], new: Iterable[Hold]) -> dict[Place, StockDelta]:
    """The change of `reserved` when new holds take the place of the old ones; places with no change are left out."""
    reserved: dict[Place, Decimal] = {}
    for hold in new:
        reserved[hold.place] = reserved.get(hold.place, ZERO) + hold.quantity
    for hold in old:
        reserved[hold.place] = reserved.get(hold.place, ZERO) - hold.quantity
    return {place: StockDelta(reserved=quantity) for place, quantity in sorted(reserved.items()) if quantity}


def settle(shipped: Sequence[ShippedLine], holds: Iterable[Hold]) -> Settlement:
    """Set shipments off against the holds of their lines.

    The hold in the warehouse it left goes first, then the line's other holds by warehouse: what was shipped from
    elsewhere need not be kept there any more. More may be shipped than was held; on hand goes down by what left.
    """
    left = {hold.key: hold for hold in holds}
    by_line: dict[tuple[str, str], list[Key]] = {}
    for key in sorted(left):
        by_line.setdefault(key[:2], []).append(key)
    sent: dict[Key, Decimal] = {}
    on_hand: dict[Place, Decimal] = {}
    reserved: dict[Place, Decimal] = {}
    unplaced: list[ShippedLine] = []
    for row in shipped:
        open_quantity = row.quantity
        keys = by_line.get((row.order, row.line), [])
        for key in sorted(keys, key=lambda key: (key[2] != row.warehouse, key[2])):
            hold = left[key]
            part = min(hold.quantity, open_quantity)
            if part <= 0:
                continue
            open_quantity -= part
            left[key] = hold._replace(quantity=hold.quantity - part)
            sent[key] = sent.get(key, ZERO) + part
            reserved[hold.place] = reserved.get(hold.place, ZERO) - part
            if not row.warehouse:
                on_hand[hold.place] = on_hand.get(hold.place, ZERO) - part
        if row.warehouse:
            place = (row.product, row.warehouse)
            on_hand[place] = on_hand.get(place, ZERO) - row.quantity
        elif open_quantity:
            unplaced.append(replace(row, quantity=open_quantity))
    deltas = {
        place: StockDelta(on_hand.get(place, ZERO), reserved.get(place, ZERO))
        for place in sorted(on_hand.keys() | reserved.keys())
    }
    touched = sorted(sent)
    return Settlement(tuple(left[key] for key in touched), tuple(sent[key] for key in touched), deltas, tuple(unplaced))
