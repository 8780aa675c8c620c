"""The whole explanation of an order: decided on which facts, by which policy rows, approved by whom, and the proof."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from psycopg import Connection

from headgate.channel.orders.service import get_order
from headgate.ledger import event_list
from headgate.ledger.search import audit_trail
from headgate.policy import decision_list, decisions_get
from headgate.process import approvals_of_case, case_detail

MOST = 200


def explain_order(conn: Connection[Any], order_no: str) -> dict[str, Any]:
    """Everything there is to say about an order. Raises NotFound.

    `order` (content, status, lines, reservations), `decision` (the one that stands: its `evaluations` hold lines with
    price traces, checks with policy rows and facts, credit sums, tax, allocation), `decisions` (all, newest first,
    without their evaluations), `case`, `approvals`, `events`, and `audit` (entries with the state of their proof).
    """
    order = get_order(conn, order_no)
    found = decisions_get(conn, [order["decision"]]) if order["decision"] else {}
    standing = found.get(order["decision"])
    return {
        "order": order,
        "decision": asdict(standing) if standing else None,
        "decisions": [
            {k: v for k, v in asdict(d).items() if k != "evaluations"}
            for d in decision_list(conn, subject_type="order", subject=order_no, limit=MOST)
        ],
        "case": case_detail(conn, order["case_id"]) if order["case_id"] else None,
        "approvals": [asdict(a) for a in approvals_of_case(conn, order["case_id"])] if order["case_id"] else [],
        "events": [asdict(e) for e in event_list(conn, key=f"order:{order_no}", limit=MOST)],
        "audit": audit_trail(conn, "order", order_no, MOST),
    }
