"""When partners order, and what: business hours, weekdays, month ends; baskets by Zipf and lognormal sizes."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from headgate.packs.simulator.masters import HOME
from headgate.packs.simulator.model import Line, Order, Partner, Product
from headgate.packs.simulator.prices import PriceDesk

PER_PARTNER_AND_WEEK = 9.6
_WEEKDAYS = (1.14, 1.1, 1.06, 1.0, 0.82, 0.06, 0.03)
_MONTH_END = 1.25
_HOURS = (0, 0, 0, 0, 0, 0, 1, 4, 9, 13, 14, 11, 6, 9, 12, 11, 8, 5, 2, 1, 1, 0, 0, 0)
_LINES = (30, 24, 16, 11, 7, 5, 3, 2, 1, 1)
_REPEAT = timedelta(days=9)
_KEPT_FAMILIES = {"retail": ("hardware", "accessories"), "online": ("hardware", "accessories", "software")}

Content = tuple[tuple[str, int, str], ...]


@dataclass(slots=True)
class Shelf:
    """Products a partner picks from, with running weights."""

    products: list[Product]
    weights: list[float]

    def pick(self, rng: Random) -> Product:
        return self.products[bisect(self.weights, rng.random() * self.weights[-1])]


class Demand:
    """Draws orders. Remembers what each partner ordered lately, for only planted orders repeat an earlier one."""

    def __init__(
        self, rng: Random, partners: Sequence[Partner], products: Sequence[Product], desk: PriceDesk, zone: ZoneInfo
    ) -> None:
        self._rng = rng
        self._desk = desk
        self._zone = zone
        self._shelves = {p.code: _shelf(rng, p, products) for p in partners}
        self._recent: dict[str, dict[Content, datetime]] = {p.code: {} for p in partners}
        self._references: dict[str, int] = {p.code: rng.randint(100, 4000) for p in partners}

    def times(self, partners: Sequence[Partner], start: datetime, weeks: int) -> list[tuple[datetime, Partner]]:
        """The instants at which partners order, in order."""
        rng = self._rng
        total = sum(p.activity for p in partners)
        count = int(len(partners) * weeks * PER_PARTNER_AND_WEEK)
        days = [start.astimezone(self._zone).date() + timedelta(days=n) for n in range(weeks * 7)]
        weight = [
            _WEEKDAYS[d.weekday()] * (_MONTH_END if (d + timedelta(days=3)).month != d.month else 1) for d in days
        ]
        found = []
        for partner in partners:
            share = count * partner.activity / total
            number = int(share) + (rng.random() < share % 1)
            for day in rng.choices(days, weight, k=number):
                hour = rng.choices(range(24), _HOURS)[0]
                at = datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), self._zone)
                found.append((at, partner))
        return sorted(found, key=lambda f: (f[0], f[1].code))

    def order(self, at: datetime, partner: Partner, avoid: frozenset[tuple[str, str]] = frozenset()) -> Order:
        """A sound order: contract prices, right quantities, nothing the partner ordered just so in the last days.

        `avoid` are pairs of partner and product that would not be sound now.
        """
        rng = self._rng
        ship_to = rng.choice(partner.ship_to)
        while True:
            lines = self._basket(at, partner, ship_to["country"], avoid)
            if not self.repeats(partner, lines, at):
                break
        order = Order(
            number="",
            partner=partner,
            storefront=partner.storefront,
            at=at,
            currency=partner.currency,
            ship_to=ship_to,
            reference=self.reference(partner),
            requested_by=rng.choice(partner.buyers),
            lines=lines,
        )
        self.remember(order)
        return order

    def line(self, at: datetime, partner: Partner, number: int, product: Product, quantity: int) -> Line:
        """A line at its contract price."""
        price = self._desk.contract(partner, product, quantity, at)
        return Line(str(number), product.code, quantity, price, product.unit, product.name)

    def quantity(self, partner: Partner, product: Product) -> int:
        """A lognormal quantity that keeps to minimum and multiple."""
        drawn = round(product.typical * partner.size * self._rng.lognormvariate(-0.25, 0.7))
        whole = max(product.min_quantity, min(drawn, product.typical * 8))
        return -(-whole // product.multiple) * product.multiple

    def reference(self, partner: Partner) -> str:
        """The partner's next purchase order number."""
        self._references[partner.code] += self._rng.randint(1, 3)
        return f"PO-{partner.code[2:]}-{self._references[partner.code]}"

    def remember(self, order: Order) -> None:
        """Keep an order's content in mind, so that nothing equal is drawn in the days around it."""
        self._recent[order.partner.code][content_of(order.lines)] = order.at

    def repeats(self, partner: Partner, lines: Sequence[Line], at: datetime) -> bool:
        """Whether the partner has an order with just these lines in the days around."""
        last = self._recent[partner.code].get(content_of(lines))
        return last is not None and abs(at - last) < _REPEAT

    def _basket(self, at: datetime, partner: Partner, country: str, avoid: frozenset[tuple[str, str]]) -> list[Line]:
        rng = self._rng
        shelf = self._shelves[partner.code]
        wanted = rng.choices(range(1, len(_LINES) + 1), _LINES)[0]
        lines: list[Line] = []
        taken: set[str] = set()
        while len(lines) < wanted:
            product = shelf.pick(rng)
            unfit = product.export_controlled and country != HOME
            if unfit or product.code in taken or (partner.code, product.code) in avoid:
                wanted -= rng.random() < 0.2 and wanted > 1
                continue
            taken.add(product.code)
            lines.append(self.line(at, partner, len(lines) + 1, product, self.quantity(partner, product)))
        return lines


def content_of(lines: Sequence[Line]) -> Content:
    """What is ordered, whatever the order of the lines."""
    return tuple(sorted((line.product, line.quantity, str(line.unit_price)) for line in lines))


def number_orders(orders: Sequence[Order], storefronts: Sequence[str]) -> None:
    """Give orders their numbers: per storefront, in order of time."""
    next_numbers = dict.fromkeys(storefronts, 100_000)
    for order in sorted(orders, key=lambda o: (o.at, o.partner.code, o.reference)):
        next_numbers[order.storefront] += 1
        order.number = f"{order.storefront[:3].upper()}-{next_numbers[order.storefront]}"


def _shelf(rng: Random, partner: Partner, products: Sequence[Product]) -> Shelf:
    """What a partner sells: its channel's families mostly, some articles more and some less than others do."""
    kept = _KEPT_FAMILIES.get(partner.channel)
    chosen, weights = [], []
    for product in products:
        if product.status != "active":
            continue
        weight = product.appeal * rng.uniform(0.4, 1.6)
        if kept is not None and product.family not in kept:
            weight *= 0.15
        chosen.append(product)
        weights.append(weight)
    return Shelf(chosen, list(accumulate(weights)))
