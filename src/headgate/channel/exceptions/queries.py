"""What is asked of price exceptions: the list people look at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.channel.masters import Page, decode_cursor, page_of, page_size
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant

LIST = """
select e.request, e.partner, e.product, e.unit_price, e.contract_price, e.currency, e.max_quantity, e.valid_from,
       e.valid_until, e.status, e.stake, e.requested_by, e.order_no, e.agreement, e.case_id, e.updated_at
from price_exceptions e left join products p on p.product = e.product
where (%(partner)s = '' or e.partner = %(partner)s) and (%(status)s = '' or e.status = %(status)s)
  and (%(order)s = '' or e.order_no = %(order)s)
  and (%(text)s = '' or strpos(lower(e.request || ' ' || e.product || ' ' || coalesce(p.name, '')
       || ' ' || coalesce(e.order_no, '')), lower(%(text)s)) > 0)
  and (%(since)s::timestamptz is null or e.updated_at >= %(since)s)
  and (%(until)s::timestamptz is null or e.updated_at < %(until)s)
  and (%(after_at)s::timestamptz is null or (e.updated_at, e.request) < (%(after_at)s, %(after)s))
order by e.updated_at desc, e.request desc limit %(limit)s
"""


def list_exceptions(
    conn: Connection[Any],
    *,
    partner: str = "",
    status: str = "",
    order: str = "",
    text: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[dict[str, Any]]:
    """Price exceptions, last changed first. `order` is the one they are for; `text` is sought in request, product and
    order; changed from `since` to before `until`."""
    at, request = decode_cursor(cursor, 2)
    wanted = {"partner": partner, "status": status, "order": order, "text": text, "since": since, "until": until}
    after = {"after_at": parse_instant("cursor", at) if at else None, "after": request}
    with conn.cursor(row_factory=dict_row) as rows:
        found = rows.execute(LIST, {**wanted, **after, "limit": page_size(limit) + 1}).fetchall()
    return page_of(found, limit, lambda row: (instant_text(row["updated_at"]), row["request"]))
