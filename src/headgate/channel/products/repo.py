"""SQL of products."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.channel.products.core.record import Product
from headgate.domain.checks.facts import ProductFacts
from headgate.store import jsonb

# In order of codes against deadlocks; a snapshot older than what is stored changes nothing.
UPSERT = """
insert into products (
    product, name, family, category, tax_class, unit, cost, cost_currency, list_price, list_currency, min_quantity,
    multiple, status, export_controlled, substitutes, recorded_at
)
select product, name, family, category, tax_class, unit, cost, cost_currency, list_price, list_currency, min_quantity,
    multiple, status, export_controlled, array(select jsonb_array_elements_text(substitutes::jsonb)), recorded_at
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::text[], %s::numeric[],
    %s::text[], %s::numeric[], %s::numeric[], %s::text[], %s::bool[], %s::text[], %s::timestamptz[]
) as r(
    product, name, family, category, tax_class, unit, cost, cost_currency, list_price, list_currency, min_quantity,
    multiple, status, export_controlled, substitutes, recorded_at
)
order by product
on conflict (tenant_id, product) do update set
    name = excluded.name, family = excluded.family, category = excluded.category, tax_class = excluded.tax_class,
    unit = excluded.unit, cost = excluded.cost, cost_currency = excluded.cost_currency,
    list_price = excluded.list_price, list_currency = excluded.list_currency, min_quantity = excluded.min_quantity,
    multiple = excluded.multiple, status = excluded.status, export_controlled = excluded.export_controlled,
    substitutes = excluded.substitutes, recorded_at = excluded.recorded_at
where excluded.recorded_at >= products.recorded_at
"""

_FIELDS = (
    "p.product, p.name, p.family, p.category, p.tax_class, p.unit, {own}, p.list_price, "
    "p.list_currency, p.min_quantity, p.multiple, p.status, p.export_controlled, p.substitutes"
)
# What is for staff is not even read for others.
_OWN, _NOT_TOLD = "p.cost, p.cost_currency", "null::numeric, ''"

# In the order of the fields of ProductFacts.
LOAD = """
select product, name, family, category, tax_class, unit, cost, cost_currency, min_quantity, multiple, status,
    export_controlled
from products where product = any(%s)
"""

_VIEW = f"""
select {_FIELDS}, p.recorded_at,
    (select sum(s.on_hand - s.reserved - s.safety_stock + s.inbound) from stock s where s.product = p.product)
from products p
"""

LIST = f"""
{_VIEW}
where p.product > %(after)s
    and (%(status)s::text = '' or p.status = %(status)s)
    and (%(family)s::text = '' or p.family = %(family)s)
    and (%(category)s::text = '' or p.category = %(category)s)
    and (%(text)s::text = '' or strpos(lower(p.product || ' ' || p.name), lower(%(text)s)) > 0)
order by p.product limit %(limit)s
"""

NAMES_OF = "select product, name from products where product = any(%s)"
NAMES = "select product, name from products where status = 'active' order by product limit %s"

GET = f"{_VIEW} where p.product = %s"


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product with what all warehouses together can promise, None where it is not stocked."""

    product: Product
    recorded_at: datetime
    atp: Decimal | None


def upsert(conn: Connection[Any], rows: Sequence[tuple[Product, datetime]]) -> None:
    """Write the newest snapshot of each product."""
    values = [
        (
            p.product,
            p.name,
            p.family,
            p.category,
            p.tax_class,
            p.unit,
            p.cost,
            p.cost_currency,
            p.list_price,
            p.list_currency,
            p.min_quantity,
            p.multiple,
            p.status,
            p.export_controlled,
            jsonb(p.substitutes),
            at,
        )
        for p, at in rows
    ]
    conn.execute(UPSERT, [list(column) for column in zip(*values, strict=True)])


def load(conn: Connection[Any], codes: Collection[str]) -> dict[str, ProductFacts]:
    """The products of these codes that exist."""
    return {row[0]: ProductFacts(*row) for row in conn.execute(LOAD, (list(codes),))}


def list_views(conn: Connection[Any], params: dict[str, object], *, costs: bool) -> list[ProductView]:
    """One page of products, and one more."""
    return [_view(row) for row in conn.execute(LIST.format(own=_OWN if costs else _NOT_TOLD).encode(), params)]


def names(conn: Connection[Any], most: int) -> list[tuple[str, str]]:
    """Code and name of active products."""
    return conn.execute(NAMES, (most,)).fetchall()


def names_of(conn: Connection[Any], codes: Collection[str]) -> dict[str, str]:
    """The names of these products, active or not."""
    return dict(conn.execute(NAMES_OF, (list(codes),)).fetchall())


def get_view(conn: Connection[Any], code: str, *, costs: bool) -> ProductView | None:
    """One product."""
    row = conn.execute(GET.format(own=_OWN if costs else _NOT_TOLD).encode(), (code,)).fetchone()
    return None if row is None else _view(row)


def _view(row: tuple[Any, ...]) -> ProductView:
    *fields, recorded_at, atp = row
    fields[14] = tuple(fields[14])
    return ProductView(Product(*fields), recorded_at, atp)
