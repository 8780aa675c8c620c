"""SQL of returns that partners ask for: whole batches in and out, and the lists people look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.channel.returns.core.state import (
    Claim,
    OrderFacts,
    OrderLineFacts,
    RmaChanged,
    RmaState,
    content_of,
    counted,
    read_content,
)
from headgate.domain.returns import Delivery, parse_return_request, request_json
from headgate.kernel.canonical import canonical_text
from headgate.kernel.clock import parse_instant

# Two returns of one order must see each other, whichever lanes and workers they come through.
LOCK = "select pg_advisory_xact_lock(hashtext('headgate.returns'), hashtext(current_setting('headgate.tenant')))"
LOAD = """
select content, status, case_id, requested_by, submitted_by, requested_at, currency, stake, told, send_by, carrier,
  tracking, updated_at
from return_requests where rma = any(%s) order by rma for update
"""
ORDERS = """
select o.order_no, o.partner, o.currency, l.line, l.product, l.unit, l.unit_price, l.shipped
from orders o join order_lines l on l.tenant_id = o.tenant_id and l.order_no = o.order_no
where o.order_no = any(%s) order by o.order_no, l.position
"""
# What left when. Shipments that were turned away are in the log too, so `eligible.age_of` bounds what they add up to.
SHIPMENTS = """
select e.data ->> 'order', e.data ->> 'shipped_at', e.data -> 'lines'
from events e where e.key = any(%s) and e.type = 'shipment.confirmed' order by e.seq
"""
CLAIMS = "select order_no, rma, line, counts, credited from return_lines where order_no = any(%s) order by rma, line"
# Returns that another system took back by itself; one that was asked for here counts with its own lines.
RECORDED = """
select r.order_no, l ->> 'product', sum((l ->> 'quantity')::numeric)
from returns r cross join lateral json_array_elements(r.content -> 'lines') as l
where r.order_no = any(%s) and not exists (
  select 1 from return_requests q where q.tenant_id = r.tenant_id and q.rma = r.return_no)
group by 1, 2 order by 1, 2
"""
SAVE = """
insert into return_requests (rma, partner, order_no, status, wanted, currency, stake, credit, requested_by,
  submitted_by, requested_at, send_by, carrier, tracking, told, content, case_id, updated_at)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[],
  %s::numeric[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::json[],
  %s::json[], %s::uuid[], %s::timestamptz[])
on conflict (tenant_id, rma) do update set
  status = excluded.status, wanted = excluded.wanted, stake = excluded.stake, credit = excluded.credit,
  requested_by = excluded.requested_by, submitted_by = excluded.submitted_by, send_by = excluded.send_by,
  carrier = excluded.carrier, tracking = excluded.tracking, told = excluded.told, content = excluded.content,
  updated_at = excluded.updated_at
"""
DROP_LINES = "delete from return_lines where rma = any(%s)"
SAVE_LINES = """
insert into return_lines (rma, line, partner, order_no, product, quantity, counts, credited)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[],
  %s::numeric[])
"""
ADD_MILESTONES = """
insert into return_milestones (rma, partner, at, status, told)
select rma, partner, at, status, told
from unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::json[])
  with ordinality as m(rma, partner, at, status, told, place) order by place
"""
_LISTED = """r.rma, r.partner, p.name as partner_name, r.order_no, r.status, r.wanted, r.currency, r.stake, r.credit,
  r.requested_by, r.submitted_by, r.requested_at, r.send_by, r.carrier, r.tracking, r.told, r.content, r.case_id,
  r.updated_at"""
_WANTED = """from return_requests r left join partners p on p.partner = r.partner
where (%(partner)s = '' or r.partner = %(partner)s) and (%(status)s::text[] is null or r.status = any(%(status)s))
  and (%(order)s = '' or r.order_no = %(order)s)
  and (%(text)s = '' or strpos(lower(r.rma || ' ' || r.order_no || ' ' || r.partner || ' ' || coalesce(p.name, '')),
       lower(%(text)s)) > 0)
  and (%(since)s::timestamptz is null or r.updated_at >= %(since)s)
  and (%(until)s::timestamptz is null or r.updated_at < %(until)s)
"""
LIST = f"""
select {_LISTED} {_WANTED}
  and (%(after_at)s::timestamptz is null or (r.updated_at, r.rma) < (%(after_at)s, %(after)s))
order by r.updated_at desc, r.rma desc limit %(limit)s
"""
COUNT = f"select count(*) from (select {_WANTED} limit %(most)s + 1) found"
GET = f"select {_LISTED} from return_requests r left join partners p on p.partner = r.partner where r.rma = %s"
MILESTONES = "select rma, at, status, told from return_milestones where rma = %s order by place"
LATEST = """
select m.rma, m.at, m.status, m.told from return_milestones m
where m.status <> 'requested' order by m.at desc, m.place desc limit %s
"""


def load_rmas(conn: Connection[Any], numbers: Collection[str]) -> dict[str, RmaState]:
    """Stored returns by number, locked until the transaction ends."""
    return {s.request.rma: s for s in map(_state, conn.execute(LOAD, (sorted(numbers),)).fetchall())}


def _state(row: tuple[Any, ...]) -> RmaState:
    content, status, case_id, requested_by, submitted_by, requested_at, currency, stake, told, *rest = row
    send_by, carrier, tracking, updated_at = rest
    return RmaState(
        request=parse_return_request(content["request"]),
        status=status,
        case_id=case_id,
        requested_by=requested_by,
        submitted_by=submitted_by,
        requested_at=requested_at,
        currency=currency,
        stake=stake,
        told=tuple(told),
        send_by=send_by,
        carrier=carrier,
        tracking=tracking,
        updated_at=updated_at,
        **read_content(content),
    )


def load_orders(conn: Connection[Any], orders: Collection[str]) -> dict[str, OrderFacts]:
    """Orders with what was delivered of their lines, and when."""
    wanted = sorted(orders)
    lines: dict[str, list[OrderLineFacts]] = {}
    heads: dict[str, tuple[str, str]] = {}
    for order, partner, currency, *line in conn.execute(ORDERS, (wanted,)):
        heads[order] = (partner, currency)
        lines.setdefault(order, []).append(OrderLineFacts(*line))
    sent = _deliveries(conn, list(heads))
    return {order: OrderFacts(order, *head, tuple(lines[order]), sent.get(order, {})) for order, head in heads.items()}


def _deliveries(conn: Connection[Any], orders: Sequence[str]) -> dict[str, dict[str, tuple[Delivery, ...]]]:
    found: dict[str, dict[str, tuple[Delivery, ...]]] = {}
    keys = [f"order:{order}" for order in orders]
    for order, at, lines in conn.execute(SHIPMENTS, (keys,)).fetchall() if keys else ():
        of = found.setdefault(order, {})
        for each in lines:
            delivery = Delivery(parse_instant("shipped_at", at), Decimal(str(each["quantity"])))
            of[str(each["line"])] = (*of.get(str(each["line"]), ()), delivery)
    return found


def load_claims(conn: Connection[Any], orders: Collection[str]) -> dict[str, list[Claim]]:
    """What returns have taken of orders already."""
    found: dict[str, list[Claim]] = {}
    for order, *claim in conn.execute(CLAIMS, (sorted(orders),)):
        found.setdefault(order, []).append(Claim(*claim))
    return found


def load_recorded(conn: Connection[Any], orders: Collection[str]) -> dict[str, dict[str, Decimal]]:
    """What other systems took back of orders by themselves, by order and product."""
    found: dict[str, dict[str, Decimal]] = {}
    for order, product, quantity in conn.execute(RECORDED, (sorted(orders),)):
        found.setdefault(order, {})[product] = quantity
    return found


def save_rmas(conn: Connection[Any], states: Sequence[RmaState]) -> None:
    """Write returns as they stand, and what they take of their orders."""
    if not states:
        return
    _write(conn, SAVE, [_row(state) for state in states])
    conn.execute(DROP_LINES, ([s.request.rma for s in states],))
    _write(conn, SAVE_LINES, [row for state in states for row in _line_rows(state)])


def _row(s: RmaState) -> tuple[object, ...]:
    r = s.request
    return (
        r.rma, r.partner, r.order, s.status, r.wanted, s.currency, s.stake, s.total("credit"), s.requested_by,
        s.submitted_by, s.requested_at, s.send_by, s.carrier, s.tracking, canonical_text(list(s.told)),
        canonical_text(content_of(s, request_json(r))), s.case_id, s.updated_at,
    )  # fmt: skip


def _line_rows(s: RmaState) -> list[tuple[object, ...]]:
    taken = counted(s)
    return [
        (s.request.rma, x.line, s.request.partner, s.request.order, s.line(x.line).product, x.quantity, *taken[x.line])
        for x in s.request.lines
    ]


def add_milestones(conn: Connection[Any], now: datetime, changes: Sequence[RmaChanged]) -> None:
    """Write the changes that a partner notices, in order."""
    rows = [
        (c.state.request.rma, c.state.request.partner, now, c.state.status, canonical_text(list(c.state.told)))
        for c in changes
        if c.noticed
    ]
    _write(conn, ADD_MILESTONES, rows)


def _write(conn: Connection[Any], sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        conn.execute(sql, [list(column) for column in zip(*rows, strict=True)])


def list_rows(conn: Connection[Any], params: Mapping[str, object]) -> list[dict[str, Any]]:
    """Returns, last changed first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(LIST, params).fetchall()


def count_rows(conn: Connection[Any], params: Mapping[str, object]) -> int:
    """How many returns match, counted to one more than `most`."""
    (count,) = conn.execute(COUNT, params).fetchone() or (0,)
    return int(count)


def get_row(conn: Connection[Any], rma: str) -> dict[str, Any] | None:
    """One return with its content."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(GET, (rma,)).fetchone()


def milestone_rows(conn: Connection[Any], rma: str) -> list[tuple[Any, ...]]:
    """What happened to one return, oldest first."""
    return conn.execute(MILESTONES, (rma,)).fetchall()


def latest_rows(conn: Connection[Any], limit: int) -> list[tuple[Any, ...]]:
    """What happened last to the returns that the transaction may see."""
    return conn.execute(LATEST, (limit,)).fetchall()
