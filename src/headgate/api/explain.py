"""An order's explanation, put together from what the floors below recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from headgate.api.auth import Caller
from headgate.api.models import explanation as why
from headgate.api.models.common import Money, audit_line, logged_event
from headgate.api.models.orders import (
    DecisionLine,
    DecisionView,
    ExplainedLine,
    OrderLine,
    OrderView,
    Reservation,
)
from headgate.api.models.work import ApprovalView, approval_view, case_line
from headgate.channel import orders
from headgate.ledger import audit_list, event_list, proof_states
from headgate.policy import Decision, decision_list
from headgate.process import approvals_of_case, case_detail

MOST_HISTORY = 200


def order_line(row: Mapping[str, Any], currency: str) -> OrderLine:
    """An order in a list; `currency` is the tenant's."""
    return OrderLine.model_validate(_order(row, currency))


def _order(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        **row,
        "order": row["order_no"],
        "case": row["case_id"],
        "total": Money(amount=row["total"], currency=row["currency"]),
        "tax": Money(amount=row["tax"], currency=row["currency"]),
        "tenant_total": Money(amount=row["tenant_total"], currency=currency),
        "stake": Money(amount=row["stake"], currency=currency),
    }


def explain_order(conn: Connection[Any], caller: Caller, order_no: str) -> OrderView:
    """Everything about an order. Raises NotFound.

    A principal of a partner sees the order, its prices and checks, and not what is internal to the tenant: cost and
    margin, who approves, the audit chain.
    """
    row = orders.get_order(conn, order_no)
    decisions = decision_list(conn, subject_type="order", subject=order_no, limit=MOST_HISTORY)
    current = next((d for d in decisions if d.decision == row["decision"]), None)
    recorded = current.evaluations if current is not None and isinstance(current.evaluations, Mapping) else {}
    staff = caller.is_staff
    case = case_detail(conn, row["case_id"]) if row["case_id"] else None
    return OrderView.model_validate(
        {
            **_order(row, caller.currency(conn)),
            "lines": _lines(row, recorded, staff=staff),
            "reservations": [Reservation.model_validate(r) for r in row["reservations"]],
            "outcome": current.outcome if current else None,
            "found": _found(recorded, staff=staff),
            "checks": _checks(recorded, staff=staff),
            "release": recorded.get("release") if staff else None,
            "credit": recorded.get("credit") if staff else None,
            "tax_snapshot": recorded.get("tax"),
            "totals": recorded.get("totals"),
            "decisions": [decision_line(d) for d in decisions],
            "case_detail": None if case is None else case_line(case),
            **_history(conn, row, staff=staff),
        }
    )


def _history(conn: Connection[Any], row: Mapping[str, Any], *, staff: bool) -> dict[str, Any]:
    approvals: list[ApprovalView] = []
    if not staff:
        return {"approvals": approvals, "events": [], "timeline": []}
    if row["case_id"]:
        approvals = [approval_view(a) for a in approvals_of_case(conn, row["case_id"])]
    entries = audit_list(conn, subject_type="order", subject=row["order_no"], limit=MOST_HISTORY)
    proofs = proof_states(conn, [e.seq for e in entries])
    events = event_list(conn, key=f"order:{row['order_no']}", limit=MOST_HISTORY)
    return {
        "approvals": approvals,
        "events": [logged_event(e) for e in events],
        "timeline": [audit_line(e, proofs) for e in entries],
    }


def _lines(row: Mapping[str, Any], recorded: Mapping[str, Any], *, staff: bool) -> list[ExplainedLine]:
    traces = {line.get("line"): line.get("trace") for line in recorded.get("lines", [])}
    allocations = {a.get("line"): a for a in recorded.get("allocation", [])}
    return [
        ExplainedLine.model_validate(
            {
                **line,
                "cost": line["cost"] if staff else None,
                "margin": line["margin"] if staff else None,
                "price": traces.get(line["line"]),
                "allocation": allocations.get(line["line"]),
            }
        )
        for line in row["lines"]
    ]


def _checks(recorded: Mapping[str, Any], *, staff: bool) -> list[why.CheckResult]:
    checks = [why.CheckResult.model_validate(c) for c in recorded.get("checks", [])]
    return checks if staff else [c.model_copy(update={"evaluation": None}) for c in checks if c.check != "margin"]


def _found(recorded: Mapping[str, Any], *, staff: bool) -> list[why.ExceptionResult]:
    found = [why.ExceptionResult.model_validate(e) for e in recorded.get("exceptions", [])]
    return found if staff else [e.model_copy(update={"detail": "", "stake": ""}) for e in found]


def decision_line(decision: Decision) -> DecisionLine:
    """A decision in a list."""
    return DecisionLine.model_validate(_decision(decision))


def decision_view(decision: Decision) -> DecisionView:
    """A decision with everything that was weighed."""
    return DecisionView.model_validate(
        {
            **_decision(decision),
            "inputs": decision.inputs,
            "outputs": decision.outputs,
            "evaluations": decision.evaluations,
        }
    )


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "at": decision.at,
        "policy": decision.policy,
        "version": decision.version,
        "subject_type": decision.subject_type,
        "subject": decision.subject,
        "case": decision.case_id,
        "event": decision.event_seq,
        "outcome": decision.outcome,
        "rows": list(decision.row_ids),
        "digest": decision.digest,
    }
