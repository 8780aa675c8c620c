"""Guests: people of a provider who work in a client for a time, asked for by the one and granted by the other."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection
from pydantic import Field, StringConstraints

from headgate.access.tenancy import Guest, ask_guest, decide_guest, end_guest, list_guests, looking_at, revoke_guest
from headgate.api.auth import Admin, TenantsOperate
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, PageOf, Shape
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Instant
from headgate.api.routes.tenants import Nothing, TenantPath
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["tenants"])
GuestPath = Annotated[UUID, Path()]
_TEXT = r"^[^\u0000]*$"


class AskGuest(Body):
    """Whom of one's own people a client shall let in, as what, until when, and why."""

    person: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_TEXT)] = Field(
        description="Principal id of an active person of the caller's tenant."
    )
    roles: list[Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=_TEXT)]] = Field(
        min_length=1, max_length=10
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_TEXT)]
    valid_until: Instant = Field(description="At most 90 days from now.")


class GuestView(Shape):
    """A guest and where it stands."""

    id: UUID
    provider: str = Field(description="Short name of the provider.")
    person: str
    name: str
    roles: list[str]
    reason: str
    state: Literal["asked", "refused", "in_force", "over", "ended"]
    asked_by: str
    asked_at: Instant
    valid_until: Instant
    decided_by: str | None
    decided_at: Instant | None
    ended_by: str | None
    ended_at: Instant | None


@router.get("/tenants/{tenant}/guests", responses=problems(*FIND))
def list_guests_below(caller: TenantsOperate, tenant: TenantPath) -> PageOf[GuestView]:
    """Whom of the caller's people a client was asked to let in, newest first."""
    with caller.reading() as conn, looking_at(conn, caller.ctx, tenant):
        found = [each for each in list_guests(conn) if each.provider == caller.ctx.tenant_id]
    return PageOf(items=[_view(each, caller.ctx.now) for each in found])


@router.post("/tenants/{tenant}/guests", status_code=201, response_model=GuestView, responses=problems(*WRITE))
def ask_guest_below(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: AskGuest, once: Once = None
) -> Response:
    """Ask a client to let one of the caller's people in. Its administrators grant or refuse it, and end it any time."""

    def act(conn: Connection[Any]) -> GuestView:
        id = ask_guest(
            conn,
            caller.ctx,
            tenant,
            person=body.person,
            roles=body.roles,
            reason=body.reason,
            valid_until=body.valid_until,
        )
        with looking_at(conn, caller.ctx, tenant):
            return _view(next(each for each in list_guests(conn) if each.id == id), caller.ctx.now)

    return write_once(request, caller, once, body, act, status=201)


@router.post("/tenants/{tenant}/guests/{guest}/end", response_model=GuestView, responses=problems(*WRITE))
def end_guest_below(
    request: Request, caller: TenantsOperate, tenant: TenantPath, guest: GuestPath, body: Nothing, once: Once = None
) -> Response:
    """Give a guest's access up: nobody enters any more, and who is inside is put out within a minute."""

    def act(conn: Connection[Any]) -> GuestView:
        end_guest(conn, caller.ctx, tenant, guest)
        with looking_at(conn, caller.ctx, tenant):
            return _view(next(each for each in list_guests(conn) if each.id == guest), caller.ctx.now)

    return write_once(request, caller, once, body, act)


@router.get("/guests", responses=problems(*READ))
def list_own_guests(caller: Admin) -> PageOf[GuestView]:
    """People of the providers above who asked to work here, may, or might, newest first."""
    with caller.reading() as conn:
        found = list_guests(conn)
    return PageOf(items=[_view(each, caller.ctx.now) for each in found])


@router.post("/guests/{guest}/grant", response_model=GuestView, responses=problems(*WRITE))
def grant_guest(request: Request, caller: Admin, guest: GuestPath, body: Nothing, once: Once = None) -> Response:
    """Let somebody of a provider in until the day asked for; duties that must stay apart are kept apart."""
    return write_once(
        request, caller, once, body, lambda c: _view(decide_guest(c, caller.ctx, guest, grant=True), caller.ctx.now)
    )


@router.post("/guests/{guest}/refuse", response_model=GuestView, responses=problems(*WRITE))
def refuse_guest(request: Request, caller: Admin, guest: GuestPath, body: Nothing, once: Once = None) -> Response:
    """Do not let them in."""
    return write_once(
        request, caller, once, body, lambda c: _view(decide_guest(c, caller.ctx, guest, grant=False), caller.ctx.now)
    )


@router.post("/guests/{guest}/revoke", response_model=GuestView, responses=problems(*WRITE))
def revoke_own_guest(request: Request, caller: Admin, guest: GuestPath, body: Nothing, once: Once = None) -> Response:
    """Put a guest out at once: sessions end, roles are taken away."""
    return write_once(request, caller, once, body, lambda c: _view(revoke_guest(c, caller.ctx, guest), caller.ctx.now))


def _view(found: Guest, now: Instant) -> GuestView:
    return GuestView(
        id=found.id,
        provider=found.provider_slug,
        person=found.person,
        name=found.person_name,
        roles=list(found.roles),
        reason=found.reason,
        state=found.state(now),
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        valid_until=found.valid_until,
        decided_by=found.decided_by,
        decided_at=found.decided_at,
        ended_by=found.ended_by,
        ended_at=found.ended_at,
    )
