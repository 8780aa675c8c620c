"""The simulated weeks, step by step: what is reserved, owed and shipped, and the events that tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from headgate.domain.fx import FxRate
from headgate.packs.simulator.anomalies import Planted
from headgate.packs.simulator.credits import Credits
from headgate.packs.simulator.demand import Demand
from headgate.packs.simulator.model import ZERO, Event, Order, Partner, Product, line_amount
from headgate.packs.simulator.names import BY_COUNTRY
from headgate.packs.simulator.plan import Step
from headgate.packs.simulator.prices import CENT, PriceDesk
from headgate.packs.simulator.stocks import Stocks

ERP = "erp/nordwind"
_HUNDRED = Decimal(100)


@dataclass(slots=True)
class World:
    """One pass over the plan. Without `limits` it finds the exposures; with them it sizes what depends on them."""

    partners: Sequence[Partner]
    products: Mapping[str, Product]
    desk: PriceDesk
    demand: Demand
    rates: Sequence[Mapping[tuple[str, str], FxRate]]
    start: datetime
    rising_at: datetime
    stocks: Stocks
    credits: Credits
    sizing: Mapping[str, Planted]
    events: list[Event] = field(default_factory=list)
    sized: dict[str, Decimal] = field(default_factory=dict)
    short: list[str] = field(default_factory=list)
    _now: dict[str, Order] = field(default_factory=dict)
    _left: dict[str, set[str]] = field(default_factory=dict)

    def run(self, steps: Sequence[Step], needs: Sequence[Mapping[str, int]], extra: Sequence[Event]) -> list[Event]:
        """All events in order of time: the weeks' snapshots, the steps, and `extra` ones that touch no state."""
        week, rose = 0, False
        for step in steps:
            while week < len(needs) and step.at >= self.start + timedelta(weeks=week):
                self._begin_week(week, needs[week])
                week += 1
            if not rose and step.at >= self.rising_at:
                rose = True
                self._raise_costs()
            self._step(step)
        found = [*self.events, *extra]
        return sorted(found, key=lambda e: e.time)

    def gross(self, order: Order) -> Decimal:
        """Net plus tax, the tax of each line rounded half up to the cent, in the order's currency."""
        total = ZERO
        for line in order.lines:
            amount = line_amount(line)
            total += amount + (amount * self._tax(order, line.product) / _HUNDRED).quantize(CENT, "ROUND_HALF_UP")
        return total

    def _tax(self, order: Order, product: str) -> Decimal:
        place = BY_COUNTRY.get(order.ship_to["country"])
        known = self.products.get(product)
        if place is None or known is None or order.partner.tax_exempt:
            return ZERO
        return Decimal(place.standard if known.tax_class == "standard" else place.reduced)

    def _begin_week(self, week: int, needs: Mapping[str, int]) -> None:
        at = self.start + timedelta(weeks=week, minutes=5)
        day = at.date()
        if week:
            items = [
                {"base": r.base, "quote": r.quote, "rate": format(r.rate, "f"), "valid_on": day.isoformat()}
                for r in self.rates[week + 1].values()
            ]
            self._add(ERP, f"fx:{day}", "fx_rate.recorded", "fx", at, {"items": items})
        for number, data in enumerate(self.stocks.replenish(needs)):
            self._add(ERP, f"stock:{day}:{number}", "stock.recorded", "stock", at, data)
        if week:
            accounts = self.credits.bill(at)
            self._add(ERP, f"credit:{day}", "credit_account.recorded", "credit", at, {"items": accounts})

    def _raise_costs(self) -> None:
        risen = [replace(p, cost=p.later_cost) for p in self.products.values() if p.later_cost is not None]
        items = [product_item(p) for p in risen]
        if items:
            at = self.rising_at
            self._add(ERP, f"products:{at.date()}", "product.recorded", "products", at, {"items": items})

    def _step(self, step: Step) -> None:
        order = step.order
        if step.kind == "submit":
            self._submit(step)
        elif step.kind == "amend":
            order = replace(order, lines=list(step.lines))
            data = order.as_json() | {"reason": step.reason}
            self._order_event(step.at, "order.amended", order, f"amended:{order.number}", data)
            self._hold(order, step.at)
        elif step.kind == "cancel":
            data = {"order": order.number, "reason": step.reason}
            self._order_event(step.at, "order.cancelled", order, f"cancelled:{order.number}", data)
            self.stocks.release(order.number)
            self.credits.drop(order.partner.account, order.number)
        elif step.kind == "reopen":
            data = {"order": order.number, "reason": step.reason}
            self._order_event(step.at, "order.reopened", order, f"reopened:{order.number}", data)
            self._hold(order, step.at)
        else:
            self._ship(step)

    def _submit(self, step: Step) -> None:
        order = step.order
        planted = self.sizing.get(order.number)
        if planted is not None:
            self.sized[order.number] = self._size(planted, order)
        self._order_event(step.at, "order.submitted", order, f"submitted:{order.number}", order.as_json())
        if order.fate in ("release", "flag"):
            self._hold(order, step.at)

    def _hold(self, order: Order, at: datetime) -> None:
        """Reserve stock and credit as governance does when it releases the order."""
        self._now[order.number] = order
        self._left[order.number] = {line.line for line in order.lines}
        if not self.stocks.reserve(order):
            self.short.append(order.number)
        self.credits.take(order.partner.account, order.number, self.gross(order), at)

    def _ship(self, step: Step) -> None:
        order = self._now[step.order.number]
        lines = [line.line for line in step.lines]
        left = self._left[order.number]
        amounts = {line.line: line_amount(line) for line in order.lines}
        open_ = sum((amounts[line] for line in left), ZERO)
        left -= set(lines)
        share = sum((amounts[line] for line in lines), ZERO) / open_ if left and open_ else Decimal(1)
        self.stocks.ship(order.number, lines)
        self.credits.ship(order.partner.account, order.number, share)
        number = f"SH-{order.number}-{1 if len(lines) == len(order.lines) or left else 2}"
        data = {
            "order": order.number,
            "shipment": number,
            "shipped_at": step.at.isoformat(timespec="seconds"),
            "lines": [{"line": line.line, "quantity": str(line.quantity)} for line in step.lines],
        }
        self._add(ERP, f"shipped:{number}", "shipment.confirmed", order.number, step.at, data)

    def _size(self, planted: Planted, order: Order) -> Decimal:
        """Make a planted order as large as its kind needs now; the money at stake in EUR."""
        if planted.kind == "out_of_stock":
            line = next(line for line in order.lines if line.line == planted.line)
            product = self.products[line.product]
            free = self.stocks.available(line.product)
            wanted = free + max(2, free // 4) + product.typical
            self._requantify(order, line.line, wanted)
            line = next(line for line in order.lines if line.line == planted.line)
            missing = line.unit_price * (line.quantity - free)
            return self.desk.in_eur(missing, order.currency, order.at)
        account = order.partner.account
        headroom = self.credits.headroom(account)
        target = headroom + self.credits.accounts[account].limit * Decimal("0.08") + 50
        line = order.lines[0]
        while self.gross(order) < target:
            each = self.gross(order) / order.lines[0].quantity
            self._requantify(order, line.line, max(order.lines[0].quantity + 1, int(target / each) + 1))
        return self.desk.in_eur(self.gross(order) - headroom, order.currency, order.at)

    def _requantify(self, order: Order, code: str, quantity: int) -> None:
        for place, line in enumerate(order.lines):
            if line.line == code:
                product = self.products[line.product]
                whole = -(-quantity // product.multiple) * product.multiple
                changed = self.demand.line(order.at, order.partner, 1, product, whole)
                order.lines[place] = replace(changed, line=line.line)

    def _order_event(self, at: datetime, kind: str, order: Order, event_id: str, data: dict[str, Any]) -> None:
        self._add(f"storefront/{order.storefront}", event_id, kind, order.number, at, data)

    def _add(self, source: str, event_id: str, kind: str, subject: str, at: datetime, data: Mapping[str, Any]) -> None:
        self.events.append(Event(source, event_id, kind, subject, at, data))


def product_item(product: Product) -> dict[str, Any]:
    """A product as `product.recorded` takes it."""
    return {
        "product": product.code,
        "name": product.name,
        "family": product.family,
        "category": product.category,
        "tax_class": product.tax_class,
        "unit": product.unit,
        "cost": format(product.cost, "f"),
        "cost_currency": "EUR",
        "list_price": format(product.list_price, "f"),
        "list_currency": "EUR",
        "min_quantity": str(product.min_quantity),
        "multiple": str(product.multiple),
        "status": product.status,
        "export_controlled": product.export_controlled,
        "substitutes": list(product.substitutes),
    }
