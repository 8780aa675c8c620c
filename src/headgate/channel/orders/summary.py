"""What governing came to: orders, straight-through share, exceptions by type with the money at stake."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

TOTALS = """
select count(*) as orders, coalesce(sum(tenant_total), 0) as amount,
       count(*) filter (where status in ('released', 'flagged', 'shipping', 'fulfilled')) as released,
       count(*) filter (where status in ('held', 'returned')) as waiting,
       count(*) filter (where status = 'rejected') as rejected,
       count(*) filter (where status = 'cancelled') as cancelled
from orders
"""
# An order went straight through when no approval was ever asked for it and it was not rejected.
STRAIGHT = """
select count(*) from orders o
where o.status <> 'rejected'
  and not exists (select from approvals a where a.case_id = o.case_id and a.subject_type = 'order')
"""
EXCEPTIONS = """
select e.type, count(*) as orders, coalesce(sum(a.stake), 0) as stake,
       count(*) filter (where a.status = 'pending') as waiting
from approvals a cross join lateral unnest(a.exceptions) as e(type)
where a.status <> 'voided'
group by e.type order by count(*) desc, e.type
"""
WAITING = """
select count(*) as approvals, coalesce(sum(stake), 0) as stake, count(*) filter (where s.late) as late
from approvals a
cross join lateral (
  select coalesce(bool_or(x.due_at < %s), false) as late from approval_steps x
  where x.approval = a.approval and x.status = 'open'
) s
where a.status = 'pending'
"""
CURRENCY = "select currency from tenants"


def order_summary(conn: Connection[Any], now: Any) -> dict[str, Any]:
    """Counts and sums over all orders of the tenant; amounts in the tenant's currency, share in percent."""
    with conn.cursor(row_factory=dict_row) as cursor:
        totals = cursor.execute(TOTALS).fetchall()[0]
        exceptions = cursor.execute(EXCEPTIONS).fetchall()
        waiting = cursor.execute(WAITING, (now,)).fetchall()[0]
    (straight,) = conn.execute(STRAIGHT).fetchone() or (0,)
    (currency,) = conn.execute(CURRENCY).fetchone() or ("",)
    share = round(100 * straight / totals["orders"], 1) if totals["orders"] else 0.0
    return {
        **totals,
        "currency": currency,
        "straight_through": straight,
        "straight_through_pct": str(share),
        "exceptions": exceptions,
        "approvals_waiting": waiting,
    }
