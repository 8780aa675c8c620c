"""The facts of a batch of order events: loaded once, kept true in memory while the batch goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from headgate.channel.orders.core.state import ZERO, OrderChanged, OrderState, Reserved
from headgate.domain.checks import EarlierOrder, OrderFacts, PartnerFacts, ProductFacts, Rules
from headgate.domain.credit import CreditAccount, children_of, credit_levels
from headgate.domain.fx import Rates
from headgate.domain.orders import Order, parse_order
from headgate.domain.pricing import PriceBook
from headgate.domain.stock import StockLevel
from headgate.domain.tax import TaxEngine

NO_ORDERS: Mapping[str, EarlierOrder] = {}


@dataclass(slots=True)
class OrderBook:
    """What the actions see.

    `orders` are as the batch stands, `loaded` as they were stored before it, `stored` as they are by now; `_draft` is
    the order as the running event has changed it so far. `metered` is what the batch has taken from terms with a
    maximum quantity since `prices` were loaded.
    """

    orders: dict[str, OrderState]
    partners: Mapping[str, PartnerFacts]
    products: Mapping[str, ProductFacts]
    prices: PriceBook
    tax: TaxEngine
    rates_by_day: Mapping[date, Rates]
    accounts: dict[str, CreditAccount]
    stock: dict[str, tuple[StockLevel, ...]]
    earlier: dict[str, dict[str, EarlierOrder]]  # by partner and order
    rules: Rules
    currency: str
    now: datetime
    reservation_days: int = 30
    children: Mapping[str, Sequence[str]] = field(default_factory=dict)
    loaded: Mapping[str, OrderState] = field(default_factory=dict)
    stored: dict[str, OrderState] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)
    contents: Mapping[int, Order] = field(default_factory=dict)  # by the event that brought them
    metered: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    _draft: tuple[int, OrderState] | None = None

    def __post_init__(self) -> None:
        self.loaded = dict(self.orders)
        self.stored = dict(self.orders)
        if not self.children:
            self.children = children_of(self.accounts)

    def current(self, seq: int, order_no: str) -> OrderState | None:
        """The order as event `seq` sees it, its own changes included."""
        if self._draft is not None and self._draft[0] == seq and self._draft[1].order.order == order_no:
            return self._draft[1]
        return self.orders.get(order_no)

    def put(self, seq: int, state: OrderState) -> OrderChanged:
        """Note a change made by event `seq`; it counts for others only once the event has been applied as a whole."""
        self._draft = (seq, state)
        if not self.seqs or self.seqs[-1] != seq:
            self.seqs.append(seq)
        return OrderChanged(state)

    def rates_of(self, order: Order) -> Rates:
        """The exchange rates of the day an order was placed."""
        return self.rates_by_day.get(order.placed_at.date(), {})

    def content(self, seq: int, data: Mapping[str, object]) -> Order:
        """The order an event brings. Raises Invalid where it is malformed."""
        return self.contents.get(seq) or parse_order(data)

    def facts_for(
        self,
        order: Order,
        waived: frozenset[tuple[str, str]],
        ceilings: Mapping[str, Decimal],
    ) -> OrderFacts:
        """The facts of one order, without what it holds itself by the events applied so far."""
        partner = self.partners.get(order.partner)
        rates = self.rates_of(order)
        account = partner.account if partner else None
        # Not the draft: what it gave up is given back to stock, credit and meters only once its event is applied.
        holding = self.orders.get(order.order)
        return OrderFacts(
            order=order,
            partner=partner,
            products=self.products,
            book=self.prices,
            tax=self.tax,
            tenant_currency=self.currency,
            at=order.placed_at,
            as_known=self.now,
            stock=self._free_of(holding),
            credit=credit_levels(account, self.accounts, rates, children=self.children) if account else (),
            counted=holding.counted if holding is not None and holding.account == account else ZERO,
            rates=rates,
            earlier=self.earlier.get(order.partner, NO_ORDERS).values(),
            rules=self.rules,
            waived=waived,
            ceilings=ceilings,
            metered=self._metered_without(holding),
        )

    def _metered_without(self, holding: OrderState | None) -> Mapping[tuple[str, int], Decimal]:
        if holding is None or not holding.exception_uses:
            return self.metered
        others = dict(self.metered)
        for term, quantity in holding.exception_uses.items():
            others[term] = others.get(term, ZERO) - quantity
        return others

    def _free_of(self, holding: OrderState | None) -> Mapping[str, tuple[StockLevel, ...]]:
        if holding is None or not holding.reserved:
            return self.stock
        free = dict(self.stock)
        for held in holding.reserved:
            free[held.product] = _adjusted(free.get(held.product, ()), held.warehouse, -held.quantity, ZERO)
        return free

    def apply(self, changes: Iterable[OrderChanged]) -> None:
        """Make changes of an applied event count for the events behind it: of each order, the last one."""
        for order_no, after in {change.state.order.order: change.state for change in changes}.items():
            before = self.orders.get(order_no)
            self.orders[order_no] = after
            self._draft = None
            self._apply_stock(before, after)
            self._apply_credit(before, after)
            for term, quantity in metered_deltas(before, after).items():
                self.metered[term] = self.metered.get(term, ZERO) + quantity
            self._apply_earlier(after)

    def _apply_stock(self, before: OrderState | None, after: OrderState) -> None:
        for product, warehouse, reserved, gone in stock_deltas(before, after):
            self.stock[product] = _adjusted(self.stock.get(product, ()), warehouse, reserved, gone)

    def _apply_credit(self, before: OrderState | None, after: OrderState) -> None:
        for account, open_orders, unbilled in credit_deltas(before, after):
            known = self.accounts.get(account)
            if known is not None:
                self.accounts[account] = known._replace(
                    open_orders=known.open_orders + open_orders,
                    shipped_unbilled=known.shipped_unbilled + unbilled,
                )

    def _apply_earlier(self, after: OrderState) -> None:
        order = after.order
        of_partner = self.earlier.setdefault(order.partner, {})
        if after.status not in ("cancelled", "rejected"):
            of_partner[order.order] = earlier_of(after)
        else:
            of_partner.pop(order.order, None)


def earlier_of(state: OrderState) -> EarlierOrder:
    """An order as later orders of the partner see it."""
    order = state.order
    return EarlierOrder(order.order, order.placed_at, order.customer_reference, state.line_key, state.tenant_total)


def _adjusted(levels: Sequence[StockLevel], warehouse: str, reserved: Decimal, gone: Decimal) -> tuple[StockLevel, ...]:
    return tuple([level.moved(reserved, gone) if level.warehouse == warehouse else level for level in levels])


def stock_deltas(before: OrderState | None, after: OrderState) -> list[tuple[str, str, Decimal, Decimal]]:
    """(product, warehouse, change of reserved, units that left) between two states of an order."""
    held = _between(before.reserved if before else (), after.reserved)
    gone = _between(before.shipped_from if before else (), after.shipped_from)
    places = sorted({**held, **gone} if gone else held)
    found = [(*place, held.get(place, ZERO), gone.get(place, ZERO)) for place in places]
    return [f for f in found if f[2] or f[3]]


def _between(before: Sequence[Reserved], after: Sequence[Reserved]) -> dict[tuple[str, str], Decimal]:
    """By product and warehouse, how much more there is after than before."""
    sums: dict[tuple[str, str], Decimal] = {}
    for _, product, warehouse, quantity in after:
        place = product, warehouse
        sums[place] = sums[place] + quantity if place in sums else quantity
    for _, product, warehouse, quantity in before:
        place = product, warehouse
        sums[place] = sums.get(place, ZERO) - quantity
    return sums


def credit_deltas(before: OrderState | None, after: OrderState) -> list[tuple[str, Decimal, Decimal]]:
    """(account, change of open orders, change of shipped unbilled), in the account's currency."""
    changes: dict[str, tuple[Decimal, Decimal]] = {}
    for sign, state in ((-1, before), (1, after)):
        if state is None or state.account is None:
            continue
        open_orders, unbilled = changes.get(state.account, (ZERO, ZERO))
        changes[state.account] = (open_orders + sign * state.counted, unbilled + sign * state.unbilled)
    return [(account, *change) for account, change in sorted(changes.items()) if any(change)]


def metered_deltas(before: OrderState | None, after: OrderState) -> dict[tuple[str, int], Decimal]:
    """What an order takes from (or gives back to) terms with a maximum quantity, between two states of it."""
    uses = dict(after.exception_uses)
    for term, quantity in before.exception_uses.items() if before else ():
        uses[term] = uses.get(term, ZERO) - quantity
    return {term: quantity for term, quantity in uses.items() if quantity}


def released_from(
    reserved: Iterable[Reserved], line: str, quantity: Decimal, warehouse: str
) -> tuple[list[Reserved], list[Reserved]]:
    """Take a shipped quantity of a line out of its reservations: what remains, and what was taken where.

    The named warehouse is used first, then the others in order.
    """
    left = quantity
    remaining, taken = [], []
    for held in sorted(reserved, key=lambda r: (r.warehouse != warehouse, r.warehouse)):
        part = min(left, held.quantity) if held.line == line else ZERO
        if part:
            taken.append(held._replace(quantity=part))
            left -= part
        if held.quantity > part:
            remaining.append(held._replace(quantity=held.quantity - part))
    return remaining, taken
