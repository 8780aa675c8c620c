"""Who would be asked, what changed since, and many approvals decided at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection

from headgate.api.auth import ApprovalsDecide, CasesRead
from headgate.api.idempotency import Once, refusal, settle_each, write_once
from headgate.api.models.approving import (
    ApprovalPath,
    Ask,
    DecideMany,
    HeldList,
    HeldView,
    ManyDecided,
    OneDecided,
    People,
    Undo,
    held_view,
    path_steps,
    path_view,
)
from headgate.api.models.common import money
from headgate.api.models.work import approval_view
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.strict import StrictRoute
from headgate.kernel.errors import NotFound
from headgate.process import Choice, get_approval
from headgate.process.bulk import Item, Taken, decide_each, stakes
from headgate.process.holding import get_held, hold, list_held, undo
from headgate.process.preview import Question, people_of, preview
from headgate.process.repo import get_approvals

router = APIRouter(route_class=StrictRoute, tags=["approvals"])


@router.post("/approval-previews", responses=problems(*FIND, 422))
def foresee_approval(caller: CasesRead, body: Ask) -> ApprovalPath:
    """Who would have to approve this, in which order, and why: the matrix's rows, the people its roles resolve to with
    their delegates, and who is left out because they asked. Nothing is written."""
    question = Question(
        policy=body.policy,
        asks=body.asks,
        requested_by=body.requested_by,
        barred=tuple(body.barred),
        stake=None if body.stake is None else Decimal(body.stake),
        summary=body.summary,
    )
    with caller.reading() as conn:
        return path_view(preview(conn, caller.ctx, caller.app.engine, question))


@router.get("/approvals/{approval}/people", responses=problems(*FIND))
def read_people(caller: CasesRead, approval: Annotated[UUID, Path()]) -> People:
    """Who can decide each step of an approval now, for whom, and who cannot and why."""
    with caller.reading() as conn:
        found = get_approval(conn, approval)
        if found is None:
            raise NotFound(f"approval {approval} does not exist")
        return People(approval=approval, steps=path_steps(people_of(conn, caller.ctx, caller.app.engine, found), {}))


@router.post("/approval-decisions", response_model=ManyDecided, responses=problems(*WRITE))
def decide_many(request: Request, caller: ApprovalsDecide, body: DecideMany, once: Once = None) -> Response:
    """Decide many approvals alike, each by the digest of the content its approver saw.

    Each is decided for itself: what has changed or is not the caller's to decide is refused and stops no other. With
    `hold_seconds` it counts only then, and can be undone until it does.
    """
    items = [
        Item(each.approval, Choice(body.outcome, body.justification, each.digest, each.on_behalf_of))
        for each in body.items
    ]

    def act(conn: Connection[Any]) -> list[dict[str, Any]]:
        held, engine = None, caller.app.engine
        if body.hold_seconds is None or body.check_only:
            taken = decide_each(conn, caller.ctx, engine, items, only_check=body.check_only)
        else:
            held, taken = hold(conn, caller.ctx, engine, items, body.hold_seconds)
        total = money(stakes(taken), _currency(taken))
        head = {"stake": total.model_dump() if total else None, "held": None if held is None else str(held)}
        return [head, *(_receipt(each, "checked" if held is None else "held") for each in taken)]

    def tell(conn: Connection[Any], receipts: list[dict[str, Any]], settled: frozenset[int]) -> ManyDecided:
        found = get_approvals(conn, [UUID(each["approval"]) for each in receipts[1:]])
        told = []
        for each in receipts[1:]:
            approval = found.get(UUID(each["approval"]))
            result, detail, seq = each["result"], each["detail"], each["seq"]
            if seq is not None and seq not in settled:
                result = "waiting"
            elif seq is not None and approval and not any(vote.event_seq == seq for vote in approval.votes):
                result, detail = "refused", refusal(conn, approval.subject, seq) or "something else came in between"
            told.append(
                OneDecided(
                    approval=UUID(each["approval"]),
                    result=result,
                    problem=each["problem"],
                    detail=detail,
                    stake=money(approval.stake, approval.currency) if approval else None,
                    view=approval_view(approval) if approval and result == "decided" else None,
                )
            )
        refused = sum(1 for each in told if each.result == "refused")
        return ManyDecided(
            items=told,
            decided=sum(1 for t in told if t.result == "decided"),
            refused=refused,
            stake=receipts[0]["stake"],
            held=receipts[0].get("held"),
        )

    return settle_each(request, caller, once, body, act, tell)


@router.get("/held-decisions", responses=problems(*READ))
def read_held(caller: ApprovalsDecide) -> HeldList:
    """Your own decisions that can be undone before they count, and what became of those of the last week."""
    with caller.reading() as conn:
        return HeldList(items=[held_view(each) for each in list_held(conn, caller.ctx)])


@router.get("/held-decisions/{held}", responses=problems(*FIND))
def read_held_one(caller: ApprovalsDecide, held: Annotated[UUID, Path()]) -> HeldView:
    """One of your own held decisions, with what became of each of its approvals."""
    with caller.reading() as conn:
        return held_view(get_held(conn, caller.ctx, held))


@router.post("/held-decisions/{held}/undo", response_model=HeldView, responses=problems(*WRITE))
def undo_held(
    request: Request, caller: ApprovalsDecide, held: Annotated[UUID, Path()], body: Undo, once: Once = None
) -> Response:
    """Take back a decision of your own before it counts. Nothing of it is done then."""

    def act(conn: Connection[Any]) -> HeldView:
        undo(conn, caller.ctx, held)
        return held_view(get_held(conn, caller.ctx, held))

    return write_once(request, caller, once, body, act)


def _receipt(taken: Taken, undecided: str) -> dict[str, Any]:
    if taken.error is None:
        result = undecided if taken.seq is None else "decided"
        return {"approval": str(taken.approval), "seq": taken.seq, "result": result, "problem": "", "detail": ""}
    problem = taken.error.code
    return {
        "approval": str(taken.approval),
        "seq": None,
        "result": "refused",
        "problem": problem,
        "detail": taken.error.message,
    }


def _currency(taken: list[Taken]) -> str | None:
    return next((t.asked.currency for t in taken if t.asked is not None and t.asked.currency), None)
