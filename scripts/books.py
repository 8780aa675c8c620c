"""Do the books of a tenant add up? What must hold whatever was killed when, as queries that name what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg import Connection

from headgate.ledger import ContentCheck, verify_audit

# Each finds what breaks a rule; no rows is good.
RULES: dict[str, LiteralString] = {
    "stock reserved is not the sum of what is held": """
        select s.product, s.warehouse, s.reserved, coalesce(sum(r.quantity), 0) as held
        from stock s left join reservations r
            on r.product = s.product and r.warehouse = s.warehouse and r.status = 'held'
        group by s.product, s.warehouse, s.reserved having s.reserved <> coalesce(sum(r.quantity), 0)
    """,
    "a reservation is held that no stock knows": """
        select r.order_no, r.product, r.warehouse from reservations r
        where r.status = 'held' and not exists (
            select from stock s where s.product = r.product and s.warehouse = r.warehouse)
    """,
    "stock is held for an order that is over": """
        select r.order_no, o.status from reservations r join orders o using (order_no)
        where r.status = 'held' and r.quantity > 0 and o.status in ('rejected', 'cancelled', 'closed')
    """,
    "open orders of an account are not the sum of its orders": """
        select a.account, a.open_orders, coalesce(sum(o.counted), 0) as counted
        from credit_accounts a left join orders o on o.account = a.account
        group by a.account, a.open_orders having a.open_orders <> coalesce(sum(o.counted), 0)
    """,
    "an event was applied and waits still": """
        select i.seq, e.type from inbox i join events e using (seq)
        where exists (select from audit_entries a where a.event_seq = e.seq and a.action = e.type)
    """,
    "an event was applied twice": """
        select a.event_seq, a.action, count(*) from audit_entries a join events e on e.seq = a.event_seq
        where a.action = e.type group by a.event_seq, a.action having count(*) > 1
    """,
    "an event is lost: neither applied, nor waiting, nor put aside": """
        select e.seq, e.type, e.subject from events e
        where not exists (select from audit_entries a where a.event_seq = e.seq)
          and not exists (select from inbox i where i.seq = e.seq)
          and not exists (select from quarantine q where q.event_seq = e.seq)
    """,
    "an order was submitted and is not there": """
        select e.subject from events e
        where e.type = 'order.submitted' and not exists (select from orders o where o.order_no = e.subject)
          and not exists (select from inbox i where i.seq = e.seq)
          and not exists (select from quarantine q where q.event_seq = e.seq)
    """,
    "a command was written twice for one effect": """
        select target, idempotency_key, count(*) from outbox group by target, idempotency_key having count(*) > 1
    """,
    "a case has two pending approvals": """
        select case_id, count(*) from approvals where status = 'pending' group by case_id having count(*) > 1
    """,
}


def faults(conn: Connection[Any], checks: Sequence[ContentCheck] = ()) -> list[str]:
    """Every rule that is broken, with the first rows that break it, and what an audit verification finds."""
    found = []
    for rule, query in RULES.items():
        rows = conn.execute(query).fetchmany(5)
        if rows:
            found.append(f"{rule}: {rows}")
    report = verify_audit(conn, checks=checks)
    return found if report.ok else [*found, f"the audit chain does not verify: {report.bad}"]
