"""Returns of goods: search, and one with everything that led to how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from psycopg import Connection

from headgate.api.auth import OrdersRead
from headgate.api.explain import decision_line
from headgate.api.models.common import PageOf, audit_line, money
from headgate.api.models.returns import (
    ReturnedLine,
    ReturnExplanation,
    ReturnListed,
    ReturnMilestoneView,
    ReturnOutcome,
    ReturnView,
)
from headgate.api.models.work import approval_view, case_line
from headgate.api.openapi import FIND, READ, problems
from headgate.api.parameters import CodePath, Cursor, Filter, Limit, Search
from headgate.api.strict import StrictRoute
from headgate.channel import returns
from headgate.ledger import audit_list, proof_states
from headgate.policy import decision_list
from headgate.process import approvals_of_case, case_detail

router = APIRouter(route_class=StrictRoute, tags=["returns"])
MOST_HISTORY = 200
# Until then nothing is credited, however much the outcomes that wait for an approval add up to.
SETTLED = frozenset({"credited", "replaced", "refused"})
_SAME = (
    "rma", "partner", "partner_name", "status", "wanted", "requested_at", "send_by", "carrier", "tracking", "told",
    "updated_at",
)  # fmt: skip


@router.get("/returns", responses=problems(*READ, 422))
def list_returns(
    caller: OrdersRead,
    status: Filter = "",
    partner: Filter = "",
    order: Filter = "",
    q: Search = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[ReturnListed]:
    """Returns, last changed first. Partners see their own."""
    with caller.reading() as conn:
        page = returns.list_returns(
            conn, partner=partner, status=status, order=order, text=q, cursor=cursor, limit=limit
        )
        currency = caller.currency(conn)
    items = [ReturnListed(**_listed(row, currency, staff=caller.is_staff)) for row in page.items]
    return PageOf(items=items, next_cursor=page.next_cursor)


@router.get("/returns/{rma:path}", responses=problems(*FIND))
def get_return(caller: OrdersRead, rma: CodePath) -> ReturnView:
    """One return: what was asked for, what arrived and was found, what became of it, and why."""
    with caller.reading() as conn:
        row = returns.get_return(conn, rma)
        content, asked = row["content"], row["content"]["request"]
        return ReturnView(
            **_listed(row, caller.currency(conn), staff=caller.is_staff),
            currency=row["currency"],
            note=asked["note"],
            requested_by=row["requested_by"],
            pictures=asked["pictures"],
            lines=[_line(each, row, staff=caller.is_staff) for each in asked["lines"]],
            milestones=[ReturnMilestoneView(**_milestone(m)) for m in returns.milestones_of(conn, rma)],
            explanation=_explanation(conn, row, content["verdicts"]) if caller.is_staff else None,
        )


def _listed(row: Mapping[str, Any], currency: str, *, staff: bool) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _SAME},
        "order": row["order_no"],
        "credit": money(row["credit"], row["currency"]) if row["status"] == "credited" else None,
        "stake": money(row["stake"], currency) if staff else None,
        "case": row["case_id"],
    }


def _milestone(each: returns.ReturnMilestone) -> dict[str, Any]:
    return {name: value for name, value in asdict(each).items() if name != "rma"}


def _line(each: Mapping[str, Any], row: Mapping[str, Any], *, staff: bool) -> ReturnedLine:
    content = row["content"]
    sold = next(x for x in content["sold"] if x["line"] == each["line"])
    shown = staff or row["status"] in SETTLED
    outcomes = [o for o in content["outcomes"] if o["line"] == each["line"]] if shown else []
    why = {} if staff else {"row": None, "because": None}
    return ReturnedLine.model_validate(
        {
            **each,
            **{name: sold[name] for name in ("product", "unit", "unit_price")},
            "received": content["received"].get(each["line"], "0"),
            "outcomes": [ReturnOutcome.model_validate({**o, **why}) for o in outcomes],
        }
    )


def _explanation(conn: Connection[Any], row: Mapping[str, Any], verdicts: list[dict[str, Any]]) -> ReturnExplanation:
    entries = audit_list(conn, subject_type="rma", subject=row["rma"], limit=MOST_HISTORY)
    proofs = proof_states(conn, [e.seq for e in entries])
    return ReturnExplanation(
        verdicts=verdicts,
        decisions=[
            decision_line(d) for d in decision_list(conn, subject_type="rma", subject=row["rma"], limit=MOST_HISTORY)
        ],
        case=case_line(case_detail(conn, row["case_id"])),
        approvals=[approval_view(a) for a in approvals_of_case(conn, row["case_id"])],
        timeline=[audit_line(e, proofs) for e in entries],
    )
