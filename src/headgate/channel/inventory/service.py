"""Use cases of inventory: take snapshots in, reserve, give back, ship, expire, and tell of thresholds crossed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.channel.inventory import repo
from headgate.channel.inventory.core.holds import Hold, Place, Settlement, ShippedLine, StockDelta, reserving, settle
from headgate.channel.inventory.core.record import read_stock
from headgate.channel.inventory.repo import ReservationView, StockView
from headgate.channel.masters import (
    Page,
    decode_cursor,
    latest,
    page_of,
    page_size,
    read_events,
    read_items,
    refusals,
)
from headgate.domain.stock import StockLevel, ThresholdCrossing, crossings
from headgate.kernel.canonical import decimal_text
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import NewEvent, Refusal, StoredEvent
from headgate.store import Later

SOURCE = "headgate:inventory"
Announce = Callable[[Connection[Any], Context, Sequence[ThresholdCrossing]], None]


def validate(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of a `stock.recorded` event."""
    return read_items(data, read_stock)[1]


def project(
    conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent], *, announce: Announce | None = None
) -> list[Refusal]:
    """Write the levels of `stock.recorded` events, never what is reserved; bad events are refused as a whole.

    `announce` is told of thresholds that the new figures crossed.
    """
    items, bad = read_events(events, read_stock)
    kept = latest(items, lambda level: (level.product, level.warehouse))
    if kept:
        repo.lock_places(conn, list(kept))
        before, after = repo.upsert(conn, [(item.record, item.time) for item in kept.values()])
        crossed = crossings(before, after)
        if crossed and announce is not None:
            announce(conn, ctx, crossed)
    return refusals(bad)


def load_stock(
    conn: Connection[Any], products: Collection[str], *, lock: bool = False
) -> dict[str, tuple[StockLevel, ...]]:
    """All levels of the products, by product, in one query; products that are not stocked are left out.

    With `lock` the rows are locked until the end of the transaction, in sorted order. Never cached.
    """
    return ask_stock(conn, products, lock=lock)()


def ask_stock(
    conn: Connection[Any], products: Collection[str], *, lock: bool = False
) -> Later[dict[str, tuple[StockLevel, ...]]]:
    """`load_stock`, not waited for yet."""
    return repo.ask(conn, products, lock=lock) if products else dict


def load_holds(conn: Connection[Any], orders: Collection[str]) -> dict[str, tuple[Hold, ...]]:
    """What is held now for each of these orders."""
    found: dict[str, list[Hold]] = {}
    for hold in repo.holds_of_orders(conn, orders) if orders else ():
        found.setdefault(hold.order, []).append(hold)
    return {order: tuple(sorted(holds, key=lambda hold: hold.key)) for order, holds in found.items()}


def reserve(
    conn: Connection[Any], now: datetime, holds: Sequence[Hold], *, replacing: Collection[str] = ()
) -> list[ThresholdCrossing]:
    """Hold these quantities; each takes the place of what is held under its key (order, line, warehouse).

    A quantity of zero holds nothing. With `replacing`, whatever else is held for those orders is given back in the same
    step, as an amendment needs it. Whether the stock suffices is decided before, over `load_stock(…, lock=True)`.
    Raises `NotFound` for a product and warehouse without a stock row.
    """
    asked = {hold.key: hold for hold in holds}
    wanted = [hold for hold in asked.values() if hold.quantity > 0]
    replaced = set(replacing)
    orders = replaced | {hold.order for hold in holds}
    if not orders:
        return []
    repo.lock_places(conn, {hold.place for hold in wanted}, orders)
    # Read under the locks, for an expiry may give something back while we wait for them.
    held = repo.holds_of_orders(conn, orders)
    old = [hold for hold in held if hold.key in asked or hold.order in replaced]
    staying = {hold.key for hold in wanted}
    gone = [hold for hold in old if hold.key not in staying]
    if gone:
        repo.release(conn, now, gone)
    if wanted:
        repo.hold(conn, now, wanted)
    return _adjust(conn, reserving(old, wanted), strict=True)


def release(conn: Connection[Any], now: datetime, orders: Collection[str]) -> list[ThresholdCrossing]:
    """Give back everything that is held for these orders."""
    return reserve(conn, now, (), replacing=orders)


def ship(
    conn: Connection[Any], now: datetime, shipped: Sequence[ShippedLine]
) -> tuple[list[ThresholdCrossing], tuple[ShippedLine, ...]]:
    """Take shipped quantities off the holds of their lines and off the stock.

    Returns the thresholds crossed, and the quantities for which no warehouse was named and nothing was held: the next
    snapshot has to tell where they left. Shipments of products that are not stocked only use up holds.
    """
    orders = {row.order for row in shipped}
    if not orders:
        return [], ()
    repo.lock_places(conn, {(row.product, row.warehouse) for row in shipped if row.warehouse}, orders)
    settled: Settlement = settle(shipped, repo.holds_of_orders(conn, orders))
    if settled.holds:
        repo.ship(conn, now, settled.holds, settled.shipped)
    return _adjust(conn, settled.deltas, strict=False), settled.unplaced


def expired_orders(conn: Connection[Any], now: datetime, *, limit: int = 500) -> list[str]:
    """Up to `limit` orders with holds whose time is over, the longest over first."""
    return repo.expired_orders(conn, now, limit)


def expire_reservations(
    conn: Connection[Any], now: datetime, *, orders: Collection[str] | None = None, limit: int = 1000
) -> tuple[list[Hold], list[ThresholdCrossing]]:
    """Give back up to `limit` holds whose time is over: what was given back, and the thresholds crossed.

    `orders` limits it to theirs, for a caller who has locked them.
    """
    due = repo.expired(conn, now, limit, orders)
    if not due:
        return [], []
    repo.lock_places(conn, {hold.place for hold in due})
    held = {hold.key: hold for hold in repo.holds_of_keys(conn, due)}
    gone = [hold for hold in held.values() if hold.expires_at is not None and hold.expires_at <= now]
    if gone:
        repo.release(conn, now, gone)
    return sorted(gone, key=lambda hold: hold.key), _adjust(conn, reserving(gone, ()), strict=True)


def threshold_events(crossed: Sequence[ThresholdCrossing], at: datetime, cause: str) -> list[NewEvent]:
    """`inventory.threshold_breached` events for crossings that went below, `inventory.threshold_recovered` for those
    that came back.

    `cause` names what made them cross (an event number, an order) and makes the event ids: the same cause tells once.
    """
    return [
        NewEvent(
            source=SOURCE,
            event_id=f"{cause}:{found.product}:{found.warehouse}:{found.direction}",
            type=f"inventory.threshold_{found.direction}",
            subject=found.product,
            key=f"stock:{found.product}",
            time=at,
            data={
                "product": found.product,
                "warehouse": found.warehouse,
                "threshold": decimal_text(found.threshold),
                "atp_before": decimal_text(found.atp_before),
                "atp": decimal_text(found.atp_after),
            },
            actor="system",
        )
        for found in crossed
    ]


def list_stock(
    conn: Connection[Any],
    *,
    product: str = "",
    warehouse: str = "",
    below_threshold: bool = False,
    cursor: str = "",
    limit: int = 50,
) -> Page[StockView]:
    """Stock levels with ATP by product and warehouse."""
    product_after, warehouse_after = decode_cursor(cursor, 2)
    params: dict[str, object] = {
        "product_after": product_after,
        "warehouse_after": warehouse_after,
        "product": product,
        "warehouse": warehouse,
        "below_threshold": below_threshold,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_stock(conn, params), limit, lambda view: (view.level.product, view.level.warehouse))


def list_reservations(
    conn: Connection[Any], *, order: str = "", product: str = "", status: str = "", cursor: str = "", limit: int = 50
) -> Page[ReservationView]:
    """Reservations by order, line and warehouse."""
    order_after, line_after, warehouse_after = decode_cursor(cursor, 3)
    params: dict[str, object] = {
        "order_after": order_after,
        "line_after": line_after,
        "warehouse_after": warehouse_after,
        "order": order,
        "product": product,
        "status": status,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_reservations(conn, params), limit, lambda view: view.hold.key)


def _adjust(conn: Connection[Any], deltas: Mapping[Place, StockDelta], *, strict: bool) -> list[ThresholdCrossing]:
    if not deltas:
        return []
    changed = repo.adjust(conn, deltas)
    if strict and len(changed) < len(deltas):
        there = {(level.product, level.warehouse) for level, _ in changed}
        product, warehouse = next(place for place in deltas if place not in there)
        raise NotFound(
            phrase(
                "there is no stock record of %(product)s in warehouse %(warehouse)s",
                product=product,
                warehouse=warehouse,
            )
        )
    before = [level.moved(-delta.reserved, delta.on_hand) for level, delta in changed]
    return crossings(before, [level for level, _ in changed])
