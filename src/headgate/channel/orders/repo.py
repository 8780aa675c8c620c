"""SQL of orders: whole batches in and out, and the lists people look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.channel.orders.core.state import OrderState, Priced, Reserved
from headgate.domain.checks import EarlierOrder
from headgate.domain.orders import parse_order
from headgate.kernel.canonical import canonical_text
from headgate.store import Later

LOAD = """
select
    order_no, revision, account, received_at, status, total, tax, tenant_total, rate, rate_on, counted,
    unbilled, stake, exceptions, encode(digest, 'hex'), line_key, content, decision, case_id, requested_by,
    updated_at, exception_uses, submitted_by
from orders where order_no = any(%s) order by order_no for update
"""
LOAD_LINES = """
select
    order_no, line, product, quantity, unit, unit_price, contract_price, amount, cost, margin, tax, agreement,
    shipped
from order_lines where order_no = any(%s) order by order_no, position
"""
LOAD_HELD = """
select order_no, line, product, warehouse, quantity from reservations
where order_no = any(%s) and status = 'held' and quantity > 0 order by order_no, line, warehouse
"""

LOCK_FREE = "select order_no from orders where order_no = any(%s) order by order_no for update skip locked"

_SEEN = "select o.order_no, o.partner, o.placed_at, o.customer_reference, o.line_key, o.tenant_total from orders o"
_COUNTS = "o.placed_at <= %(until)s and o.status not in ('cancelled', 'rejected')"
# Orders a new one might repeat, or be a part of: same content, same reference, or (for split orders) just before it.
# Each is found by an index of its own, so that it costs the same however many orders the partners have had; "offset 0"
# keeps the planner from joining the references with all orders instead, while it believes that there are few.
EARLIER = f"""
{_SEEN} where o.line_key = any(%(keys)b::bytea[]) and o.partner = any(%(partners)s)
  and o.placed_at >= %(since)s and {_COUNTS}
union
select o.* from unnest(%(referring)b::text[], %(references)b::text[]) as r(partner, reference) cross join lateral (
  {_SEEN} where o.partner = r.partner and o.customer_reference = r.reference
    and o.customer_reference <> '' and o.placed_at >= %(since)s and {_COUNTS} offset 0
) o
union
{_SEEN} where o.partner = any(%(splitting)s::text[]) and o.placed_at >= %(split_since)s and {_COUNTS}
"""

SAVE = """
insert into orders (
    order_no, revision, partner, account, storefront, customer_reference, currency, placed_at, received_at,
    status, total, tax, tenant_total, rate, rate_on, counted, unbilled, stake, exceptions, digest, line_key,
    content, decision, case_id, requested_by, submitted_by, updated_at, exception_uses
)
select
    order_no, revision, partner, account, storefront, customer_reference, currency, placed_at, received_at,
    status, total, tax, tenant_total, rate, rate_on, counted, unbilled, stake, case when exceptions = '' then
    '{}'::text[] else string_to_array(exceptions, ',') end, digest, line_key, content::json,
    decision, case_id, requested_by, submitted_by, updated_at, exception_uses::json
from unnest(
    %b::text[], %s::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %s::timestamptz[],
    %s::timestamptz[], %b::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::date[],
    %s::numeric[], %s::numeric[], %s::numeric[], %b::text[], %b::bytea[], %b::bytea[], %b::text[], %b::uuid[],
    %b::uuid[], %b::text[], %b::text[], %s::timestamptz[], %b::text[]
) as t(
    order_no, revision, partner, account, storefront, customer_reference, currency, placed_at, received_at,
    status, total, tax, tenant_total, rate, rate_on, counted, unbilled, stake, exceptions, digest, line_key,
    content, decision, case_id, requested_by, submitted_by, updated_at, exception_uses
)
on conflict (tenant_id, order_no) do update set
  revision = excluded.revision, account = excluded.account, storefront = excluded.storefront,
  customer_reference = excluded.customer_reference, currency = excluded.currency, placed_at = excluded.placed_at,
  status = excluded.status, total = excluded.total, tax = excluded.tax, tenant_total = excluded.tenant_total,
  rate = excluded.rate, rate_on = excluded.rate_on, counted = excluded.counted, unbilled = excluded.unbilled,
  stake = excluded.stake, exceptions = excluded.exceptions, digest = excluded.digest, line_key = excluded.line_key,
  content = excluded.content, decision = excluded.decision, requested_by = excluded.requested_by,
  submitted_by = excluded.submitted_by, updated_at = excluded.updated_at, exception_uses = excluded.exception_uses
"""
DROP_LINES = "delete from order_lines where order_no = any(%s)"
SAVE_LINES = """
insert into order_lines (
    order_no, line, position, partner, product, quantity, unit, unit_price, contract_price, amount, cost,
    margin, tax, agreement, shipped
)
select * from unnest(
    %b::text[], %b::text[], %s::int[], %b::text[], %b::text[], %s::numeric[], %b::text[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %b::text[], %s::numeric[]
)
"""


def load(conn: Connection[Any], order_nos: Collection[str]) -> dict[str, OrderState]:
    """Orders as they stand, locked, with lines and reservations."""
    wanted = sorted(set(order_nos))
    if not wanted:
        return {}
    rows = conn.execute(LOAD, (wanted,)).fetchall()
    if not rows:
        return {}
    known = [row[0] for row in rows]
    lines: dict[str, list[tuple[Any, ...]]] = {}
    for row in conn.execute(LOAD_LINES, (known,)):
        lines.setdefault(row[0], []).append(row)
    held: dict[str, list[Reserved]] = {}
    for order_no, *rest in conn.execute(LOAD_HELD, (known,)):
        held.setdefault(order_no, []).append(Reserved(*rest))
    return {row[0]: _state(row, lines.get(row[0], []), held.get(row[0], [])) for row in rows}


def _state(row: tuple[Any, ...], lines: Sequence[tuple[Any, ...]], held: Sequence[Reserved]) -> OrderState:
    return OrderState(
        order=parse_order(row[16]),
        revision=row[1],
        status=row[4],
        received_at=row[3],
        digest=row[14],
        content=canonical_text(row[16]),
        line_key=bytes(row[15]),
        requested_by=row[19],
        account=row[2],
        total=row[5],
        tax=row[6],
        tenant_total=row[7],
        rate=row[8],
        rate_on=row[9],
        counted=row[10],
        unbilled=row[11],
        stake=row[12],
        exceptions=tuple(row[13]),
        reserved=tuple(held),
        shipped={line[1]: line[12] for line in lines if line[12]},
        priced=tuple(Priced(*line[1:12]) for line in lines),
        decision=row[17],
        case_id=row[18],
        updated_at=row[20],
        submitted_by=row[22],
        exception_uses={(str(a), int(t)): Decimal(str(q)) for a, t, q in row[21] or ()},
    )


def lock_free(conn: Connection[Any], order_nos: Collection[str]) -> list[str]:
    """Lock those of the orders that nobody is at, until the end of the transaction; which ones they are."""
    return [row[0] for row in conn.execute(LOCK_FREE, (sorted(set(order_nos)),))]


def ask_earlier(
    conn: Connection[Any],
    *,
    partners: Collection[str],
    keys: Collection[bytes],
    references: Collection[tuple[str, str]],
    since: datetime,
    until: datetime,
    split_since: datetime | None,
) -> Later[dict[str, dict[str, EarlierOrder]]]:
    """Orders of these partners that the batch might repeat, by partner and number.

    `references` are partners with the references they give; `split_since` is None where nobody looks for split orders.
    """
    given = [(partner, reference) for partner, reference in references if reference]
    params = {
        "partners": list(partners),
        "keys": list(keys),
        "referring": [partner for partner, _ in given],
        "references": [reference for _, reference in given],
        "since": since,
        "until": until,
        "splitting": list(partners) if split_since is not None else [],
        "split_since": split_since,
    }
    asked = conn.execute(EARLIER, params)

    def answer() -> dict[str, dict[str, EarlierOrder]]:
        found: dict[str, dict[str, EarlierOrder]] = {}
        for order_no, partner, placed_at, reference, key, total in asked.fetchall():
            earlier = EarlierOrder(order_no, placed_at, reference, bytes(key), total)
            found.setdefault(partner, {})[order_no] = earlier
        return found

    return answer


def save(conn: Connection[Any], states: Sequence[OrderState], relined: Collection[str], known: Collection[str]) -> None:
    """Write orders; `relined` are those whose lines are new or changed, `known` those of them stored before."""
    rows = [_row(state) for state in states]
    conn.execute(SAVE, [list(column) for column in zip(*rows, strict=True)])
    changed = [state for state in states if state.order.order in relined]
    if not changed:
        return
    if known:
        conn.execute(DROP_LINES, (sorted(known),))
    lines = [row for state in changed for row in _line_rows(state)]
    if lines:
        conn.execute(SAVE_LINES, [list(column) for column in zip(*lines, strict=True)])


def _row(s: OrderState) -> tuple[object, ...]:
    o = s.order
    return (
        o.order,
        s.revision,
        o.partner,
        s.account,
        o.storefront,
        o.customer_reference,
        o.currency,
        o.placed_at,
        s.received_at,
        s.status,
        s.total,
        s.tax,
        s.tenant_total,
        s.rate,
        s.rate_on,
        s.counted,
        s.unbilled,
        s.stake,
        ",".join(s.exceptions),
        bytes.fromhex(s.digest),
        s.line_key,
        s.content,
        s.decision,
        s.case_id,
        s.requested_by,
        s.submitted_by,
        s.updated_at,
        canonical_text([[a, t, q] for (a, t), q in s.exception_uses.items()]) if s.exception_uses else None,
    )


def _line_rows(s: OrderState) -> list[tuple[object, ...]]:
    return [
        (
            s.order.order,
            p.line,
            position,
            s.order.partner,
            p.product,
            p.quantity,
            p.unit,
            p.unit_price,
            p.contract_price,
            p.amount,
            p.cost,
            p.margin,
            p.tax,
            p.agreement,
            s.shipped.get(p.line, Decimal(0)),
        )
        for position, p in enumerate(s.priced, 1)
    ]


_LIST = """
select
    order_no, revision, partner, storefront, customer_reference, currency, placed_at, received_at, status,
    total, tax, tenant_total, stake, exceptions, decision, case_id, updated_at
from orders where {filters} order by placed_at desc, order_no desc limit %(limit)s
"""
_TOTALS = """
select count(*) as orders, coalesce(sum(tenant_total), 0) as total, coalesce(sum(stake), 0) as stake
from orders where {filters}
"""
_GET = """
select
    order_no, revision, partner, account, storefront, customer_reference, currency, placed_at, received_at,
    status, total, tax, tenant_total, rate, rate_on, counted, unbilled, stake, exceptions, encode(digest, 'hex')
    as digest, content, decision, case_id, requested_by, submitted_by, updated_at
from orders where order_no = %s
"""
_LINES = """
select line, product, quantity, unit, unit_price, contract_price, amount, {own}, tax, agreement, shipped
from order_lines where order_no = %s order by position
"""
# A partner's transaction may not name these columns at all.
_OWN, _NOT_TOLD = "cost, margin", "null::numeric as cost, null::numeric as margin"
_HELD = """
select line, product, warehouse, quantity, status, expires_at, created_at from reservations
where order_no = %s order by line, warehouse
"""


def _filters(wanted: Mapping[str, object]) -> str:
    clauses = {
        "status": "status = %(status)s",
        "partner": "partner = %(partner)s",
        "storefront": "storefront = %(storefront)s",
        "exception": "%(exception)s = any(exceptions)",
        "since": "placed_at >= %(since)s",
        "until": "placed_at < %(until)s",
        "text": "(order_no ilike %(like)s or customer_reference ilike %(like)s or partner ilike %(like)s)",
        "before_at": "(placed_at, order_no) < (%(before_at)s, %(before_no)s)",
    }
    return " and ".join(sql for name, sql in clauses.items() if wanted.get(name)) or "true"


def list_orders(conn: Connection[Any], wanted: Mapping[str, object], limit: int) -> list[dict[str, Any]]:
    """Orders by filters, newest first; `before_at` and `before_no` continue after the last one seen."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_LIST.format(filters=_filters(wanted)), {**wanted, "limit": limit}).fetchall()


def total_orders(conn: Connection[Any], wanted: Mapping[str, object]) -> dict[str, Any]:
    """Count and sums over the same filters, for the totals row."""
    plain = {k: v for k, v in wanted.items() if k not in ("before_at", "before_no")}
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_TOTALS.format(filters=_filters(plain)), plain).fetchall()[0]


def get(conn: Connection[Any], order_no: str, *, costs: bool = True) -> dict[str, Any] | None:
    """One order with lines and reservations. Without `costs` no cost and no margin is read."""
    with conn.cursor(row_factory=dict_row) as cursor:
        head = cursor.execute(_GET, (order_no,)).fetchone()
        if head is None:
            return None
        head["lines"] = cursor.execute(_LINES.format(own=_OWN if costs else _NOT_TOLD), (order_no,)).fetchall()
        head["reservations"] = cursor.execute(_HELD, (order_no,)).fetchall()
    return head
