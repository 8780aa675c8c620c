"""The subject port of orders: a batch's facts in a handful of queries, its changes in a handful of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.channel.agreements import ask_volatile, prices_with, use_exceptions
from headgate.channel.credit import CreditDelta, ask_credit_accounts, ask_credit_deltas
from headgate.channel.inventory import Hold, ShippedLine, ask_stock, reserve, ship, threshold_events
from headgate.channel.masters import RevisionCache
from headgate.channel.orders import repo
from headgate.channel.orders.core.book import OrderBook, credit_deltas, metered_deltas
from headgate.channel.orders.core.state import ZERO, OrderChanged, OrderState, Reserved
from headgate.channel.partners import load_partners
from headgate.channel.products import load_products
from headgate.channel.taxes import load_fx, load_tax_table
from headgate.domain.checks import EarlierOrder, Rules
from headgate.domain.orders import Order, line_content_key, parse_order
from headgate.domain.stock import ThresholdCrossing
from headgate.kernel.context import Context
from headgate.kernel.errors import Invalid
from headgate.ledger import NewEvent
from headgate.process import TenantProfile, Work
from headgate.store import Later

NEW_CONTENT = frozenset({"order.submitted", "order.amended"})
# After these an order is not checked, so nothing is looked up that it might repeat.
UNCHECKED = frozenset({"order.cancelled", "shipment.confirmed"})


@dataclass(frozen=True, slots=True)
class OrderPort:
    """Loads and writes orders; `cache` remembers masters while their revision stays the same."""

    cache: RevisionCache

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> OrderBook:
        """Lock and load everything the batch's orders need: orders, then credit accounts, then stock, each sorted."""
        stamped = self.cache.ask_at_once(conn)
        stored = repo.load(conn, {w.subject for w in work})
        brought = {w.event.seq: o for w in work if (o := _content(w)) is not None}
        contents = list(brought.values())
        checked = [*contents, *(stored[w.subject].order for w in work if _rechecks(w, stored))]
        everything = [*contents, *(s.order for s in stored.values())]
        products = {line.product for o in everything for line in o.lines}
        partners = load_partners(conn, {o.partner for o in everything}, stamped())
        accounts = {p.account for p in partners.values() if p.account} | {
            s.account for s in stored.values() if s.account
        }
        rules = rules_of(profile.settings)
        pairs = {(o.partner, line.product) for o in everything for line in o.lines}
        credit = ask_credit_accounts(conn, accounts, lock=True)
        stock = ask_stock(conn, products, lock=True)
        volatile = ask_volatile(conn, pairs, lock=True)
        earlier = _earlier(conn, checked, rules)
        # After the last lock: masters that changed while it was waited for count.
        stamped = self.cache.ask_at_once(conn)
        meters, cache = volatile(), stamped()
        facts = load_products(conn, products, cache)
        return OrderBook(
            orders=stored,
            partners=partners,
            products=facts,
            prices=prices_with(conn, pairs, meters, cache),
            tax=load_tax_table(conn, {(o.ship_to.country, o.ship_to.region) for o in everything}, set(partners), cache),
            rates_by_day=load_fx(conn, {o.placed_at.date() for o in everything}, cache),
            accounts=credit(),
            stock=stock(),
            earlier=earlier(),
            rules=rules,
            currency=profile.currency,
            now=ctx.now,
            contents=brought,
            reservation_days=int(dict(profile.settings.get("orders") or {}).get("reservation_days", 30)),
        )

    def apply(self, facts: object, records: Sequence[object]) -> None:
        """Let the next event of the batch see what this one changed."""
        assert isinstance(facts, OrderBook)
        facts.apply([r for r in records if isinstance(r, OrderChanged)])

    def send(self, conn: Connection[Any], facts: object, records: Sequence[object]) -> None:
        """Write orders as they stand so far. What they do to stock and credit is summed up and written once."""
        assert isinstance(facts, OrderBook)
        _save(conn, facts, _last(records))

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        """Write the last state of every order, and what that does to credit, stock and metered exceptions."""
        assert isinstance(facts, OrderBook)
        last = _last(records)
        if not last:
            return ()
        before = facts.loaded
        _save(conn, facts, last)
        credited = ask_credit_deltas(conn, _credit(before, last))
        crossed = _write_stock(conn, ctx, facts, before, last)
        use_exceptions(conn, _uses(before, last), at=ctx.now)
        credited()
        return threshold_events(crossed, ctx.now, f"orders:{max(facts.seqs, default=0)}")


def rules_of(settings: Mapping[str, Any]) -> Rules:
    """A tenant's order rules from its settings (`orders`), with the platform's defaults."""
    raw = dict(settings.get("orders") or {})
    limit = raw.get("split_limit")
    return Rules(
        duplicate_days=int(raw.get("duplicate_days", 7)),
        embargoed=frozenset(map(str, raw.get("embargoed") or ())),
        home_country=str(raw.get("home_country") or ""),
        split_limit=None if limit is None else Decimal(str(limit)),
        split_hours=int(raw.get("split_hours", 24)),
        tax_rounding=str(raw.get("tax_rounding", "line")),
        split_shipments=bool(raw.get("split_shipments", True)),
    )


def _content(work: Work) -> Order | None:
    """The order an event brings; a malformed one is left for the action to refuse."""
    if work.event.type not in NEW_CONTENT:
        return None
    try:
        return parse_order(work.event.data)
    except Invalid:
        return None


def _rechecks(work: Work, stored: Mapping[str, OrderState]) -> bool:
    return work.subject in stored and work.event.type not in NEW_CONTENT and work.event.type not in UNCHECKED


def _earlier(
    conn: Connection[Any], contents: Sequence[Order], rules: Rules
) -> Later[dict[str, dict[str, EarlierOrder]]]:
    if not contents:
        return dict
    first, last = min(o.placed_at for o in contents), max(o.placed_at for o in contents)
    split = first - timedelta(hours=rules.split_hours) if rules.split_limit is not None else None
    return repo.ask_earlier(
        conn,
        partners={o.partner for o in contents},
        keys={line_content_key(o) for o in contents},
        references={(o.partner, o.customer_reference) for o in contents},
        since=first - timedelta(days=rules.duplicate_days),
        until=last,
        split_since=split,
    )


def _last(records: Sequence[object]) -> dict[str, OrderState]:
    return {r.state.order.order: r.state for r in records if isinstance(r, OrderChanged)}


def _save(conn: Connection[Any], facts: OrderBook, last: Mapping[str, OrderState]) -> None:
    """Write those orders that are not stored as they stand now."""
    stored = facts.stored
    changed = {no: state for no, state in last.items() if stored.get(no) is not state}
    relined = {no for no, state in changed.items() if _relined(stored.get(no), state)}
    if changed:
        repo.save(conn, list(changed.values()), relined, relined & stored.keys())
    stored.update(changed)


def _relined(before: OrderState | None, after: OrderState) -> bool:
    return before is None or before.decision != after.decision or before.shipped != after.shipped


def _credit(before: Mapping[str, OrderState], last: Mapping[str, OrderState]) -> dict[str, CreditDelta]:
    sums: dict[str, CreditDelta] = {}
    for order_no, state in last.items():
        for account, open_orders, unbilled in credit_deltas(before.get(order_no), state):
            known = sums.get(account, CreditDelta())
            sums[account] = CreditDelta(known.open_orders + open_orders, known.shipped_unbilled + unbilled)
    return sums


def _write_stock(
    conn: Connection[Any],
    ctx: Context,
    facts: OrderBook,
    before: Mapping[str, OrderState],
    last: Mapping[str, OrderState],
) -> list[ThresholdCrossing]:
    """Bring reservations from what was loaded to what stands now: first what is held, then what left."""
    expires = ctx.now + timedelta(days=facts.reservation_days)
    holds: list[Hold] = []
    replacing: list[str] = []
    gone: list[ShippedLine] = []
    for order_no, state in last.items():
        old = before.get(order_no)
        left = _newly_shipped(old, state)
        gone.extend(ShippedLine(order_no, r.line, r.product, r.quantity, r.warehouse) for r in left)
        held = _together([*state.reserved, *left])
        if held == _together(old.reserved if old else ()):
            continue
        if old is not None and old.reserved:
            replacing.append(order_no)
        holds.extend(
            Hold(order_no, line, warehouse, product, quantity, expires)
            for (line, product, warehouse), quantity in held.items()
        )
    crossed = reserve(conn, ctx.now, holds, replacing=replacing) if holds or replacing else []
    if gone:
        crossed = [*crossed, *ship(conn, ctx.now, gone)[0]]
    return crossed


def _newly_shipped(before: OrderState | None, after: OrderState) -> list[Reserved]:
    known = _together(before.shipped_from if before else ())
    rows = []
    for (line, product, warehouse), quantity in _together(after.shipped_from).items():
        fresh = quantity - known.get((line, product, warehouse), ZERO)
        if fresh > 0:
            rows.append(Reserved(line, product, warehouse, fresh))
    return rows


def _together(rows: Collection[Reserved]) -> dict[tuple[str, str, str], Decimal]:
    sums: dict[tuple[str, str, str], Decimal] = {}
    for r in rows:
        key = (r.line, r.product, r.warehouse)
        sums[key] = sums.get(key, ZERO) + r.quantity
    return sums


def _uses(before: Mapping[str, OrderState], last: Mapping[str, OrderState]) -> dict[tuple[str, int], Decimal]:
    """How much of metered price exceptions these orders took or gave back."""
    sums: dict[tuple[str, int], Decimal] = {}
    for order_no, state in last.items():
        for term, quantity in metered_deltas(before.get(order_no), state).items():
            sums[term] = sums.get(term, ZERO) + quantity
    return {term: quantity for term, quantity in sums.items() if quantity}


__all__ = ["OrderPort", "rules_of"]
