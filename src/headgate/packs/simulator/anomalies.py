"""Planted anomalies: orders that break one rule on purpose, with what is known about each.

Those that need the state of the channel (credit left, stock left) are only marked here; `world` gives them their size
when their time comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from headgate.packs.simulator.demand import Demand
from headgate.packs.simulator.masters import HOME
from headgate.packs.simulator.model import ZERO, GroundTruth, Line, Order, Partner, Product, line_amount
from headgate.packs.simulator.names import EMBARGOED
from headgate.packs.simulator.prices import CENT, Agreements, NetPrice, PriceDesk, floor_of

# How many of a thousand orders are of each kind. A split is two or three orders.
SHARES: Mapping[str, int] = {
    "price_deviation": 24,
    "margin_leakage": 10,
    "expired_agreement_price": 11,
    "duplicate_order": 10,
    "split_orders": 4,
    "credit_overrun": 9,
    "blocked_partner": 6,
    "out_of_stock": 9,
    "embargoed_ship_to": 3,
    "export_controlled": 3,
    "unknown_product": 4,
    "below_minimum": 7,
    "tier_discount": 30,
}
SPLIT_LIMIT = Decimal(10_000)
_FAR_PLACES = {"BY": "Minsk", "IR": "Teheran", "KP": "Pjöngjang", "RU": "Twer", "SY": "Aleppo"}
_TOP_TIERS = ("gold", "platinum")


@dataclass(frozen=True, slots=True)
class Planted:
    """An order with its anomaly. `amount` None is filled in by `world`; `line` is the line concerned ('' for all)."""

    order: Order
    kind: str
    expected: str
    note: str
    amount: Decimal | None
    line: str = ""
    related: tuple[Order, ...] = ()

    def truth(self) -> GroundTruth:
        """The label, once orders have numbers and the amount is known."""
        related = tuple(order.number for order in self.related)
        return GroundTruth(
            self.order.number, self.kind, self.amount or ZERO, self.expected, self.note, self.line, related
        )


@dataclass(slots=True)
class Planting:
    """Plants anomalies into sound orders, or adds orders of its own (`added`)."""

    rng: Random
    demand: Demand
    desk: PriceDesk
    partners: Mapping[str, Partner]
    products: Mapping[str, Product]
    agreements: Agreements
    start: datetime
    end: datetime
    sound: list[Order]
    added: list[Order] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)

    def plant(self) -> None:
        """Plant every kind in its share. Kinds that suit few orders come first."""
        makers: dict[str, Callable[[], Planted | None]] = {
            "expired_agreement_price": self._expired,
            "margin_leakage": self._leakage,
            "export_controlled": self._export,
            "below_minimum": self._below_minimum,
            "out_of_stock": self._out_of_stock,
            "credit_overrun": self._overrun,
            "price_deviation": self._deviation,
            "unknown_product": self._unknown,
            "embargoed_ship_to": self._embargo,
            "duplicate_order": self._duplicate,
            "split_orders": self._split,
            "blocked_partner": self._blocked,
            "tier_discount": self._tier_discount,
        }
        total = len(self.sound)
        for kind, make in makers.items():
            wanted, tries = max(1, total * SHARES[kind] // 1000), 0
            while wanted and tries < 400 * (wanted + 1):
                tries += 1
                made = make()
                if made is not None:
                    made.order.planted = True
                    made.order.fate = made.expected
                    self.planted.append(made)
                    wanted -= 1

    def _draw(self, after: datetime | None = None, partners: Sequence[str] | None = None) -> Order | None:
        """A sound order that nothing was planted in, not among the first of the simulation."""
        order = self.rng.choice(self.sound)
        early = order.at < (after or self.start + timedelta(days=3))
        if order.planted or early or (partners is not None and order.partner.code not in partners):
            return None
        return order

    def _eur(self, amount: Decimal, order: Order) -> Decimal:
        return self.desk.in_eur(amount, order.currency, order.at)

    def _deviation(self) -> Planted | None:
        order = self._draw()
        if order is None:
            return None
        line = self.rng.choice(order.lines)
        if self._eur(line_amount(line), order) < 180:
            return None
        contract, pct = line.unit_price, self.rng.randint(6, 22)
        line.unit_price = (contract * (100 - pct) / 100).quantize(CENT)
        lost = self._eur((contract - line.unit_price) * line.quantity, order)
        return Planted(order, "price_deviation", "hold", f"{pct} % below the contract price", lost, line.line)

    def _tier_discount(self) -> Planted | None:
        """Partners of the best tiers are let through a little below contract, as long as the margin holds."""
        order = self._draw()
        if order is None or order.partner.tier not in _TOP_TIERS:
            return None
        line = self.rng.choice(order.lines)
        contract, pct = line.unit_price, Decimal(self.rng.randint(23, 48)) / 10
        asked = (contract * (100 - pct) / 100).quantize(CENT)
        below = (contract - asked) * 100 / contract
        product = self.products[line.product]
        dearest = max(product.cost, product.later_cost or ZERO)
        got = self._eur(asked, order)
        thin = (got - dearest) * 100 < got * (floor_of(product.family) + 1)
        if thin or not Decimal("2.1") < below < Decimal("4.9") or self._eur(line_amount(line), order) < 180:
            return None
        line.unit_price = asked
        lost = self._eur((contract - asked) * line.quantity, order)
        return Planted(order, "tier_discount", "flag", f"{pct} % below the contract price", lost, line.line)

    def _expired(self) -> Planted | None:
        net = self.rng.choice(self.agreements.expiring) if self.agreements.expiring else None
        order = self._draw(self.agreements.expiry, [net.partner] if net else [])
        if net is None or order is None or not self._ordered(order, net):
            return None
        line = next(line for line in order.lines if line.product == net.product)
        contract = line.unit_price
        below = (contract - net.value) * 100 / contract
        if below < (Decimal("5.3") if order.partner.tier in _TOP_TIERS else Decimal("2.6")):
            return self._forget(order, net)
        line.unit_price = net.value
        if self._eur(line_amount(line), order) < 130:
            return self._forget(order, net)
        lost = self._eur((contract - net.value) * line.quantity, order)
        note = f"the price of {net.agreement}-OLD, which has ended"
        return Planted(order, "expired_agreement_price", "hold", note, lost, line.line)

    def _leakage(self) -> Planted | None:
        net = self.rng.choice(self.agreements.stale) if self.agreements.stale else None
        order = self._draw(self.agreements.expiry + timedelta(days=1), [net.partner] if net else [])
        if net is None or order is None or not self._ordered(order, net):
            return None
        line = next(line for line in order.lines if line.product == net.product)
        product = self.products[net.product]
        amount = self._eur(line_amount(line), order)
        cost = (product.later_cost or product.cost) * line.quantity
        floor = floor_of(product.family)
        missing = (amount * (100 - floor) / 100 - cost) * -1
        if amount < 60 or missing * 100 < amount * Decimal("3.2"):
            return self._forget(order, net)
        note = f"the cost has risen, the net price has not; the floor is {floor} %"
        return Planted(order, "margin_leakage", "hold", note, missing.quantize(CENT), line.line)

    def _ordered(self, order: Order, net: NetPrice) -> bool:
        """Have the order's last line be of this product; False when the product stands in it already."""
        if any(line.product == net.product for line in order.lines):
            return False
        product = self.products[net.product]
        quantity = max(self.demand.quantity(order.partner, product), product.typical)
        quantity = -(-quantity // product.multiple) * product.multiple
        order.lines.append(self.demand.line(order.at, order.partner, len(order.lines) + 1, product, quantity))
        return True

    @staticmethod
    def _forget(order: Order, net: NetPrice) -> None:
        order.lines.remove(next(line for line in order.lines if line.product == net.product))

    def _duplicate(self) -> Planted | None:
        order = self._draw()
        if order is None or order.at > self.end - timedelta(days=6):
            return None
        order.planted = True  # it stays as it is: nothing else happens to an order that is repeated
        later = order.at + timedelta(hours=self.rng.choice((1, 2, 5, 24, 48, 72)), minutes=self.rng.randrange(1, 50))
        same = self.rng.random() < 0.5
        reference = order.reference if same else self.demand.reference(order.partner)
        copy = replace(order, at=later, reference=reference, lines=[replace(line) for line in order.lines])
        self.added.append(copy)
        note = "the same order again" + (" with the same reference" if same else " with another reference")
        return Planted(copy, "duplicate_order", "hold", note, self._eur(copy.net(), copy), "", (order,))

    def _split(self) -> Planted | None:
        first = self._draw()
        if first is None or first.at > self.end - timedelta(days=2) or first.partner.tier == "bronze":
            return None
        product = self.products[first.lines[0].product]
        price = self._eur(first.lines[0].unit_price, first)
        if not 20 <= price <= 250 or product.multiple > 1 or not product.stocked:
            return None
        parts: list[Order] = []
        for number in range(self.rng.choice((2, 2, 3))):
            at = first.at + timedelta(minutes=35 * number + self.rng.randrange(1, 30))
            share = Decimal(self.rng.randint(68, 78)) / 100
            quantity = max(1, int(SPLIT_LIMIT * share / (price * Decimal("1.25"))))
            while self.demand.repeats(first.partner, lines := self._one_line(first, at, product, quantity), at):
                quantity -= 1
            reference = self.demand.reference(first.partner)
            parts.append(replace(first, at=at, reference=reference, lines=lines, planted=True, fate="release"))
            self.demand.remember(parts[-1])
        self.added.extend(parts)
        total = sum((self._eur(order.net(), order) for order in parts), ZERO)
        note = f"{len(parts)} orders within hours, each under {SPLIT_LIMIT} EUR"
        for order in parts[:-1]:
            others = tuple(other for other in parts if other is not order)
            self.planted.append(Planted(order, "split_orders", "release", note, total, "", others))
        return Planted(parts[-1], "split_orders", "release", note, total, "", tuple(parts[:-1]))

    def _one_line(self, order: Order, at: datetime, product: Product, quantity: int) -> list[Line]:
        return [self.demand.line(at, order.partner, 1, product, quantity)]

    def _blocked(self) -> Planted | None:
        blocked = [p for p in self.partners.values() if p.status == "blocked"]
        template = self._draw()
        if not blocked or template is None:
            return None
        order = self.demand.order(template.at + timedelta(minutes=self.rng.randrange(60)), self.rng.choice(blocked))
        self.added.append(order)
        net = self._eur(order.net(), order)
        return Planted(order, "blocked_partner", "hold", "the partner is blocked", net)

    def _overrun(self) -> Planted | None:
        order = self._draw(self.start + timedelta(days=10))
        if order is None or order.partner.parent_account:
            return None
        # Small accounts run into their limits, and an order that does so stays within reason.
        scale = sorted(p.activity * p.size for p in self.partners.values())
        if order.partner.activity * order.partner.size > scale[len(scale) // 3]:
            return None
        licences = [p for p in self.products.values() if p.unit == "licence" and p.list_price >= 60]
        product = self.rng.choice(licences)
        order.lines[:] = [self.demand.line(order.at, order.partner, 1, product, 10)]
        return Planted(order, "credit_overrun", "hold", "more than the credit account has left", None)

    def _out_of_stock(self) -> Planted | None:
        order = self._draw()
        if order is None:
            return None
        line = self.rng.choice(order.lines)
        product = self.products[line.product]
        # Of what sells little there is little; an order for more of it stays within reason.
        if not product.stocked or product.appeal > 0.12 or product.list_price > 700:
            return None
        return Planted(order, "out_of_stock", "hold", "more than all warehouses can promise", None, line.line)

    def _embargo(self) -> Planted | None:
        order = self._draw()
        if order is None:
            return None
        country = self.rng.choice(EMBARGOED)
        order.ship_to = {
            "name": order.ship_to["name"],
            "country": country,
            "postcode": str(self.rng.randint(100_000, 999_999)),
            "city": _FAR_PLACES[country],
            "street": f"Lager {self.rng.randint(1, 40)}",
        }
        net = self._eur(order.net(), order)
        return Planted(order, "embargoed_ship_to", "reject", f"{country} is under embargo", net)

    def _export(self) -> Planted | None:
        order = self._draw()
        if order is None or order.ship_to["country"] == HOME:
            return None
        controlled = [p for p in self.products.values() if p.export_controlled and p.status == "active"]
        if not controlled:
            return None
        line = self.demand.line(order.at, order.partner, len(order.lines) + 1, self.rng.choice(controlled), 1)
        order.lines.append(line)
        note = "goods under export control would leave the country"
        return Planted(order, "export_controlled", "hold", note, self._eur(line_amount(line), order), line.line)

    def _unknown(self) -> Planted | None:
        order = self._draw()
        if order is None:
            return None
        line = self.rng.choice(order.lines)
        line.product = f"{line.product[:-1]}X"
        amount = self._eur(line_amount(line), order)
        return Planted(order, "unknown_product", "refuse", "a mistyped product code", amount, line.line)

    def _below_minimum(self) -> Planted | None:
        order = self._draw()
        if order is None:
            return None
        ruled = [line for line in order.lines if self.products[line.product].multiple > 1]
        if not ruled:
            return None
        line = self.rng.choice(ruled)
        product = self.products[line.product]
        line.quantity += self.rng.randint(1, product.multiple - 1)
        line.unit_price = self.desk.contract(order.partner, product, line.quantity, order.at)
        amount = self._eur(line_amount(line), order)
        note = f"{line.quantity} of what comes in multiples of {product.multiple}"
        return Planted(order, "below_minimum", "flag", note, amount, line.line)
