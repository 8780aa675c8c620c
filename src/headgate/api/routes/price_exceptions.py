"""Asking for a price exception: the same event that a storefront would send, in the name of who asks."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection

from headgate.api.auth import OrdersWrite
from headgate.api.idempotency import Once, refusal, settle_once, why_refused
from headgate.api.models.price_exceptions import PriceRequested, RequestPrice
from headgate.api.models.work import approval_view, case_line
from headgate.api.openapi import WRITE, problems
from headgate.api.strict import StrictRoute
from headgate.kernel.errors import Conflict
from headgate.kernel.ids import new_id
from headgate.ledger import event_get
from headgate.process import Incoming, approvals_of_case, case_detail, case_of_subject, ingest

router = APIRouter(route_class=StrictRoute, tags=["price exceptions"])
SOURCE = "headgate/people"


@router.post("/price-exceptions", status_code=201, response_model=PriceRequested, responses=problems(*WRITE))
def request_price(request: Request, caller: OrdersWrite, body: RequestPrice, once: Once = None) -> Response:
    """Request a price exception. Somebody else than the caller decides it."""
    ctx = caller.ctx
    fresh = new_id(ctx.now)
    number = body.request or f"PX-{fresh.hex[:12].upper()}"
    data = body.model_dump(exclude_none=True) | {"request": number, "requested_by": ctx.principal.id}

    def act(conn: Connection[Any]) -> int:
        event = Incoming(str(fresh), "price_exception.requested", ctx.now, data)
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

    return settle_once(request, caller, once, body, act, tell, status=201)
