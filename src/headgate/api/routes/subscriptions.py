"""Subscriptions: who is told of events, by signed webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import Caller, ConnectionsRead, ConnectionsWrite
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.delivery import (
    AttemptView,
    ChangeSubscription,
    CreatedSubscription,
    NewSubscription,
    PingView,
    Rotate,
    Rotated,
    SetStatus,
    SubscriptionView,
    attempt_view,
    change_of,
    draft_of,
    rotated,
    view_of,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import MOST_SEQ, CodePath, Limit
from headgate.api.routes.targets import pinged
from headgate.api.strict import StrictRoute
from headgate.connectors.delivery import (
    SUBSCRIPTION,
    attempts_at,
    change_target,
    connections,
    create_target,
    get_target,
    ping,
    rotate_secret,
    set_status,
)
from headgate.kernel.errors import NotFound

router = APIRouter(route_class=StrictRoute, tags=["subscriptions"])


@router.get("/subscriptions", responses=problems(*READ))
def list_subscriptions(caller: ConnectionsRead) -> PageOf[SubscriptionView]:
    """All subscriptions with how they fare and what has not arrived."""
    with caller.reading() as conn:
        found = connections(conn, caller.ctx.now, "events")
    return PageOf(items=[SubscriptionView(**view_of(c)) for c in found])


# No idempotency key here and at the next secret: what an answer was is kept, and secrets are not.
@router.post("/subscriptions", status_code=201, responses=problems(*WRITE))
def subscribe(caller: ConnectionsWrite, body: NewSubscription) -> CreatedSubscription:
    """Subscribe a receiver to events. It is told of what is applied from then on."""
    app = caller.app
    with caller.writing() as conn:
        made, secret = create_target(
            conn, caller.ctx, app.envelope, app.courier.ports, draft_of(body), purpose="events"
        )
        return CreatedSubscription(subscription=_view(caller, conn, made.short), secret=secret)


@router.get("/subscriptions/{code}", responses=problems(*FIND))
def get_subscription(caller: ConnectionsRead, code: CodePath) -> SubscriptionView:
    """One subscription."""
    with caller.reading() as conn:
        return _view(caller, conn, code)


@router.patch("/subscriptions/{code}", response_model=SubscriptionView, responses=problems(*WRITE))
def edit_subscription(
    request: Request, caller: ConnectionsWrite, code: CodePath, body: ChangeSubscription, once: Once = None
) -> Response:
    """Change a subscription."""

    def act(conn: Connection[Any]) -> SubscriptionView:
        app = caller.app
        change_target(conn, caller.ctx, app.envelope, app.courier.ports, SUBSCRIPTION + code, change_of(body))
        return _view(caller, conn, code)

    return write_once(request, caller, once, body, act)


@router.post("/subscriptions/{code}/status", response_model=SubscriptionView, responses=problems(*WRITE))
def set_subscription_status(
    request: Request, caller: ConnectionsWrite, code: CodePath, body: SetStatus, once: Once = None
) -> Response:
    """Pause, disable or activate. While it is not active, events are not kept for it."""

    def act(conn: Connection[Any]) -> SubscriptionView:
        set_status(conn, caller.ctx, SUBSCRIPTION + code, body.status, body.reason)
        return _view(caller, conn, code)

    return write_once(request, caller, once, body, act)


@router.post("/subscriptions/{code}/secret", responses=problems(*WRITE))
def rotate_subscription_secret(caller: ConnectionsWrite, code: CodePath, body: Rotate) -> Rotated:
    """A new signing secret; the former ones sign beside it for a while."""
    with caller.writing() as conn:
        overlap = timedelta(hours=body.overlap_hours)
        made = rotate_secret(
            conn, caller.ctx, caller.app.envelope, SUBSCRIPTION + code, overlap=overlap, secret=body.secret
        )
        return rotated(*made)


@router.post("/subscriptions/{code}/ping", responses=problems(*FIND, 409, 422))
def ping_subscription(caller: ConnectionsWrite, code: CodePath) -> PingView:
    """Send a test event now and say what was answered."""
    return pinged(ping(caller.app.courier, caller.ctx, SUBSCRIPTION + code))


@router.get("/subscriptions/{code}/attempts", responses=problems(*FIND))
def list_subscription_attempts(
    caller: ConnectionsRead, code: CodePath, before: int = Query(MOST_SEQ, ge=1, le=MOST_SEQ), limit: Limit = 50
) -> PageOf[AttemptView]:
    """The tries at this receiver, newest first; `before` continues below an id."""
    with caller.reading() as conn:
        get_target(conn, SUBSCRIPTION + code)
        found = attempts_at(conn, SUBSCRIPTION + code, before=before, limit=limit)
        return PageOf(items=[attempt_view(a) for a in found])


def _view(caller: Caller, conn: Connection[Any], code: str) -> SubscriptionView:
    found = [c for c in connections(conn, caller.ctx.now, "events") if c.target.short == code]
    if not found:
        raise NotFound(f"there is no subscription {code}")
    return SubscriptionView(**view_of(found[0]))
