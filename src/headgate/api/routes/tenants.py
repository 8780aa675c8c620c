"""Tenants below one's own: list, make, shut and open, place, limit, and ask for their deletion.

A provider sets its clients up and reads nothing of their business; the database sees to it (`stewarding`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.access import get_tenant
from headgate.access.tenancy import (
    acting_on,
    ask_deletion,
    confirm_deletion,
    list_below,
    looking_at,
    move_below,
    pending_deletion,
    resume_tenant,
    set_quotas,
    suspend_tenant,
    umbrella,
    withdraw_deletion,
)
from headgate.api.auth import AuditRead, Caller, TenantsOperate
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, PageOf
from headgate.api.models.tenants import (
    CreateTenant,
    PlaceTenant,
    SetQuotas,
    TenantReason,
    TenantView,
    UmbrellaView,
    tenant_view,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.strict import StrictRoute
from headgate.identity.founding import found_client
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound

router = APIRouter(route_class=StrictRoute, tags=["tenants"])
TenantPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\u0000]*$", description="Its short name.")]
Days = Annotated[int, Query(ge=1, le=3660, description="Orders of how many days.")]


class Nothing(Body):
    """Nothing needs to be said."""


@router.get("/tenants", responses=problems(*READ))
def list_tenants_below(caller: TenantsOperate) -> PageOf[TenantView]:
    """Every tenant below the caller's, nearest first: how it is set up, and nothing of its business."""
    with caller.reading() as conn:
        found, parents = list_below(conn, caller.ctx), _parents(conn, caller)
    return PageOf(items=[tenant_view(each, parents) for each in found])


@router.get("/umbrella", responses=problems(*READ))
def read_umbrella(caller: AuditRead, days: Days = 30) -> PageOf[UmbrellaView]:
    """What goes on in the tenants below the caller's, in sums, each in its own currency; nothing of theirs changes."""
    with caller.reading() as conn:
        found = umbrella(conn, caller.ctx, caller.ctx.now - timedelta(days=days))
    return PageOf(items=[UmbrellaView.model_validate(each) for each in found])


@router.post("/tenants", status_code=201, response_model=TenantView, responses=problems(*WRITE))
def create_tenant_below(request: Request, caller: TenantsOperate, body: CreateTenant, once: Once = None) -> Response:
    """Make a tenant right below the caller's, with solution packs; its administrator is invited by mail."""

    def act(conn: Connection[Any]) -> TenantView:
        made = found_client(conn, caller.ctx, caller.app, body.wanted())
        return tenant_view(made, _parents(conn, caller))

    return write_once(request, caller, once, body, act, status=201)


@router.get("/tenants/{tenant}", responses=problems(*FIND))
def read_tenant_below(caller: TenantsOperate, tenant: TenantPath) -> TenantView:
    """One tenant below, with its deletion where one was asked for."""
    with caller.reading() as conn:
        return _view(conn, caller, tenant)


@router.post("/tenants/{tenant}/suspend", response_model=TenantView, responses=problems(*WRITE))
def suspend_tenant_below(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: TenantReason, once: Once = None
) -> Response:
    """Shut a tenant: its administrators look on, nobody else gets in, events are refused, what waits is kept."""
    why = body.reason
    return _act(
        request, caller, tenant, once, body, "client_tenant.suspended", lambda c, x: suspend_tenant(c, x, why), why
    )


@router.post("/tenants/{tenant}/resume", response_model=TenantView, responses=problems(*WRITE))
def resume_tenant_below(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: Nothing, once: Once = None
) -> Response:
    """Open a suspended tenant again; what waited is applied."""
    return _act(request, caller, tenant, once, body, "client_tenant.resumed", resume_tenant)


@router.post("/tenants/{tenant}/place", response_model=TenantView, responses=problems(*WRITE))
def place_tenant_below(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: PlaceTenant, once: Once = None
) -> Response:
    """Place a tenant elsewhere within the caller's tree."""

    def act(conn: Connection[Any]) -> TenantView:
        move_below(caller.app.database, conn, caller.ctx, tenant, kind=body.kind, parent=body.parent)
        return _view(conn, caller, tenant)

    return write_once(request, caller, once, body, act)


@router.post("/tenants/{tenant}/quotas", response_model=TenantView, responses=problems(*WRITE))
def set_tenant_quotas(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: SetQuotas, once: Once = None
) -> Response:
    """Limit what a tenant may use. What is there stays; the next one beyond a limit is refused."""
    limits = body.quotas
    return _act(request, caller, tenant, once, body, "client_tenant.quotas_set", lambda c, x: set_quotas(c, x, limits))


@router.post("/tenants/{tenant}/deletion", response_model=TenantView, responses=problems(*WRITE))
def ask_tenant_deletion(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: TenantReason, once: Once = None
) -> Response:
    """Ask for a tenant's deletion. Nothing happens before somebody else confirms it."""
    why = body.reason
    return _act(
        request, caller, tenant, once, body, "client_tenant.deletion_asked", lambda c, x: ask_deletion(c, x, why), why
    )


@router.post("/tenants/{tenant}/deletion/confirm", response_model=TenantView, responses=problems(*WRITE))
def confirm_tenant_deletion(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: Nothing, once: Once = None
) -> Response:
    """Confirm it, as another than who asked. The tenant is shut at once; its administrators can still take everything
    along. It is deleted when the waiting period is over."""
    wait = timedelta(days=caller.app.settings.deletion_days)

    def confirm(conn: Connection[Any], ctx: Context) -> object:
        return confirm_deletion(conn, ctx, wait=wait)

    return _act(request, caller, tenant, once, body, "client_tenant.deletion_confirmed", confirm)


@router.post("/tenants/{tenant}/deletion/withdraw", response_model=TenantView, responses=problems(*WRITE))
def withdraw_tenant_deletion(
    request: Request, caller: TenantsOperate, tenant: TenantPath, body: Nothing, once: Once = None
) -> Response:
    """Take a deletion back. A tenant that was shut for it stays suspended until it is resumed."""
    return _act(request, caller, tenant, once, body, "client_tenant.deletion_withdrawn", withdraw_deletion)


def _act(
    request: Request,
    caller: Caller,
    tenant: str,
    once: str | None,
    body: Body,
    action: str,
    act: Callable[[Connection[Any], Context], object],
    reason: str = "",
) -> Response:
    told = {"reason": reason} if reason else {}

    def both(conn: Connection[Any]) -> TenantView:
        with acting_on(conn, caller.ctx, tenant, action, **told) as inside:
            act(conn, inside)
        return _view(conn, caller, tenant)

    return write_once(request, caller, once, body, both)


def _view(conn: Connection[Any], caller: Caller, slug: str) -> TenantView:
    found = next((each for each in list_below(conn, caller.ctx) if each.slug == slug), None)
    if found is None:
        raise NotFound("there is no such tenant below this one")
    with looking_at(conn, caller.ctx, slug):
        deletion = pending_deletion(conn)
    return tenant_view(found, _parents(conn, caller), deletion)


def _parents(conn: Connection[Any], caller: Caller) -> dict[Any, str]:
    own = get_tenant(conn)
    return {own.id: own.slug} | {each.id: each.slug for each in list_below(conn, caller.ctx)}
