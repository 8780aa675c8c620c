"""Orders found while somebody types: by the start of number or reference, through an index however many there are.

Row security lets only leak-proof operators reach an index, so a prefix is a range (`~>=~`, `~<~`) and not a pattern. An
order is also found by any part of its number or reference while it is among the newest, for people read out the digits
at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

NEWEST = 2000
_LAST = "\U0010ffff"  # sorts behind every other character
_COLUMNS = "o.order_no, o.customer_reference, o.partner, o.currency, o.placed_at, o.status, o.total"
_RANGE = f"""(
    select {_COLUMNS} from orders o where o.{{column}} ~>=~ %(from_{{place}})s and o.{{column}} ~<~ %(to_{{place}})s
    order by o.{{column}} using ~<~ limit %(limit)s
)"""
_PART = f"""(
    select {_COLUMNS} from (select * from orders order by placed_at desc, order_no desc limit %(newest)s) o
    where strpos(lower(o.order_no), %(part)s) > 0 or strpos(lower(o.customer_reference), %(part)s) > 0
    limit %(limit)s
)"""
_FOUND = """
select f.order_no, f.customer_reference as reference, coalesce(p.name, f.partner) as partner, f.currency, f.placed_at,
       f.status, f.total
from (select distinct on (order_no) * from ({found}) u) f
left join partners p on p.partner = f.partner
order by lower(f.order_no) <> %(part)s, f.placed_at desc, f.order_no limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class QuickOrder:
    """An order as one recognises it: number, the customer's reference, the partner's name, what it comes to."""

    order_no: str
    reference: str
    partner: str
    currency: str
    placed_at: datetime
    status: str
    total: Decimal


def quick_orders(conn: Connection[Any], text: str, limit: int) -> list[QuickOrder]:
    """Up to `limit` orders, the exact number first, then the newest; one query. Nothing for an empty text."""
    if not text:
        return []
    params: dict[str, object] = {"part": text.lower(), "newest": NEWEST, "limit": limit}
    parts = [_PART]
    for place, start in enumerate(dict.fromkeys((text, text.upper(), text.lower()))):
        params |= {f"from_{place}": start, f"to_{place}": start + _LAST}
        parts += [_RANGE.format(column=column, place=place) for column in ("order_no", "customer_reference")]
    with conn.cursor(row_factory=class_row(QuickOrder)) as cursor:
        return cursor.execute(_FOUND.format(found=" union all ".join(parts)), params).fetchall()
