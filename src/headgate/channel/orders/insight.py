"""Orders in sums: a day, its hours and exceptions, a partner's year, and lists with how many there are.

Every query is bounded in time or in rows. Days and hours are those of a time zone; amounts are in the tenant's currency
at each order's recorded rate unless said otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row, tuple_row

from headgate.channel.masters import Page, decode_cursor, encode_cursor
from headgate.kernel.canonical import loads
from headgate.kernel.errors import invalid
from headgate.kernel.tabular import expand

# An order that was stopped: it waits, or a person or a rule ended it.
_STOPPED = "('held', 'returned', 'rejected')"
# Straight through: not rejected, and no approval was ever asked for it.
_STRAIGHT = """o.status not in ('rejected', 'received')
    and not exists (select from approvals a where a.case_id = o.case_id and a.subject_type = 'order')"""

DAY = f"""
select count(*) filter (where o.status <> 'received') as decided,
       coalesce(sum(o.tenant_total) filter (where o.status <> 'received'), 0) as amount,
       count(*) filter (where {_STRAIGHT}) as straight,
       count(*) filter (where o.status in ('held', 'returned')) as held,
       coalesce(sum(o.tenant_total) filter (where o.status in ('held', 'returned')), 0) as held_amount
from orders o where o.placed_at >= %(since)s and o.placed_at < %(until)s
"""
EXCEPTIONS = """
select e.type, count(*) as orders, coalesce(sum(o.tenant_total), 0) as amount
from orders o cross join lateral unnest(o.exceptions) as e(type)
where o.placed_at >= %(since)s and o.placed_at < %(until)s and o.status <> 'cancelled'
group by e.type order by amount desc, e.type limit %(most)s
"""
HOURS = f"""
select extract(hour from o.placed_at at time zone %(zone)s)::int as hour, count(*) as orders,
       count(*) filter (where o.status in {_STOPPED}) as stopped
from orders o where o.placed_at >= %(since)s and o.placed_at < %(until)s group by 1
"""
DAYS = f"""
select (o.placed_at at time zone %(zone)s)::date as day, count(*) as orders,
       count(*) filter (where o.status in {_STOPPED}) as stopped
from orders o where o.placed_at >= %(since)s and o.placed_at < %(until)s group by 1
"""
SHARE = f"""
select count(*) filter (where {_STRAIGHT}) as straight, count(*) filter (where o.status <> 'received') as decided
from orders o
where o.placed_at >= %(since)s and o.placed_at < %(until)s and (%(partner)s::text = '' or o.partner = %(partner)s)
"""
# Monday weeks and calendar months of the zone; `place` counts from the first one asked for.
SPANS = """
select o.partner,
       case when %(unit)s = 'week'
           then ((o.placed_at at time zone %(zone)s)::date - %(first)s::date) / 7
           else (extract(year from o.placed_at at time zone %(zone)s) * 12
               + extract(month from o.placed_at at time zone %(zone)s)
               - extract(year from %(first)s::date) * 12 - extract(month from %(first)s::date))::int
       end as place,
       sum(o.tenant_total) as amount
from orders o
where o.placed_at >= %(since)s and o.partner = any(%(partners)s) and o.status not in ('cancelled', 'rejected')
group by 1, 2
"""
MARGIN = """
select sum(l.margin * o.rate) as margin, sum(l.amount * o.rate) as amount
from orders o join order_lines l on l.order_no = o.order_no
where o.partner = %(partner)s and o.placed_at >= %(since)s and o.status not in ('cancelled', 'rejected')
  and l.margin is not null
"""
# Of lines with a known cost; null where a line has none, for a margin over some lines would mislead.
SUMS_OF = """
select l.order_no, count(*) as lines,
       case when bool_and(l.margin is not null) and sum(l.amount) <> 0
           then sum(l.margin) * 100 / sum(l.amount) end as margin_pct
from order_lines l where l.order_no = any(%s) group by l.order_no
"""
_BROWSE = """
select o.order_no, o.partner, o.storefront, o.currency, o.placed_at, o.status, o.total, o.tenant_total, o.exceptions
from orders o where {filters} order by o.placed_at desc, o.order_no desc limit %(limit)s
"""
_BOUNDED = """
select count(*) as orders, coalesce(sum(tenant_total), 0) as amount
from (select o.tenant_total from orders o where {filters} limit %(most)s + 1) found
"""
CHOICES = """
select array(select distinct storefront from (select storefront from orders order by placed_at desc limit 5000) s),
       array(select distinct unnest(exceptions)
             from (select exceptions from orders order by placed_at desc limit 5000) e),
       exists (select from orders),
       (select count(*) from (select from orders where status = 'held' limit 1000) h)
"""
RECORDS = """
select evaluations::text from decisions
where subject_type = 'order' and at >= %(since)s order by at desc limit %(most)s
"""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Orders placed in a span of time: how many were decided, went straight through, wait."""

    decided: int
    amount: Decimal
    straight: int
    held: int
    held_amount: Decimal


NO_ORDERS = DayTotals(0, Decimal(0), 0, 0, Decimal(0))


@dataclass(frozen=True, slots=True)
class ExceptionSum:
    """How many orders have an exception of this type, and what they amount to."""

    type: str
    orders: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class OrderBrief:
    """An order in a list. `total` is in its currency, `tenant_total` in the tenant's."""

    order_no: str
    partner: str
    storefront: str
    currency: str
    placed_at: datetime
    status: str
    total: Decimal
    tenant_total: Decimal
    exceptions: list[str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of the list can be set to, from the last 5,000 orders; `held` counts up to 1,000."""

    storefronts: tuple[str, ...]
    exceptions: tuple[str, ...]
    any: bool
    held: int


NO_CHOICES = Choices((), (), any=False, held=0)


def day_totals(conn: Connection[Any], since: datetime, until: datetime) -> DayTotals:
    """The orders placed from `since` to before `until`."""
    return DayTotals(*_one(conn, DAY, {"since": since, "until": until}))


def exception_sums(conn: Connection[Any], since: datetime, until: datetime, most: int = 8) -> list[ExceptionSum]:
    """The types of exceptions of the orders placed in a span, the largest amount first."""
    rows = conn.execute(EXCEPTIONS, {"since": since, "until": until, "most": most})
    return [ExceptionSum(*row) for row in rows]


def hour_counts(conn: Connection[Any], since: datetime, until: datetime, zone: str) -> dict[int, tuple[int, int]]:
    """Orders placed in a span by hour of the zone's day: how many, and how many of them were stopped."""
    rows = conn.execute(HOURS, {"since": since, "until": until, "zone": zone})
    return {hour: (orders, stopped) for hour, orders, stopped in rows}


def day_counts(conn: Connection[Any], since: datetime, until: datetime, zone: str) -> dict[date, tuple[int, int]]:
    """Orders placed in a span by day of the zone: how many, and how many of them were stopped."""
    rows = conn.execute(DAYS, {"since": since, "until": until, "zone": zone})
    return {day: (orders, stopped) for day, orders, stopped in rows}


def straight_share(conn: Connection[Any], since: datetime, until: datetime, partner: str = "") -> Decimal | None:
    """Percent of decided orders that touched nobody, None without orders."""
    straight, decided = _one(conn, SHARE, {"since": since, "until": until, "partner": partner})
    return Decimal(straight * 100) / decided if decided else None


def amounts_by_span(
    conn: Connection[Any], partners: Collection[str], first: datetime, zone: str, unit: str, count: int
) -> dict[str, tuple[Decimal, ...]]:
    """What each partner ordered per week or month (`unit`), `count` of them from the one that begins at `first`."""
    params = {"partners": list(partners), "since": first, "first": first.date(), "zone": zone, "unit": unit}
    spans = {partner: [Decimal(0)] * count for partner in partners}
    for partner, place, amount in conn.execute(SPANS, params):
        if 0 <= place < count:
            spans[partner][place] += amount
    return {partner: tuple(amounts) for partner, amounts in spans.items()}


def partner_margin(conn: Connection[Any], partner: str, since: datetime) -> Decimal | None:
    """Margin in percent over a partner's lines with a known cost, None without any."""
    margin, amount = _one(conn, MARGIN, {"partner": partner, "since": since})
    return margin * 100 / amount if amount else None


def line_sums(conn: Connection[Any], order_nos: Sequence[str]) -> dict[str, tuple[int, Decimal | None]]:
    """Number of lines and margin in percent of each order; None where a line's cost is not known."""
    return {no: (lines, margin) for no, lines, margin in conn.execute(SUMS_OF, (list(order_nos),))}


def browse_orders(
    conn: Connection[Any], wanted: Mapping[str, object], *, cursor: str = "", limit: int = 50
) -> Page[OrderBrief]:
    """One page of orders, newest first. `wanted`: status, partner, storefront, exception, since, until, text.

    `text` is sought in number, reference, partner code and partner name.
    """
    before: dict[str, object] = {}
    if cursor:
        at, order_no = decode_cursor(cursor, 2)
        try:
            before = {"before_at": datetime.fromisoformat(at), "before_no": order_no}
        except ValueError:
            raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.") from None
    params = _params(wanted) | before | {"limit": limit + 1}
    with conn.cursor(row_factory=class_row(OrderBrief)) as rows_of:
        rows = rows_of.execute(_BROWSE.format(filters=_filters(params)), params).fetchall()
    if len(rows) <= limit:
        return Page(tuple(rows))
    last = rows[limit - 1]
    return Page(tuple(rows[:limit]), encode_cursor(last.placed_at.isoformat(), last.order_no))


def bounded_totals(
    conn: Connection[Any], wanted: Mapping[str, object], most: int = 50_000
) -> tuple[int, Decimal] | None:
    """How many orders match and their sum, None when there are more than `most`."""
    params = _params(wanted) | {"most": most}
    orders, amount = _one(conn, _BOUNDED.format(filters=_filters(params)), params)
    return None if orders > most else (orders, amount)


def stream_orders(conn: Connection[Any], wanted: Mapping[str, object], most: int) -> Iterator[OrderBrief]:
    """Up to `most` matching orders, newest first, fetched piece by piece."""
    params = _params(wanted) | {"limit": most}
    with conn.cursor("orders_export", row_factory=class_row(OrderBrief)) as cursor:
        cursor.itersize = 1000
        yield from cursor.execute(_BROWSE.format(filters=_filters(params)), params)


def order_choices(conn: Connection[Any]) -> Choices:
    """What the list's filters can be set to."""
    storefronts, exceptions, any_order, held = _one(conn, CHOICES, {})
    return Choices(tuple(sorted(storefronts)), tuple(sorted(exceptions)), any_order, held)


def row_hits(conn: Connection[Any], policy: str, version: int, since: datetime, most: int = 500) -> dict[str, int]:
    """To how many of the last `most` order decisions each row of a policy version applied."""
    hits: Counter[str] = Counter()
    for record in _records(conn, since, most):
        asked = (c["evaluation"] for c in record["checks"] if c["policy"] == policy)
        hits.update({row for e in asked if e["version"] == version for row in e["rows"]})
    return dict(hits)


def asked_policies(conn: Connection[Any], most: int = 20) -> set[str]:
    """The policies that the last order decisions asked on their way; those make no decisions of their own."""
    asked: set[str] = set()
    for record in _records(conn, _EVER, most):
        asked.update(c["policy"] for c in record["checks"] if c["policy"])
        if record["naming"]:
            asked.add(record["naming"]["policy"])
    return asked


def _records(conn: Connection[Any], since: datetime, most: int) -> Iterator[dict[str, Any]]:
    """What the last order decisions weighed, newest first."""
    for (text,) in conn.execute(RECORDS, {"since": since, "most": most}):
        record = expand(loads(text))
        # What the matrix decided about an order's approvals is a list of evaluations; no check is in it.
        if isinstance(record, dict):
            yield record


def _params(wanted: Mapping[str, object]) -> dict[str, object]:
    text = str(wanted.get("text") or "")
    like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {**wanted, "text": text, "like": f"%{like}%"}


def _filters(params: Mapping[str, object]) -> str:
    clauses = {
        "status": "o.status = %(status)s",
        "partner": "o.partner = %(partner)s",
        "storefront": "o.storefront = %(storefront)s",
        "exception": "%(exception)s = any(o.exceptions)",
        "since": "o.placed_at >= %(since)s",
        "until": "o.placed_at < %(until)s",
        "text": """(o.order_no ilike %(like)s or o.customer_reference ilike %(like)s or o.partner ilike %(like)s
            or o.partner in (select p.partner from partners p where p.name ilike %(like)s))""",
        "before_at": "(o.placed_at, o.order_no) < (%(before_at)s, %(before_no)s)",
    }
    return " and ".join(sql for name, sql in clauses.items() if params.get(name)) or "true"


def _one(conn: Connection[Any], query: str, params: Mapping[str, object]) -> tuple[Any, ...]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query, params).fetchone()
    assert row is not None, "an aggregate has one row"
    return row
