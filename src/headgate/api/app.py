"""The HTTP API as one ASGI application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

import headgate
from headgate.api import oauth, openapi, scim
from headgate.api.errors import Address, add_handlers
from headgate.api.gate import Gate
from headgate.api.middleware import Bodies, BodyLimit, Frame
from headgate.api.routes import (
    access_reviews,
    agreements,
    approving,
    asking,
    audit,
    backtests,
    calendars,
    cases,
    conflicts,
    deals,
    delegations,
    domains,
    events,
    exchange,
    exports,
    guests,
    health,
    inheritance,
    interventions,
    mails,
    masters,
    orders,
    outbox,
    policies,
    policy_life,
    price_evidence,
    price_exceptions,
    privacy,
    processes,
    proofs,
    provisioning,
    quarantine,
    reading,
    return_booking,
    returns,
    roles,
    saved_views,
    security,
    subscriptions,
    targets,
    tenants,
    usage,
)
from headgate.wiring import App

# Every address of the API begins with one of these, so that a server can hand them over and keep the rest.
PREFIXES = ("/v1", "/health", "/problems", oauth.PREFIX, oauth.METADATA, scim.PREFIX)

DESCRIPTION = """
Governs what flows between storefronts, ERP systems, partners and people. Every price, hold and approval is decided by a
named policy version, explained, and provable afterwards.

Amounts are text with a currency, instants RFC 3339 in UTC. Lists are paged by `cursor`. Errors are problem details
(RFC 9457): 400 means that a request does not fit its schema, 422 that what it says cannot be accepted. A write with an
`Idempotency-Key` may be repeated and answers the same.
"""

ROUTERS = (
    events.router,
    conflicts.router,
    orders.router,
    approving.router,
    cases.router,
    interventions.router,
    asking.router,
    processes.router,
    delegations.router,
    calendars.router,
    price_evidence.router,  # before the exceptions: a number may hold slashes
    price_exceptions.router,
    deals.router,
    returns.router,
    return_booking.router,
    masters.router,
    agreements.router,
    policies.router,
    backtests.router,
    policy_life.router,
    audit.router,
    proofs.router,
    privacy.router,
    exchange.router,
    quarantine.router,
    outbox.router,
    targets.router,
    subscriptions.router,
    provisioning.router,
    access_reviews.router,
    roles.router,
    domains.router,
    saved_views.router,
    mails.router,
    reading.router,
    security.router,
    usage.router,
    tenants.router,
    guests.router,
    exports.router,
    inheritance.router,
)


class Api(FastAPI):
    """FastAPI with our OpenAPI document, and a way past its layers for the one route where they cost too much."""

    way_in: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == events.PATH and scope["method"] == "POST":
            scope["app"] = self
            await self.way_in(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        return openapi.describe(self)


def addresses() -> list[Address]:
    """The pattern and methods of every address, for the Allow header: routes of one address stand apart in routers."""
    placed = [("/v1", router) for router in ROUTERS] + [("", health.router)]
    found: dict[str, set[str]] = {}
    for prefix, router in placed:
        for route in router.routes:
            if isinstance(route, APIRoute):
                found.setdefault(prefix + route.path, set()).update(route.methods or ())
    return [(compile_path(path)[0], frozenset(methods)) for path, methods in found.items()]


def create_app(app: App) -> FastAPI:
    """The API over a built application. The caller owns `app` and closes it."""
    api = Api(
        title="Headgate",
        version=headgate.__version__,
        summary="Channel operations, governed.",
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        # The pages that ship with the framework load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    api.state.headgate = app
    api.state.gate = Gate.over(app)
    for router in ROUTERS:
        api.include_router(router, prefix="/v1")
    api.include_router(health.router)
    api.router.routes.extend(oauth.ROUTES)
    api.mount(scim.PREFIX, scim.create_scim(app, api.state.gate.limits))
    add_handlers(api, addresses())
    bodies = Bodies(app.settings.request_max_bytes, app.settings.body_memory_bytes)
    api.add_middleware(BodyLimit, bodies=bodies)
    api.add_middleware(Frame)
    api.way_in = Frame(BodyLimit(events.way_in, bodies, unpacks=True))
    return api
