"""Inheritance: what a provider offers to the tenants below its own, and what a client has from those above."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection

from headgate.access.inheritance import go_back, list_inherited, list_offers, withdraw_offer
from headgate.api.auth import InheritedFollow, InheritedRead, TenantsOperate
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.inheritance import (
    InheritedView,
    Kind,
    NewOfferBody,
    OfferView,
    inherited_view,
    offer_view,
)
from headgate.api.openapi import READ, WRITE, problems
from headgate.api.routes.tenants import Nothing
from headgate.api.strict import StrictRoute
from headgate.packs.inherited import offer, takers

router = APIRouter(route_class=StrictRoute, tags=["tenants"])
OfferPath = Annotated[UUID, Path()]
KindPath = Annotated[Kind, Path()]
NamePath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


@router.get("/offers", responses=problems(*READ))
def list_own_offers(caller: TenantsOperate) -> PageOf[OfferView]:
    """What the caller's tenant offers to those below, open offers first."""
    with caller.reading() as conn:
        found = list_offers(conn)
    return PageOf(items=[offer_view(each) for each in found])


@router.post("/offers", status_code=201, response_model=OfferView, responses=problems(*WRITE))
def offer_below(request: Request, caller: TenantsOperate, body: NewOfferBody, once: Once = None) -> Response:
    """Offer an approved policy version, a role of one's own or a pack to the tenants below; they take copies of it
    within a minute. An open offer of the same thing ends."""

    def act(conn: Connection[Any]) -> OfferView:
        made = offer(
            caller.app.policies,
            conn,
            caller.ctx,
            body.kind,
            body.name,
            version=body.version,
            locked=body.locked,
            effective_at=body.effective_at,
        )
        return offer_view(made)

    return write_once(request, caller, once, body, act, status=201)


@router.post("/offers/{offer}/withdraw", response_model=OfferView, responses=problems(*WRITE))
def withdraw_offer_below(
    request: Request, caller: TenantsOperate, offer: OfferPath, body: Nothing, once: Once = None
) -> Response:
    """Offer something no more. Those below keep what they have as their own; what has not started does not start."""
    return write_once(request, caller, once, body, lambda c: offer_view(withdraw_offer(c, caller.ctx, offer)))


@router.get("/inherited", responses=problems(*READ))
def list_own_inherited(caller: InheritedRead) -> PageOf[InheritedView]:
    """What the caller's tenant has from those above, or had: from whom, whether it is locked, and how it stands."""
    with caller.reading() as conn:
        found = list_inherited(conn)
    return PageOf(items=[inherited_view(each) for each in found])


@router.post("/inherited/{kind}/{thing}/follow", response_model=InheritedView, responses=problems(*WRITE))
def follow_inherited(
    request: Request, caller: InheritedFollow, kind: KindPath, thing: NamePath, body: Nothing, once: Once = None
) -> Response:
    """Go back to what is inherited, instead of something of one's own: for a policy by who approves policies, for a
    role or a pack by administrators."""

    def act(conn: Connection[Any]) -> InheritedView:
        return inherited_view(go_back(conn, caller.ctx, takers(caller.app.policies, caller.app.actions), kind, thing))

    return write_once(request, caller, once, body, act)
