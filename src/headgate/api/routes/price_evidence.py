"""Files that speak for a price: sent, listed, handed back. While somebody decides, a new file asks them anew."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import Connection

from headgate.access.tenancy import expect_document_room
from headgate.api.auth import Caller, OrdersRead, OrdersWrite
from headgate.api.idempotency import Once, refusal, settle_once, why_refused, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.price_exceptions import AddFile, EvidenceFile, FileAdded
from headgate.api.models.work import approval_view
from headgate.api.openapi import FIND, WRITE, problems
from headgate.api.parameters import CodePath
from headgate.api.strict import StrictRoute
from headgate.channel.evidence import Evidence, KeptFile, read_evidence
from headgate.channel.exceptions import PRICE_FILES, get_exception
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.process import Incoming, approvals_of_case, ingest
from headgate.ui.web import attachment

router = APIRouter(route_class=StrictRoute, tags=["price exceptions"])
SOURCE = "headgate/people"
OPEN = ("assessing", "deciding", "returned")
# What a request says of itself, besides its files.
SENT = (
    *("request", "partner", "product", "unit_price", "currency", "max_quantity"),
    *("valid_from", "valid_until", "justification", "order", "requested_by"),
)


@router.post(
    "/price-exceptions/{number:path}/files",
    status_code=201,
    response_model=FileAdded,
    responses=problems(404, *WRITE),
)
def add_price_file(
    request: Request, caller: OrdersWrite, number: CodePath, body: AddFile, once: Once = None
) -> Response:
    """Send a file with a price exception, before it is asked for, while somebody decides or after it was sent back.

    While somebody decides, the approval is asked anew with the file; otherwise it goes with the next request. What was
    sent stays.
    """
    file = read_evidence(body.name, _decoded(body.content))
    row = _stored(caller, number)
    if row is not None and row["status"] not in OPEN:
        raise Conflict("this price exception is decided; nothing can be added to it any more")
    with caller.reading_for_all() as conn:
        expect_document_room(conn, len(file.content))

    def keep(conn: Connection[Any]) -> KeptFile:
        return PRICE_FILES.add(conn, caller.ctx, number, file, body.partner if row is None else row["partner"])

    def kept(conn: Connection[Any]) -> FileAdded:
        return FileAdded(file=EvidenceFile.model_validate(keep(conn)), settled=True, approval=None)

    if row is None or row["status"] == "returned":
        return write_once(request, caller, once, body, kept, status=201)
    return _asked_anew(request, caller, body, once, row, file)


def _asked_anew(
    request: Request, caller: Caller, body: AddFile, once: Once, row: Mapping[str, Any], file: Evidence
) -> Response:
    number, ctx = row["request"], caller.ctx

    def act(conn: Connection[Any]) -> int:
        PRICE_FILES.add(conn, ctx, number, file, row["partner"])
        asked = {name: row["content"][name] for name in SENT if row["content"].get(name) is not None}
        asked["evidence"] = references(conn, number, row["partner"])
        event = Incoming(str(new_id(ctx.now)), "price_exception.amended", ctx.now, asked)
        (appended,) = ingest(conn, ctx, caller.app.engine, SOURCE, [event])
        return appended.seq

    def tell(conn: Connection[Any], seq: int, settled: bool) -> FileAdded:
        if settled and refusal(conn, number, seq):
            raise why_refused(conn, number, seq)
        found = next(f for f in reversed(PRICE_FILES.of(conn, number)) if f.name == file.name)
        approvals = approvals_of_case(conn, row["case_id"])
        return FileAdded(
            file=EvidenceFile.model_validate(found),
            settled=settled,
            approval=approval_view(approvals[-1]) if approvals and settled else None,
        )

    return settle_once(request, caller, once, body, act, tell, status=201)


@router.get("/price-exceptions/{number:path}/files", responses=problems(*FIND))
def list_price_files(caller: OrdersRead, number: CodePath) -> PageOf[EvidenceFile]:
    """The files that were sent with a price exception, oldest first; also before it is asked for."""
    with caller.reading() as conn:
        found = PRICE_FILES.of(conn, number)
        if not found:
            get_exception(conn, number)  # none is an answer only about one that is there
    return PageOf(items=[EvidenceFile.model_validate(each) for each in found])


@router.get(
    "/price-exceptions/{number:path}/files/{file}",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file, as its media type says."},
        **problems(*FIND),
    },
)
def get_price_file(caller: OrdersRead, number: CodePath, file: UUID) -> Response:
    """A file that was sent with a price exception, to be saved, never shown."""
    with caller.reading() as conn:
        found, content = PRICE_FILES.get(conn, number, file)
    return attachment(found.name, found.media_type, content)


def references(conn: Connection[Any], number: str, partner: str) -> list[str]:
    """How a partner's request names its files, so that an approval binds their bytes."""
    return [each.reference for each in PRICE_FILES.of(conn, number, partner)]


def _stored(caller: Caller, number: str) -> Mapping[str, Any] | None:
    with caller.reading() as conn:
        try:
            return get_exception(conn, number)
        except NotFound:
            return None


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("content", "", "is not base64", "Send the file's bytes in base64.") from None
