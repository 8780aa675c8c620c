"""Stock in two warehouses: reserved as governance reserves it, shipped, and replenished by weekly snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from headgate.domain.stock import LineAllocation, Need, StockLevel, allocate, atp
from headgate.packs.simulator.model import ZERO, Order, Product

WAREHOUSES = (("BER", "DE", 60), ("RTM", "NL", 40))
_ITEMS = 200


class Stocks:
    """The stock of every stocked product, as the distributor's own system and governance would both see it."""

    def __init__(self, products: Iterable[Product], rng: Random) -> None:
        self._rng = rng
        self._typical = {p.code: p.typical for p in products if p.stocked}
        self.levels: dict[str, tuple[StockLevel, ...]] = {
            code: tuple(StockLevel(code, warehouse, region) for warehouse, region, _ in WAREHOUSES)
            for code in self._typical
        }
        self._picks: dict[str, tuple[LineAllocation, ...]] = {}

    def replenish(self, needs: Mapping[str, int]) -> list[dict[str, Any]]:
        """A snapshot that covers a week's needs with some room; the data of `stock.recorded` events."""
        items: list[dict[str, Any]] = []
        for code, levels in self.levels.items():
            need, typical = needs.get(code, 0), self._typical[code]
            room = need * self._rng.randint(8, 60) // 100 + max(1, typical // 2)
            safety = max(1, (need + typical) // 10)
            found = []
            for level, (_, _, share) in zip(levels, WAREHOUSES, strict=True):
                free = -(-(need + room) * share // 100)
                found.append(
                    level._replace(
                        on_hand=level.reserved + safety + free,
                        safety_stock=Decimal(safety),
                        threshold=Decimal(max(1, room * share // 200)),
                    )
                )
            self.levels[code] = tuple(found)
            items.extend(_item(level) for level in found)
        return [{"items": items[start : start + _ITEMS]} for start in range(0, len(items), _ITEMS)]

    def available(self, product: str) -> int:
        """What all warehouses together can promise."""
        return int(sum((max(atp(level), ZERO) for level in self.levels[product]), ZERO))

    def reserve(self, order: Order) -> bool:
        """Reserve an order's lines, in place of what it held; False (and nothing held) when something is short."""
        self.release(order.number)
        needs = [Need(line.line, line.product, Decimal(line.quantity)) for line in order.lines]
        found = allocate(needs, self.levels, country=order.ship_to["country"])
        if any(line.back_order for line in found):
            return False
        self._picks[order.number] = found
        self._move(found, reserved=1)
        return True

    def release(self, number: str) -> None:
        """Give back what an order holds."""
        self._move(self._picks.pop(number, ()), reserved=-1)

    def ship(self, number: str, lines: Sequence[str]) -> None:
        """Take shipped lines out of the warehouses they were reserved in."""
        held = self._picks.pop(number, ())
        gone = tuple(line for line in held if line.line in lines)
        self._move(gone, reserved=-1, on_hand=-1)
        self._picks[number] = tuple(line for line in held if line.line not in lines)

    def _move(self, allocations: Iterable[LineAllocation], *, reserved: int, on_hand: int = 0) -> None:
        for allocation in allocations:
            for pick in allocation.picks:
                self.levels[allocation.product] = tuple(
                    level._replace(
                        reserved=level.reserved + reserved * pick.quantity,
                        on_hand=level.on_hand + on_hand * pick.quantity,
                    )
                    if level.warehouse == pick.warehouse
                    else level
                    for level in self.levels[allocation.product]
                )


def _item(level: StockLevel) -> dict[str, Any]:
    return {
        "product": level.product,
        "warehouse": level.warehouse,
        "region": level.region,
        "on_hand": format(level.on_hand, "f"),
        "safety_stock": format(level.safety_stock, "f"),
        "threshold": format(level.threshold or ZERO, "f"),
    }
