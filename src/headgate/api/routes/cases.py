"""Cases, the work queue, and approvals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import ApprovalsDecide, Caller, CasesRead
from headgate.api.idempotency import Once, refusal, settle_once, write_once
from headgate.api.models.common import PageOf, audit_line, logged_event
from headgate.api.models.work import (
    ApprovalView,
    CaseLine,
    CaseView,
    Claim,
    Claimed,
    Decide,
    Decided,
    Queue,
    QueueCounts,
    QueueItem,
    TaskView,
    Timer,
    approval_view,
    case_line,
    with_stake,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Filter, Limit
from headgate.api.strict import StrictRoute
from headgate.channel import orders
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import Forbidden, NotFound, Stale, invalid
from headgate.ledger import audit_list, event_list, proof_states
from headgate.process import (
    Approval,
    Choice,
    approvals_of_case,
    case_detail,
    case_list,
    decide_approval,
    get_approval,
    queue_counts,
    voter_of,
    ways,
    work_queue,
)
from headgate.process.bulk import Item
from headgate.process.core.changes import replaced_by
from headgate.process.handling import Act, handle
from headgate.process.holding import get_held, hold_one
from headgate.process.queries import Place, place_of

router = APIRouter(route_class=StrictRoute)
MOST_HISTORY = 200


@router.get("/cases", tags=["cases"], responses=problems(*READ, 422))
def list_cases(
    caller: CasesRead,
    status: Annotated[Literal["", "open", "waiting", "closed"], Query()] = "",
    process: Filter = "",
    stage: Filter = "",
    partner: Filter = "",
    exception: Filter = "",
    excepted: Annotated[
        bool | None, Query(description="Only those off the straight path, or only those on it.")
    ] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[CaseLine]:
    """Cases, newest first."""
    with caller.reading() as conn:
        rows = case_list(
            conn,
            status=status,
            process=process,
            stage=stage,
            partner=partner,
            exception=exception,
            excepted=excepted,
            before=_before(cursor),
            limit=limit + 1,
        )
    kept = rows[:limit]
    more = encode_cursor(kept[-1]["opened_at"].isoformat(), str(kept[-1]["case_id"])) if len(rows) > limit else ""
    return PageOf(items=[case_line(row) for row in kept], next_cursor=more)


@router.get("/cases/{case}", tags=["cases"], responses=problems(*FIND))
def get_case(caller: CasesRead, case: Annotated[UUID, Path()]) -> CaseView:
    """One case with its tasks, approvals, events, and its audit entries with their proof state."""
    with caller.reading() as conn:
        row = case_detail(conn, case)
        entries = audit_list(conn, case_id=case, limit=MOST_HISTORY)
        proofs = proof_states(conn, [e.seq for e in entries])
        events = event_list(conn, key=row["key"], limit=MOST_HISTORY)
        approvals = approvals_of_case(conn, case)
    return CaseView.model_validate(
        {
            **with_stake(row),
            "tasks": [TaskView.model_validate({**t, "case": case}) for t in row["tasks"]],
            "timers": [Timer.model_validate(t) for t in row["timers"]],
            "approvals": [approval_view(a) for a in approvals],
            "timeline": [audit_line(e, proofs) for e in entries],
            "events": [logged_event(e) for e in events],
        }
    )


@router.get("/tasks", tags=["tasks"], responses=problems(*READ, 422))
def list_tasks(
    caller: CasesRead,
    view: Annotated[Literal["team", "mine", "unassigned", "all"], Query()] = "team",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Queue:
    """Open tasks of the caller's roles, their own, nobody's, or all: what was escalated furthest first, then by due
    time, then by most money."""
    me, roles = caller.ctx.principal.id, sorted(caller.ctx.principal.roles)
    with caller.reading() as conn:
        rows = work_queue(conn, caller.ctx.now, view=view, me=me, roles=roles, after=_after(cursor), limit=limit + 1)
        counts = queue_counts(conn, caller.ctx.now, me, roles)
    return Queue(
        items=[QueueItem.model_validate(with_stake(row)) for row in rows[:limit]],
        next_cursor=_cursor(place_of(rows[limit - 1])) if len(rows) > limit else "",
        counts=QueueCounts.model_validate(counts),
    )


@router.post("/tasks/{task}/claim", tags=["tasks"], response_model=Claimed, responses=problems(*WRITE))
def claim(
    request: Request, caller: CasesRead, task: Annotated[UUID, Path()], body: Claim, once: Once = None
) -> Response:
    """Take a task of one of the caller's roles, hand it to a colleague who holds the role, or give it back.

    What a colleague has is handed on only with a `reason`. Who had a hand in asking gets no task that decides it.
    """
    me = caller.ctx.principal.id
    assignee = None if body.release else body.assignee or me
    if assignee is None:
        wanted = Act("give_back")
    elif assignee == me and not body.reason:
        wanted = Act("take")
    else:
        wanted = Act("hand_over", to=assignee, reason=body.reason)

    def act(conn: Connection[Any]) -> Claimed:
        (done,) = handle(conn, caller.ctx, caller.app.engine, [task], wanted)
        if done.error is not None:
            raise done.error
        return Claimed(task=task, assignee=assignee)

    return write_once(request, caller, once, body, act)


@router.get("/approvals/{approval}", tags=["approvals"], responses=problems(*FIND))
def read_approval(caller: CasesRead, approval: Annotated[UUID, Path()]) -> ApprovalView:
    """What is asked, of whom, why, how far it is, and for whom the caller may decide."""
    with caller.reading() as conn:
        return _approval(conn, caller, approval)


@router.post("/approvals/{approval}/decision", tags=["approvals"], response_model=Decided, responses=problems(*WRITE))
def decide(
    request: Request, caller: ApprovalsDecide, approval: Annotated[UUID, Path()], body: Decide, once: Once = None
) -> Response:
    """Approve, edit, reject or return, and learn what came of it.

    `digest` is that of the approval as it was shown; when the content has changed since, the answer is 409 `stale`.
    With `hold_seconds` it counts only then: until it does, `POST /v1/held-decisions/{held}/undo` takes it back.
    """
    choice = Choice(body.outcome, body.justification, body.digest, body.on_behalf_of, body.edit)

    def act(conn: Connection[Any]) -> int:
        return decide_approval(conn, caller.ctx, caller.app.engine, approval, choice)

    def tell(conn: Connection[Any], seq: int, settled: bool) -> Decided:
        found = _asked(conn, approval)
        if settled and not any(vote.event_seq == seq for vote in found.votes):
            raise Stale(refusal(conn, found.subject, seq) or "something else came in between; open it again")
        return _decided(conn, found).model_copy(update={"event": seq, "settled": settled})

    def keep(conn: Connection[Any]) -> Decided:
        held = hold_one(conn, caller.ctx, caller.app.engine, Item(approval, choice), body.hold_seconds or 0)
        due = get_held(conn, caller.ctx, held).due_at
        return _decided(conn, _asked(conn, approval)).model_copy(update={"held": held, "due_at": due})

    if body.hold_seconds is not None:
        return write_once(request, caller, once, body, keep)
    return settle_once(request, caller, once, body, act, tell)


def _decided(conn: Connection[Any], found: Approval) -> Decided:
    """An approval with its case as they are now, before anything is said of a decision."""
    return Decided(
        event=None,
        settled=False,
        approval=approval_view(found),
        case=case_line(case_detail(conn, found.case_id)),
        order_status=orders.get_order(conn, found.subject)["status"] if found.subject_type == "order" else None,
    )


def _asked(conn: Connection[Any], approval: UUID) -> Approval:
    found = get_approval(conn, approval)
    if found is None:
        raise NotFound(f"approval {approval} does not exist")
    return found


def _approval(conn: Connection[Any], caller: Caller, approval: UUID) -> ApprovalView:
    found = _asked(conn, approval)
    try:
        mine = ways(found, voter_of(conn, caller.ctx, caller.app.engine))
    except Forbidden:
        mine = ()
    return approval_view(found, mine, replaced_by(approvals_of_case(conn, found.case_id), found))


def _before(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    at, case = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(at), UUID(case)
    except ValueError:
        raise _not_ours(cursor) from None


def _after(cursor: str) -> Place | None:
    if not cursor:
        return None
    priority, due, stake, task = decode_cursor(cursor, 4)
    try:
        raised = int(priority)
        at = datetime.fromisoformat(due) if due else None
        amount = Decimal(stake) if stake else None
        if (at and at.tzinfo is None) or (amount is not None and not amount.is_finite()) or not 0 <= raised < 32768:
            raise ValueError
        return raised, at, amount, UUID(task)
    except (ValueError, InvalidOperation):
        raise _not_ours(cursor) from None


def _cursor(place: Place) -> str:
    priority, due, stake, task = place
    return encode_cursor(
        str(priority), due.isoformat() if due else "", "" if stake is None else format(stake, "f"), str(task)
    )


def _not_ours(cursor: str) -> Exception:
    return invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
