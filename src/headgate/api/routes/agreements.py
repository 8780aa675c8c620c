"""Price agreements: look, draft, and the steps of their lifecycle."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import AgreementsApprove, AgreementsRead, AgreementsWrite
from headgate.api.idempotency import Once, write_once
from headgate.api.models.agreements import (
    ActivateAgreement,
    AgreementActivated,
    AgreementDrafted,
    AgreementLine,
    AgreementView,
    ApproveAgreement,
    DraftAgreement,
    SubmitAgreement,
    TermConflictView,
    TermLine,
)
from headgate.api.models.common import PageOf, as_hex
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Filter, Limit, Search
from headgate.api.strict import StrictRoute
from headgate.channel import agreements
from headgate.ledger import append_events

router = APIRouter(route_class=StrictRoute, tags=["agreements"])
AgreementPath = Annotated[UUID, Path()]
MOST_CONFLICTS = 100


@router.get("/agreements", responses=problems(*READ, 422))
def list_agreements(
    caller: AgreementsRead,
    status: Annotated[Literal["", "draft", "in_review", "approved", "active", "retired", "withdrawn"], Query()] = "",
    kind: Filter = "",
    partner: Filter = "",
    code: Filter = "",
    q: Search = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[AgreementLine]:
    """Agreements by code, the newest revision first."""
    with caller.reading() as conn:
        page = agreements.list_agreements(
            conn, status=status, kind=kind, partner=partner, code=code, text=q, cursor=cursor, limit=limit
        )
    return PageOf(items=[AgreementLine(**_line(view)) for view in page.items], next_cursor=page.next_cursor)


@router.post("/agreements", status_code=201, response_model=AgreementDrafted, responses=problems(*WRITE))
def draft_agreement(request: Request, caller: AgreementsWrite, body: DraftAgreement, once: Once = None) -> Response:
    """Draft the next revision of an agreement. It applies to nothing before another person approved it."""

    def act(conn: Connection[Any]) -> AgreementDrafted:
        made = agreements.draft(conn, caller.ctx, body.model_dump(by_alias=True, exclude_none=True), source="api")
        return AgreementDrafted.model_validate(made)

    return write_once(request, caller, once, body, act, status=201)


@router.get("/agreements/{agreement}", responses=problems(*FIND, 422))
def get_agreement(
    caller: AgreementsRead,
    agreement: AgreementPath,
    product: Filter = "",
    partner: Filter = "",
    cursor: Cursor = "",
    limit: Limit = 100,
) -> AgreementView:
    """One agreement with a page of its terms, those of a product or partner where one is given."""
    with caller.reading() as conn:
        view = agreements.get_agreement(conn, agreement)
        terms = agreements.list_terms(conn, agreement, product=product, partner=partner, cursor=cursor, limit=limit)
    return AgreementView(
        **_line(view),
        terms=[TermLine.model_validate(term) for term in terms.items],
        terms_cursor=terms.next_cursor,
    )


@router.post("/agreements/{agreement}/submit", response_model=AgreementLine, responses=problems(*WRITE))
def submit_agreement(
    request: Request, caller: AgreementsWrite, agreement: AgreementPath, body: SubmitAgreement, once: Once = None
) -> Response:
    """Hand a draft in for review."""

    def act(conn: Connection[Any]) -> AgreementLine:
        agreements.submit(conn, caller.ctx, [agreement])
        return AgreementLine(**_line(agreements.get_agreement(conn, agreement)))

    return write_once(request, caller, once, body, act)


@router.post("/agreements/{agreement}/approve", response_model=AgreementLine, responses=problems(*WRITE))
def approve_agreement(
    request: Request, caller: AgreementsApprove, agreement: AgreementPath, body: ApproveAgreement, once: Once = None
) -> Response:
    """Approve an agreement in review; whoever wrote or submitted it may not."""

    def act(conn: Connection[Any]) -> AgreementLine:
        agreements.approve(
            conn, caller.ctx, [agreement], justification=body.justification, on_behalf_of=body.on_behalf_of
        )
        return AgreementLine(**_line(agreements.get_agreement(conn, agreement)))

    return write_once(request, caller, once, body, act)


@router.post("/agreements/{agreement}/activate", response_model=AgreementActivated, responses=problems(*WRITE))
def activate_agreement(
    request: Request, caller: AgreementsApprove, agreement: AgreementPath, body: ActivateAgreement, once: Once = None
) -> Response:
    """Let an approved agreement apply; the active revision of its code ends where it starts."""

    def act(conn: Connection[Any]) -> AgreementActivated:
        done = agreements.activate(conn, caller.ctx, agreement, start=body.start, acknowledged=body.acknowledged)
        events = agreements.activation_events(done, caller.ctx)
        append_events(conn, caller.ctx.now, events, lanes=caller.app.engine.lanes)
        return AgreementActivated(
            **_line(agreements.get_agreement(conn, agreement)),
            conflicts=[TermConflictView(kind=c.kind, detail=c.detail) for c in done.conflicts[:MOST_CONFLICTS]],
        )

    return write_once(request, caller, once, body, act)


def _line(view: agreements.AgreementView) -> dict[str, Any]:
    found = asdict(view)
    count = found.pop("terms")
    return {**found, "term_count": count, "digest": as_hex(view.digest)}
