"""Reviews of access: open, look, decide, sign, export."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.access.reviews import (
    as_csv,
    cancel_review,
    decide_items,
    exchange_reviewers,
    export_review,
    get_review,
    list_items,
    list_reviews,
    open_review,
    sign_review,
)
from headgate.api.auth import AccessReview, AccessReviewed, Admin
from headgate.api.idempotency import Once, write_once
from headgate.api.models.access_reviews import (
    CloseReview,
    DecidedGrants,
    DecideGrants,
    OpenReview,
    ReviewGrantView,
    ReviewView,
    SetReviewers,
    grant_view,
    review_view,
)
from headgate.api.models.common import PageOf
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Limit, Search
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import invalid

router = APIRouter(route_class=StrictRoute, tags=["access"])
ReviewPath = Annotated[UUID, Path()]
Shown = Annotated[
    Literal["", "open", "conflicts", "unused", "kept", "revoked"],
    Query(description="Only such grants; `unused`: 90 days."),
]


@router.get("/access-reviews", responses=problems(*READ))
def list_access_reviews(caller: AccessReviewed) -> PageOf[ReviewView]:
    """Reviews, open ones first: those that name the caller, and every one for administrators and auditors."""
    with caller.reading() as conn:
        found = list_reviews(conn, caller.ctx)
    return PageOf(items=[review_view(each, caller.ctx.now) for each in found])


@router.post("/access-reviews", status_code=201, response_model=ReviewView, responses=problems(*WRITE))
def open_access_review(request: Request, caller: Admin, body: OpenReview, once: Once = None) -> Response:
    """Open a review of every grant within a scope. Reviewers never decide about themselves; the caller is none."""

    def act(conn: Connection[Any]) -> ReviewView:
        made = open_review(
            conn,
            caller.ctx,
            title=body.title,
            scope=body.scope,
            role=body.role or "",
            reviewers=body.reviewers,
            due_at=body.due_at,
        )
        return review_view(made, caller.ctx.now)

    return write_once(request, caller, once, body, act, status=201)


@router.get("/access-reviews/{review}", responses=problems(*FIND))
def read_access_review(caller: AccessReviewed, review: ReviewPath) -> ReviewView:
    """One review and how far it is."""
    with caller.reading() as conn:
        return review_view(get_review(conn, caller.ctx, review), caller.ctx.now)


@router.get("/access-reviews/{review}/grants", responses=problems(*FIND, 422))
def list_reviewed_grants(
    caller: AccessReviewed,
    review: ReviewPath,
    show: Shown = "",
    text: Search = "",
    cursor: Cursor = "",
    limit: Limit = 100,
) -> PageOf[ReviewGrantView]:
    """The grants of a review, as they stood when it was opened."""
    after = _after(cursor)
    with caller.reading() as conn:
        get_review(conn, caller.ctx, review)
        found = list_items(conn, review, caller.ctx.now, shown=show, text=text, after=after, limit=limit + 1)
    kept = found[:limit]
    more = encode_cursor(str(kept[-1].item)) if len(found) > limit else ""
    return PageOf(items=[grant_view(each) for each in kept], next_cursor=more)


@router.post("/access-reviews/{review}/decisions", response_model=DecidedGrants, responses=problems(*WRITE))
def decide_reviewed_grants(
    request: Request, caller: AccessReview, review: ReviewPath, body: DecideGrants, once: Once = None
) -> Response:
    """Keep grants or revoke them, all or none. A revoked one is taken away at once. Reviewers only, not their own."""

    def act(conn: Connection[Any]) -> DecidedGrants:
        done = decide_items(conn, caller.ctx, review, body.items, body.decision, body.reason)
        return DecidedGrants(items=[grant_view(each) for each in done])

    return write_once(request, caller, once, body, act)


@router.post("/access-reviews/{review}/reviewers", response_model=ReviewView, responses=problems(*WRITE))
def set_reviewers(
    request: Request, caller: Admin, review: ReviewPath, body: SetReviewers, once: Once = None
) -> Response:
    """Let others decide in an open review. What was decided stays; neither who opened it nor the caller decides."""

    def act(conn: Connection[Any]) -> ReviewView:
        return review_view(exchange_reviewers(conn, caller.ctx, review, body.reviewers), caller.ctx.now)

    return write_once(request, caller, once, body, act)


@router.post("/access-reviews/{review}/sign", response_model=ReviewView, responses=problems(*WRITE))
def sign_access_review(
    request: Request, caller: AccessReview, review: ReviewPath, body: CloseReview, once: Once = None
) -> Response:
    """Confirm that all was decided and close the review: by somebody who decided nothing in it."""

    def act(conn: Connection[Any]) -> ReviewView:
        return review_view(sign_review(conn, caller.ctx, review, body.statement), caller.ctx.now)

    return write_once(request, caller, once, body, act)


@router.post("/access-reviews/{review}/cancel", response_model=ReviewView, responses=problems(*WRITE))
def cancel_access_review(
    request: Request, caller: Admin, review: ReviewPath, body: CloseReview, once: Once = None
) -> Response:
    """Give a review up; what was revoked in it stays revoked."""

    def act(conn: Connection[Any]) -> ReviewView:
        return review_view(cancel_review(conn, caller.ctx, review, body.statement), caller.ctx.now)

    return write_once(request, caller, once, body, act)


@router.get(
    "/access-reviews/{review}/export",
    response_class=Response,
    responses=problems(*FIND, 422)
    | {
        200: {
            "content": {"application/json": {"schema": {"type": "object"}}, "text/csv": {"schema": {"type": "string"}}}
        }
    },
)
def export_access_review(
    caller: AccessReviewed, review: ReviewPath, form: Annotated[Literal["json", "csv"], Query()] = "json"
) -> Response:
    """All of a review for an auditor: JSON with the digest that was signed, or CSV."""
    with caller.reading() as conn:
        found, items, told = export_review(conn, caller.ctx, review)
    headers = {"Content-Disposition": f'attachment; filename="access-review-{found.id}.{form}"'}
    if form == "csv":
        return Response(as_csv(found, items), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(canonical(told), media_type="application/json", headers=headers)


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    (text,) = decode_cursor(cursor, 1)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return int(text)
