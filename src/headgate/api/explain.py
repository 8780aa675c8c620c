"""An order's explanation, put together from what the floors below recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg import Connection

from headgate.api.auth import Caller
from headgate.api.models import explanation as why
from headgate.api.models.common import Money, audit_line, logged_event
from headgate.api.models.orders import (
    DecisionLine,
    DecisionView,
    ExplainedLine,
    InheritedRule,
    OrderLine,
    OrderView,
    Reservation,
)
from headgate.api.models.work import approval_view, case_line
from headgate.channel import orders
from headgate.ledger import audit_list, event_list, proof_states
from headgate.policy import Decision, decision_list, origins_of
from headgate.process import approvals_of_case, case_detail

MOST_HISTORY = 200

# What would tell a partner about the tenant's costs.
INTERNAL_EXCEPTIONS = frozenset({"margin_floor"})
INTERNAL_CHECKS = frozenset({"margin"})


def order_line(row: Mapping[str, Any], currency: str, *, staff: bool) -> OrderLine:
    """An order in a list; `currency` is the tenant's."""
    return OrderLine.model_validate(_order(row, currency, staff=staff))


def _order(row: Mapping[str, Any], currency: str, *, staff: bool) -> dict[str, Any]:
    return {
        **row,
        "order": row["order_no"],
        "case": row["case_id"],
        "total": Money(amount=row["total"], currency=row["currency"]),
        "tax": Money(amount=row["tax"], currency=row["currency"]),
        "tenant_total": Money(amount=row["tenant_total"], currency=currency),
        "stake": Money(amount=row["stake"], currency=currency) if staff else None,
        "exceptions": [e for e in row["exceptions"] if staff or e not in INTERNAL_EXCEPTIONS],
    }


def explain_order(conn: Connection[Any], caller: Caller, order_no: str) -> OrderView:
    """Everything about an order that the caller may know. Raises NotFound."""
    row = orders.get_order(conn, order_no, costs=caller.is_staff)
    decisions = decision_list(conn, subject_type="order", subject=order_no, limit=MOST_HISTORY)
    current = next((d for d in decisions if d.decision == row["decision"]), None)
    recorded = current.evaluations if current is not None and isinstance(current.evaluations, Mapping) else {}
    staff = caller.is_staff
    return OrderView.model_validate(
        {
            **_order(row, caller.currency(conn), staff=staff),
            "lines": _lines(row, recorded, staff=staff),
            "reservations": [Reservation.model_validate(r) for r in row["reservations"]],
            "outcome": current.outcome if current else None,
            "found": _found(recorded, staff=staff),
            "checks": _checks(recorded, staff=staff),
            "tax_snapshot": recorded.get("tax"),
            "totals": recorded.get("totals"),
            **(_internal(conn, row, recorded, decisions) if staff else NOTHING_INTERNAL),
        }
    )


NOTHING_INTERNAL: Mapping[str, Any] = {
    "release": None,
    "credit": None,
    "inherited": [],
    "decisions": [],
    "case_detail": None,
    "approvals": [],
    "events": [],
    "timeline": [],
}


def _internal(
    conn: Connection[Any], row: Mapping[str, Any], recorded: Mapping[str, Any], decisions: Sequence[Decision]
) -> dict[str, Any]:
    """What the tenant's own people see besides: the final policy, credit, who decided, and the proof."""
    case = row["case_id"]
    entries = audit_list(conn, subject_type="order", subject=row["order_no"], limit=MOST_HISTORY)
    proofs = proof_states(conn, [e.seq for e in entries])
    events = event_list(conn, key=f"order:{row['order_no']}", limit=MOST_HISTORY)
    return {
        "release": recorded.get("release"),
        "credit": recorded.get("credit"),
        "inherited": _inherited(conn, recorded),
        "decisions": [decision_line(d) for d in decisions],
        "case_detail": case_line(case_detail(conn, case)) if case else None,
        "approvals": [approval_view(a) for a in approvals_of_case(conn, case)] if case else [],
        "events": [logged_event(e) for e in events],
        "timeline": [audit_line(e, proofs) for e in entries],
    }


def _inherited(conn: Connection[Any], recorded: Mapping[str, Any]) -> list[InheritedRule]:
    found = origins_of(conn, set(_versions(recorded)))
    return [InheritedRule(policy=p, version=v, origin=origin) for (p, v), origin in sorted(found.items())]


def _versions(value: Any) -> Iterator[tuple[str, int]]:
    """Every policy version that a recorded decision names."""
    if isinstance(value, Mapping):
        if isinstance(value.get("policy"), str) and isinstance(value.get("version"), int):
            yield value["policy"], value["version"]
        for each in value.values():
            yield from _versions(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _versions(each)


def _lines(row: Mapping[str, Any], recorded: Mapping[str, Any], *, staff: bool) -> list[ExplainedLine]:
    traces = {line.get("line"): line.get("trace") for line in recorded.get("lines", [])}
    allocations = {a.get("line"): a for a in recorded.get("allocation", [])}
    return [
        ExplainedLine.model_validate(
            {
                **line,
                "cost": line["cost"] if staff else None,
                "margin": line["margin"] if staff else None,
                "price": traces.get(line["line"]) if staff else None,
                "allocation": allocations.get(line["line"]),
            }
        )
        for line in row["lines"]
    ]


def _checks(recorded: Mapping[str, Any], *, staff: bool) -> list[why.CheckResult]:
    checks = [why.CheckResult.model_validate(c) for c in recorded.get("checks", [])]
    if staff:
        return checks
    return [c.model_copy(update={"evaluation": None}) for c in checks if c.check not in INTERNAL_CHECKS]


def _found(recorded: Mapping[str, Any], *, staff: bool) -> list[why.ExceptionResult]:
    found = [why.ExceptionResult.model_validate(e) for e in recorded.get("exceptions", [])]
    if staff:
        return found
    return [e.model_copy(update={"detail": "", "stake": ""}) for e in found if e.type not in INTERNAL_EXCEPTIONS]


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
            "record": decision.record,
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
