"""Availability and allocation: what can be promised, from which warehouse, and what has to wait.

ATP (available to promise) = on hand - reserved - safety stock + confirmed inbound. Outsiders are shown ATP, never
on-hand. A product without a single stock row is not stocked (a service, postage): it needs no allocation and is never
short.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from headgate.kernel.canonical import decimal_text

ZERO = Decimal(0)


class StockLevel(NamedTuple):
    """A product in a warehouse, in the product's unit. `threshold` is compared with ATP; None means nobody asked to be
    told."""

    product: str
    warehouse: str
    region: str = ""
    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    safety_stock: Decimal = ZERO
    inbound: Decimal = ZERO
    threshold: Decimal | None = None

    def moved(self, reserved: Decimal, gone: Decimal = ZERO) -> StockLevel:
        """The level with so much more reserved and so much less on hand. Every order moves some, so not `_replace`,
        which takes three times as long."""
        product, warehouse, region, on_hand, held, safety, inbound, threshold = self
        return StockLevel(product, warehouse, region, on_hand - gone, held + reserved, safety, inbound, threshold)


Stock = Mapping[str, Sequence[StockLevel]]


class Need(NamedTuple):
    """What one order line asks for."""

    line: str
    product: str
    quantity: Decimal


class Pick(NamedTuple):
    """A quantity to reserve in one warehouse."""

    warehouse: str
    quantity: Decimal


class LineAllocation(NamedTuple):
    """Where a line is served from. `back_order` is what no warehouse can promise now; `stocked` is False for
    services."""

    line: str
    product: str
    quantity: Decimal
    picks: tuple[Pick, ...]
    back_order: Decimal
    stocked: bool

    def as_values(self) -> dict[str, object]:
        """The allocation for canonical JSON, which writes quantities as text."""
        return {
            "line": self.line,
            "product": self.product,
            "quantity": self.quantity,
            "picks": [{"warehouse": pick.warehouse, "quantity": pick.quantity} for pick in self.picks],
            "back_order": self.back_order,
            "stocked": self.stocked,
        }


@dataclass(frozen=True, slots=True)
class ThresholdCrossing:
    """ATP of a product in a warehouse went below its threshold (`breached`) or came back to it (`recovered`)."""

    product: str
    warehouse: str
    threshold: Decimal
    atp_before: Decimal
    atp_after: Decimal
    direction: str


def atp(level: StockLevel) -> Decimal:
    """On hand - reserved - safety stock + confirmed inbound; may be negative."""
    return level.on_hand - level.reserved - level.safety_stock + level.inbound


def published(level: StockLevel) -> dict[str, str]:
    """What partners may see of a stock level: the product, the warehouse and the ATP, not below zero."""
    return {
        "product": level.product,
        "warehouse": level.warehouse,
        "atp": decimal_text(max(atp(level), ZERO)),
    }


def allocate(
    needs: Sequence[Need], stock: Stock, *, region: str = "", country: str = "", split: bool = True
) -> tuple[LineAllocation, ...]:
    """Serve the lines in their order from the stock; lines of one product share it.

    Warehouses are tried in this order: those of the ship-to region (`region` or `country-region`), then those of the
    ship-to country, then by most ATP, then by code. The first that can serve a line whole does. Where none can, the
    line is split over them in the same order (`split`), and what remains is back-ordered; without `split` the whole
    line is back-ordered.
    """
    taken: dict[tuple[str, str], Decimal] = {}
    result: list[LineAllocation] = []
    near = {region, f"{country}-{region}"} if region else set()
    for need in needs:
        levels = stock.get(need.product)
        if not levels:
            result.append(LineAllocation(need.line, need.product, need.quantity, (), ZERO, False))
            continue
        free = []
        for level in levels:
            left = level.on_hand - level.reserved - level.safety_stock + level.inbound  # `atp`, without the call
            if taken:
                left -= taken.get((need.product, level.warehouse), ZERO)
            if left > 0:
                distance = 0 if level.region in near else 1 if level.region and level.region == country else 2
                free.append((distance, -left, level.warehouse))
        if len(free) > 1:
            free.sort()
        picks = _pick(free, need.quantity, split)
        short = need.quantity
        for pick in picks:
            key = (need.product, pick.warehouse)
            taken[key] = taken.get(key, ZERO) + pick.quantity
            short -= pick.quantity
        result.append(LineAllocation(need.line, need.product, need.quantity, picks, short, True))
    return tuple(result)


def reserve(stock: Stock, allocations: Iterable[LineAllocation]) -> dict[str, tuple[StockLevel, ...]]:
    """The levels of the touched products with the picks added to `reserved`: the stock the next order of the batch
    sees."""
    added: dict[str, dict[str, Decimal]] = {}
    for allocation in allocations:
        for pick in allocation.picks:
            places = added.setdefault(allocation.product, {})
            places[pick.warehouse] = places.get(pick.warehouse, ZERO) + pick.quantity
    return {
        product: tuple(
            level._replace(reserved=level.reserved + places[level.warehouse]) if level.warehouse in places else level
            for level in stock[product]
        )
        for product, places in added.items()
    }


def crossings(before: Iterable[StockLevel], after: Iterable[StockLevel]) -> list[ThresholdCrossing]:
    """Thresholds crossed between two states of the same rows; a level that stays on one side says nothing.

    Below the threshold is breached; at it or above is not. A row that is new counts as having been above.
    """
    old = {(level.product, level.warehouse): level for level in before}
    found: list[ThresholdCrossing] = []
    for level in after:
        if level.threshold is None:
            continue
        now = atp(level)
        known = old.get((level.product, level.warehouse))
        was = atp(known) if known is not None else level.threshold
        if was >= level.threshold > now:
            found.append(ThresholdCrossing(level.product, level.warehouse, level.threshold, was, now, "breached"))
        elif now >= level.threshold > was:
            found.append(ThresholdCrossing(level.product, level.warehouse, level.threshold, was, now, "recovered"))
    return found


def allocation_rank(priority: int, placed_at: datetime, order: str) -> tuple[int, datetime, str]:
    """Sort key for serving orders from scarce stock: higher priority first, then the earlier order, then by number."""
    return -priority, placed_at, order


def _pick(free: list[tuple[int, Decimal, str]], quantity: Decimal, split: bool) -> tuple[Pick, ...]:
    for _, negative, warehouse in free:
        if -negative >= quantity:
            return (Pick(warehouse, quantity),)
    if not split:
        return ()
    picks: list[Pick] = []
    left = quantity
    for _, negative, warehouse in free:
        part = min(-negative, left)
        picks.append(Pick(warehouse, part))
        left -= part
        if not left:
            break
    return tuple(picks)
