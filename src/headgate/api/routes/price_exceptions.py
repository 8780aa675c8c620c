"""Asking for a price exception: the same event that a storefront would send, in the name of who asks."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection

from headgate.api.auth import OrdersWrite
from headgate.api.idempotency import Once, refusal, settle_once, why_refused
from headgate.api.models.common import Body
from headgate.api.models.price_exceptions import AmendPrice, PriceRequested, RequestPrice
from headgate.api.models.work import approval_view, case_line
from headgate.api.openapi import WRITE, problems
from headgate.api.parameters import CodePath
from headgate.api.routes.price_evidence import references
from headgate.api.strict import StrictRoute
from headgate.channel.exceptions import get_exception
from headgate.kernel.errors import Conflict
from headgate.kernel.ids import new_id
from headgate.ledger import event_get
from headgate.process import Incoming, approvals_of_case, case_detail, case_of_subject, ingest

router = APIRouter(route_class=StrictRoute, tags=["price exceptions"])
SOURCE = "headgate/people"


@router.post("/price-exceptions", status_code=201, response_model=PriceRequested, responses=problems(*WRITE))
def request_price(request: Request, caller: OrdersWrite, body: RequestPrice, once: Once = None) -> Response:
    """Request a price exception. Somebody else than the caller decides it."""
    fresh = new_id(caller.ctx.now)
    number = body.request or f"PX-{fresh.hex[:12].upper()}"
    asked = body.model_dump(exclude_none=True) | {"request": number, "requested_by": caller.ctx.principal.id}
    with caller.reading() as conn:
        asked["evidence"] = references(conn, number, body.partner)
    return _sent(request, caller, body, once, Incoming(str(fresh), "price_exception.requested", caller.ctx.now, asked))


@router.post(
    "/price-exceptions/{number:path}/amend",
    response_model=PriceRequested,
    responses=problems(404, *WRITE),
)
def amend_price(
    request: Request, caller: OrdersWrite, number: CodePath, body: AmendPrice, once: Once = None
) -> Response:
    """Ask otherwise for a price that was sent back. Product, currency and order stay; the approval is asked anew, for
    what is asked now."""
    with caller.reading() as conn:
        row = get_exception(conn, number)
        evidence = references(conn, number, row["partner"])
    kept = {
        "evidence": evidence,
        "request": number,
        "partner": row["partner"],
        "product": row["product"],
        "currency": row["currency"],
        "order": row["order_no"],
        "requested_by": row["requested_by"],
    }
    asked = body.model_dump(exclude_none=True) | kept
    event = Incoming(str(new_id(caller.ctx.now)), "price_exception.amended", caller.ctx.now, asked)
    return _sent(request, caller, body, once, event, status=200)


def _sent(
    request: Request, caller: OrdersWrite, body: Body, once: Once, event: Incoming, *, status: int = 201
) -> Response:
    """Send the event, and tell how the request stands once it is applied."""
    ctx = caller.ctx

    def act(conn: Connection[Any]) -> int:
        (appended,) = ingest(conn, ctx, caller.app.engine, SOURCE, [event])
        if appended.status == "conflict":
            raise Conflict("this request was sent before with other content")
        return appended.seq

    def tell(conn: Connection[Any], seq: int, settled: bool) -> PriceRequested:
        # A repeat under an idempotency key tells of the first request, whose number may have been made then.
        number = event_get(conn, seq).subject
        found = case_of_subject(conn, "price_exception", number)
        if settled and (found is None or refusal(conn, number, seq)):
            raise why_refused(conn, number, seq)
        approvals = approvals_of_case(conn, found["case_id"]) if found else []
        return PriceRequested(
            request=number,
            event=seq,
            settled=settled,
            case=case_line(case_detail(conn, found["case_id"])) if found else None,
            approval=approval_view(approvals[-1]) if approvals else None,
        )

    return settle_once(request, caller, once, body, act, tell, status=status)
