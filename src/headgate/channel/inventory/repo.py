"""SQL of stock and reservations.

Locks are always taken in one order: stock rows by product and warehouse first, reservations after them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.channel.inventory.core.holds import Hold, Place, StockDelta
from headgate.domain.stock import StockLevel
from headgate.store import Later

# In the order of the fields of StockLevel.
_LEVEL = "s.product, s.warehouse, s.region, s.on_hand, s.reserved, s.safety_stock, s.inbound, s.threshold"
_ATP = "s.on_hand - s.reserved - s.safety_stock + s.inbound"

LOAD = f"select {_LEVEL} from stock s where s.product = any(%s) order by s.product, s.warehouse"
LOAD_LOCKED = f"{LOAD} for no key update"

# The places named, and those where the orders hold something.
LOCK_PLACES = """
select from stock s
where (s.product, s.warehouse) in (
    select * from unnest(%s::text[], %s::text[])
    union select r.product, r.warehouse from reservations r where r.order_no = any(%s) and r.status = 'held'
)
order by s.product, s.warehouse for no key update
"""

# Takes snapshots that are not older than what is stored; answers with what was there before.
UPSERT = f"""
with fresh as (
    select r.* from unnest(
        %s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
        %s::timestamptz[]
    ) as r(product, warehouse, region, on_hand, safety_stock, inbound, threshold, recorded_at)
), before as (
    select {_LEVEL} from stock s join fresh using (product, warehouse)
), written as (
    insert into stock as s
        (product, warehouse, region, on_hand, safety_stock, inbound, threshold, recorded_at)
    select * from fresh order by product, warehouse
    on conflict (tenant_id, product, warehouse) do update set
        region = excluded.region, on_hand = excluded.on_hand, safety_stock = excluded.safety_stock,
        inbound = excluded.inbound, threshold = excluded.threshold, recorded_at = excluded.recorded_at
    where excluded.recorded_at >= s.recorded_at
    returning {_LEVEL}
)
select true, s.* from written s union all select false, s.* from before s
"""

ADJUST = f"""
update stock s set on_hand = s.on_hand + d.on_hand, reserved = s.reserved + d.reserved
from unnest(%s::text[], %s::text[], %s::numeric[], %s::numeric[]) as d(product, warehouse, on_hand, reserved)
where s.product = d.product and s.warehouse = d.warehouse
returning {_LEVEL}, d.on_hand, d.reserved
"""

_HOLD = "r.order_no, r.line, r.warehouse, r.product, r.quantity, r.expires_at"

HOLDS_OF_ORDERS = f"select {_HOLD} from reservations r where r.order_no = any(%s) and r.status = 'held'"

HOLDS_OF_KEYS = f"""
select {_HOLD} from reservations r
join unnest(%s::text[], %s::text[], %s::text[]) as k(order_no, line, warehouse) using (order_no, line, warehouse)
where r.status = 'held'
"""

EXPIRED = f"""
select {_HOLD} from reservations r
where r.status = 'held' and r.expires_at <= %(now)s and (%(orders)s::text[] is null or r.order_no = any(%(orders)s))
order by r.expires_at, r.order_no, r.line, r.warehouse limit %(limit)s
"""

EXPIRED_ORDERS = """
select r.order_no from reservations r where r.status = 'held' and r.expires_at <= %(now)s
group by r.order_no order by min(r.expires_at), r.order_no limit %(limit)s
"""

HOLD = """
insert into reservations (order_no, line, warehouse, product, quantity, expires_at, status, created_at, updated_at)
select order_no, line, warehouse, product, quantity, expires_at, 'held', %(now)s, %(now)s
from unnest(
    %(order_no)b::text[], %(line)b::text[], %(warehouse)b::text[], %(product)b::text[], %(quantity)s::numeric[],
    %(expires_at)s::timestamptz[]
) as r(order_no, line, warehouse, product, quantity, expires_at)
order by order_no, line, warehouse
on conflict (tenant_id, order_no, line, warehouse) do update set
    product = excluded.product, quantity = excluded.quantity, expires_at = excluded.expires_at, status = 'held',
    updated_at = excluded.updated_at
"""

RELEASE = """
update reservations r set status = 'released', updated_at = %s
from unnest(%s::text[], %s::text[], %s::text[]) as k(order_no, line, warehouse)
where r.order_no = k.order_no and r.line = k.line and r.warehouse = k.warehouse and r.status = 'held'
"""

SHIP = """
update reservations r set
    quantity = k.quantity, shipped = r.shipped + k.shipped, updated_at = %s,
    status = case when k.quantity > 0 then 'held' else 'shipped' end
from unnest(%s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[])
    as k(order_no, line, warehouse, quantity, shipped)
where r.order_no = k.order_no and r.line = k.line and r.warehouse = k.warehouse and r.status = 'held'
"""

LIST_STOCK = f"""
select {_LEVEL}, {_ATP}, s.recorded_at from stock s
where (s.product, s.warehouse) > (%(product_after)s, %(warehouse_after)s)
    and (%(product)s::text = '' or s.product = %(product)s)
    and (%(warehouse)s::text = '' or s.warehouse = %(warehouse)s)
    and (not %(below_threshold)s or {_ATP} < s.threshold)
order by s.product, s.warehouse limit %(limit)s
"""

LIST_RESERVATIONS = f"""
select {_HOLD}, r.shipped, r.status, r.created_at, r.updated_at from reservations r
where (r.order_no, r.line, r.warehouse) > (%(order_after)s, %(line_after)s, %(warehouse_after)s)
    and (%(order)s::text = '' or r.order_no = %(order)s)
    and (%(product)s::text = '' or r.product = %(product)s)
    and (%(status)s::text = '' or r.status = %(status)s)
order by r.order_no, r.line, r.warehouse limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class StockView:
    """A stock level with what it can promise. On hand is for staff; outsiders get `domain.stock.published`."""

    level: StockLevel
    atp: Decimal
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ReservationView:
    """A reservation in any state: held, shipped or released."""

    hold: Hold
    shipped: Decimal
    status: str
    created_at: datetime
    updated_at: datetime


def ask(conn: Connection[Any], products: Collection[str], *, lock: bool) -> Later[dict[str, tuple[StockLevel, ...]]]:
    """All levels of the products, by product, in order of warehouses."""
    asked = conn.execute(LOAD_LOCKED if lock else LOAD, (list(products),))

    def answer() -> dict[str, tuple[StockLevel, ...]]:
        found: dict[str, list[StockLevel]] = {}
        for row in asked.fetchall():
            found.setdefault(row[0], []).append(StockLevel(*row))
        return {product: tuple(levels) for product, levels in found.items()}

    return answer


def lock_places(conn: Connection[Any], places: Collection[Place], orders: Collection[str] = ()) -> None:
    """Lock stock rows until the end of the transaction: these places, and those of everything held for the orders."""
    conn.execute(LOCK_PLACES, ([place[0] for place in places], [place[1] for place in places], list(orders)))


def upsert(
    conn: Connection[Any], rows: Sequence[tuple[StockLevel, datetime]]
) -> tuple[list[StockLevel], list[StockLevel]]:
    """Write snapshots; the levels of the same places before, and those written after."""
    values = [
        (s.product, s.warehouse, s.region, s.on_hand, s.safety_stock, s.inbound, s.threshold, at) for s, at in rows
    ]
    before: list[StockLevel] = []
    after: list[StockLevel] = []
    for row in conn.execute(UPSERT, [list(column) for column in zip(*values, strict=True)]):
        (after if row[0] else before).append(StockLevel(*row[1:]))
    return before, after


def adjust(conn: Connection[Any], deltas: Mapping[Place, StockDelta]) -> list[tuple[StockLevel, StockDelta]]:
    """Add the deltas; the levels after, each with what was added. Places without a row are left out."""
    parameters = (
        [place[0] for place in deltas],
        [place[1] for place in deltas],
        [delta.on_hand for delta in deltas.values()],
        [delta.reserved for delta in deltas.values()],
    )
    return [(StockLevel(*row[:8]), StockDelta(row[8], row[9])) for row in conn.execute(ADJUST, parameters).fetchall()]


def holds_of_orders(conn: Connection[Any], orders: Collection[str]) -> list[Hold]:
    """What is held for these orders."""
    return [Hold(*row) for row in conn.execute(HOLDS_OF_ORDERS, (list(orders),)).fetchall()]


def holds_of_keys(conn: Connection[Any], holds: Sequence[Hold]) -> list[Hold]:
    """What is held under the same keys."""
    return [Hold(*row) for row in conn.execute(HOLDS_OF_KEYS, _keys(holds))]


def expired(conn: Connection[Any], now: datetime, limit: int, orders: Collection[str] | None) -> list[Hold]:
    """Held reservations whose time is over, oldest first."""
    parameters = {"now": now, "limit": limit, "orders": None if orders is None else list(orders)}
    return [Hold(*row) for row in conn.execute(EXPIRED, parameters)]


def expired_orders(conn: Connection[Any], now: datetime, limit: int) -> list[str]:
    """Orders with held reservations whose time is over, oldest first."""
    return [row[0] for row in conn.execute(EXPIRED_ORDERS, {"now": now, "limit": limit})]


def hold(conn: Connection[Any], now: datetime, holds: Sequence[Hold]) -> None:
    """Write holds; one under the same key is replaced."""
    order_no, line, warehouse = _keys(holds)
    parameters = {
        "now": now,
        "order_no": order_no,
        "line": line,
        "warehouse": warehouse,
        "product": [h.product for h in holds],
        "quantity": [h.quantity for h in holds],
        "expires_at": [h.expires_at for h in holds],
    }
    conn.execute(HOLD, parameters)


def release(conn: Connection[Any], now: datetime, holds: Sequence[Hold]) -> None:
    """Mark holds as released."""
    conn.execute(RELEASE, (now, *_keys(holds)))


def ship(conn: Connection[Any], now: datetime, holds: Sequence[Hold], shipped: Sequence[Decimal]) -> None:
    """Write what remains of holds, and what was shipped of each."""
    conn.execute(SHIP, (now, *_keys(holds), [h.quantity for h in holds], list(shipped)))


def list_stock(conn: Connection[Any], params: dict[str, object]) -> list[StockView]:
    """One page of levels, and one more."""
    return [StockView(StockLevel(*row[:8]), *row[8:]) for row in conn.execute(LIST_STOCK, params)]


def list_reservations(conn: Connection[Any], params: dict[str, object]) -> list[ReservationView]:
    """One page of reservations, and one more."""
    return [ReservationView(Hold(*row[:6]), *row[6:]) for row in conn.execute(LIST_RESERVATIONS, params)]


def _keys(holds: Sequence[Hold]) -> tuple[list[str], list[str], list[str]]:
    return [h.order for h in holds], [h.line for h in holds], [h.warehouse for h in holds]
