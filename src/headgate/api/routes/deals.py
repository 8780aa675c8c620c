"""Deal registrations: the same events that a portal or CRM would send, in the name of who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection
from pydantic import BaseModel

from headgate.api.auth import Caller, DealsRead, DealsWrite
from headgate.api.idempotency import Once, refusal, settle_once, why_refused
from headgate.api.models.common import PageOf, money
from headgate.api.models.deals import (
    AmendDeal,
    AskExtension,
    ConflictView,
    DealLineView,
    DealTold,
    DealView,
    DealWord,
    RegisterDeal,
    ReportActivity,
)
from headgate.api.models.work import approval_view, case_line
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import CodePath, Cursor, Filter, Limit, Search
from headgate.api.strict import StrictRoute
from headgate.channel import deals
from headgate.kernel.errors import Conflict, Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.ledger import event_get
from headgate.process import Incoming, approvals_of_case, case_detail, case_of_subject, ingest

router = APIRouter(route_class=StrictRoute, tags=["deals"])
SOURCE = "headgate/people"


@router.get("/deals", responses=problems(*READ, 422))
def list_deals(
    caller: DealsRead,
    status: Filter = "",
    partner: Filter = "",
    q: Search = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[DealLineView]:
    """Deals, last changed first. Partners see their own."""
    with caller.reading() as conn:
        page = deals.list_deals(conn, partner=partner, status=status, text=q, cursor=cursor, limit=limit)
        currency = caller.currency(conn)
    return PageOf(items=[DealLineView(**_line(row, currency)) for row in page.items], next_cursor=page.next_cursor)


@router.get("/deals/{deal:path}", responses=problems(*FIND))
def get_deal(caller: DealsRead, deal: CodePath) -> DealView:
    """One deal. What stands against it, with every reason, is for the tenant's own people."""
    with caller.reading() as conn:
        row = deals.get_deal(conn, deal)
        against = deals.conflicts_of(conn, deal) if caller.is_staff else None
        currency = caller.currency(conn)
    return DealView(
        **_line(row, currency),
        revision=row["revision"],
        content=row["content"],
        told=row["told"],
        granted_days=row["granted_days"],
        conflicts=None if against is None else [_conflict(each) for each in against],
    )


@router.post("/deals", status_code=201, response_model=DealTold, responses=problems(*WRITE))
def register_deal(request: Request, caller: DealsWrite, body: RegisterDeal, once: Once = None) -> Response:
    """Register a deal, or keep a draft of it. Somebody else than the caller decides where rules ask for it."""
    number = body.deal or f"DR-{new_id(caller.ctx.now).hex[-12:].upper()}"
    kind = "deal.drafted" if body.draft else "deal.submitted"
    return _send(request, caller, once, body, number, kind, _content(caller, body), status=201)


@router.post("/deals/{deal}/amend", response_model=DealTold, responses=problems(*WRITE))
def amend_deal(request: Request, caller: DealsWrite, deal: CodePath, body: AmendDeal, once: Once = None) -> Response:
    """Replace the content of a draft, of a deal that came back, or of one that waits for a decision."""
    if body.deal not in (None, deal):
        raise invalid("deal", body.deal, "is not the deal of this address", "Leave it out.")
    return _send(request, caller, once, body, deal, "deal.amended", _content(caller, body))


@router.post("/deals/{deal}/submit", response_model=DealTold, responses=problems(*WRITE))
def submit_deal(request: Request, caller: DealsWrite, deal: CodePath, body: AmendDeal, once: Once = None) -> Response:
    """Submit a draft with its final content."""
    return _send(request, caller, once, body, deal, "deal.submitted", _content(caller, body))


@router.post("/deals/{deal}/withdraw", response_model=DealTold, responses=problems(*WRITE))
def withdraw_deal(request: Request, caller: DealsWrite, deal: CodePath, body: DealWord, once: Once = None) -> Response:
    """Give a deal up; others may register the business."""
    return _send(request, caller, once, body, deal, "deal.withdrawn", body.model_dump())


@router.post("/deals/{deal}/appeal", response_model=DealTold, responses=problems(*WRITE))
def appeal_deal(request: Request, caller: DealsWrite, deal: CodePath, body: DealWord, once: Once = None) -> Response:
    """Ask for another look at a rejected deal, by somebody who has not decided before."""
    return _send(request, caller, once, body, deal, "deal.appealed", body.model_dump())


@router.post("/deals/{deal}/activities", response_model=DealTold, responses=problems(*WRITE))
def report_activity(
    request: Request, caller: DealsWrite, deal: CodePath, body: ReportActivity, once: Once = None
) -> Response:
    """Report what was done for a protected deal; near its end this prolongs the protection."""
    return _send(request, caller, once, body, deal, "deal.activity_recorded", body.model_dump(exclude_none=True))


@router.post("/deals/{deal}/extension", response_model=DealTold, responses=problems(*WRITE))
def ask_extension(
    request: Request, caller: DealsWrite, deal: CodePath, body: AskExtension, once: Once = None
) -> Response:
    """Ask to keep a deal protected for longer."""
    return _send(request, caller, once, body, deal, "deal.extension_requested", body.model_dump())


def _content(caller: Caller, body: RegisterDeal) -> dict[str, Any]:
    """The content of a deal as an event. A partner registers for itself only."""
    own = caller.ctx.principal.partner
    if own is not None and own != body.partner:
        raise Forbidden(f"{caller.ctx.principal.id} registers deals of partner {own} only")
    data = body.model_dump(exclude_none=True, exclude={"draft", "deal"})
    return data | {"requested_by": caller.ctx.principal.id}


def _send(
    request: Request,
    caller: Caller,
    once: str | None,
    body: BaseModel,
    deal: str,
    kind: str,
    data: Mapping[str, Any],
    *,
    status: int = 200,
) -> Response:
    ctx = caller.ctx

    def act(conn: Connection[Any]) -> int:
        known = {}
        if status == 200:
            # Nobody speaks about a deal that is not theirs to see, or for another partner than its own.
            known["partner"] = deals.get_deal(conn, deal)["partner"]
        event = Incoming(str(new_id(ctx.now)), kind, ctx.now, {**known, **data, "deal": deal})
        (appended,) = ingest(conn, ctx, caller.app.engine, SOURCE, [event])
        if appended.status == "conflict":
            raise Conflict("this was sent before with other content")
        return appended.seq

    def tell(conn: Connection[Any], seq: int, settled: bool) -> DealTold:
        number = event_get(conn, seq).subject
        if settled and refusal(conn, number, seq):
            raise why_refused(conn, number, seq)
        try:
            found = deals.get_deal(conn, number)["status"]
        except NotFound:
            found = None
        case = case_of_subject(conn, "deal", number)
        asked = approvals_of_case(conn, case["case_id"]) if case and caller.is_staff else []
        return DealTold(
            deal=number,
            event=seq,
            settled=settled,
            status=found,
            case=case_line(case_detail(conn, case["case_id"])) if case and caller.is_staff else None,
            approval=approval_view(asked[-1]) if asked else None,
        )

    return settle_once(request, caller, once, body, act, tell, status=status)


def _line(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _SAME},
        "amount": money(row["amount"], row["currency"]),
        "stake": money(row["stake"], currency),
        "won": money(row["won_amount"], row["currency"]),
        "case": row["case_id"],
    }


_SAME = (
    "deal",
    "partner",
    "partner_name",
    "programme",
    "customer",
    "country",
    "status",
    "close_on",
    "registered_at",
    "protected_until",
    "last_activity_at",
    "updated_at",
)


def _conflict(row: Mapping[str, Any]) -> ConflictView:
    return ConflictView.model_validate(
        {**row["content"], "holder_name": row["holder_name"], "status": row["status"] or row["content"]["status"]}
    )
