"""Booking goods of a return in and telling what their inspection found, where no warehouse system sends it.

Both become the events that a warehouse would send, so that the process, its checks and its approvals are the same. Who
inspected is kept from deciding about the return.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection
from pydantic import BaseModel

from headgate.api.auth import Caller, ReturnsBook
from headgate.api.idempotency import Once, refusal, settle_once, why_refused
from headgate.api.models.return_booking import BookedReturn, BookReceipt, RecordInspection
from headgate.api.openapi import WRITE, problems
from headgate.api.parameters import CodePath
from headgate.api.strict import StrictRoute
from headgate.channel import returns
from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Conflict
from headgate.kernel.ids import new_id
from headgate.ledger import event_get
from headgate.process import Incoming, ingest

router = APIRouter(route_class=StrictRoute, tags=["returns"])
SOURCE = "headgate/people"


@router.post("/returns/{rma}/receipts", status_code=201, response_model=BookedReturn, responses=problems(*WRITE))
def book_receipt(
    request: Request, caller: ReturnsBook, rma: CodePath, body: BookReceipt, once: Once = None
) -> Response:
    """Book goods of a return in: at most what was authorised, and each receipt once."""
    lines = [each.model_dump() for each in body.lines]
    data: dict[str, Any] = {"receipt": body.receipt, "warehouse": body.warehouse, "lines": lines}
    data["received_at"] = instant_text(body.received_at or caller.ctx.now)
    return _book(request, caller, once, body, rma, "rma.received", data)


@router.post("/returns/{rma}/inspections", status_code=201, response_model=BookedReturn, responses=problems(*WRITE))
def record_inspection(
    request: Request, caller: ReturnsBook, rma: CodePath, body: RecordInspection, once: Once = None
) -> Response:
    """Record in which condition goods were found, in parts if need be. When all that arrived was looked at, policy
    decides what becomes of it."""
    data = {"lines": [each.model_dump() for each in body.lines]}
    return _book(request, caller, once, body, rma, "rma.inspected", data)


def _book(
    request: Request,
    caller: Caller,
    once: str | None,
    body: BaseModel,
    rma: str,
    kind: str,
    data: Mapping[str, Any],
) -> Response:
    ctx = caller.ctx

    def act(conn: Connection[Any]) -> int:
        row = returns.get_return(conn, rma)
        if row["status"] not in returns.WAITS_FOR[kind]:
            raise Conflict(f"return {rma} is {row['status']}; it has nothing to book in or to inspect now")
        event = Incoming(str(new_id(ctx.now)), kind, ctx.now, {"rma": rma, **data})
        (appended,) = ingest(conn, ctx, caller.app.engine, SOURCE, [event])
        return appended.seq

    def tell(conn: Connection[Any], seq: int, settled: bool) -> BookedReturn:
        if settled and refusal(conn, rma, seq):
            raise why_refused(conn, rma, seq)
        row = returns.get_return(conn, event_get(conn, seq).subject)
        return BookedReturn(rma=row["rma"], event=seq, settled=settled, status=row["status"], told=row["told"])

    return settle_once(request, caller, once, body, act, tell, status=201)
