"""Who asks: an API key with scopes, or a source that signs. Each gets transactions of its tenant and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg import Connection

from headgate import access
from headgate.access import authenticate_api_key, expect_open, parse_api_key
from headgate.api.limits import Limits
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Forbidden, Unauthenticated
from headgate.ui.listed import NEEDS
from headgate.wiring import App

BEARER = HTTPBearer(
    auto_error=False, scheme_name="apiKey", description="An API key: `Authorization: Bearer hgk_…`. Scopes limit it."
)


def app_of(request: Request) -> App:
    """The application that this edge serves."""
    app: App = request.app.state.headgate
    return app


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated principal in its tenant, at the time of the request."""

    app: App
    ctx: Context
    leaves: bool = False  # for taking one's data away, also from a tenant that is shut

    @property
    def is_staff(self) -> bool:
        """Whether the principal belongs to the tenant itself rather than to a partner."""
        return self.ctx.principal.partner is None

    def reading(self) -> AbstractContextManager[Connection[Any]]:
        """A read-only transaction."""
        return self._transaction(read_only=True)

    def writing(self) -> AbstractContextManager[Connection[Any]]:
        """A transaction that commits when its block ends."""
        return self._transaction(read_only=False)

    def reading_for_all(self) -> AbstractContextManager[Connection[Any]]:
        """A read-only transaction past what a partner may see of the database: for routes that show partners a part of
        each row, such as what can be promised of a stock they may not know."""
        return self._transaction(read_only=True, partner=None)

    def currency(self, conn: Connection[Any]) -> str:
        """The tenant's currency."""
        return self.app.engine.registry.profile(conn).currency

    @contextmanager
    def _transaction(self, *, read_only: bool, partner: str | None = "") -> Iterator[Connection[Any]]:
        principal = self.ctx.principal
        whose = principal.partner if partner == "" else partner
        with self.app.database.transaction(self.ctx.tenant_id, partner=whose, read_only=read_only) as conn:
            expect_open(conn, principal, writes=not read_only, leaves=self.leaves)
            yield conn


def caller_of(request: Request, token: str) -> Caller:
    """Whoever the API key belongs to. Raises Unauthenticated, or Busy for a key or an address that asks too often."""
    app = app_of(request)
    limits: Limits = request.app.state.gate.limits
    limits.unproven(request)
    now = app.clock.now()
    try:
        # By the whole key: whoever only knows a part of it uses up nothing of its owner's.
        limits.ask(parse_api_key(token))
        tenant_id, principal = authenticate_api_key(app.database, token, now)
    except Unauthenticated:
        limits.refused(request)
        raise
    return Caller(app, _context(request, tenant_id, principal, now))


def require(permission: str, *, staff: bool = False) -> Callable[..., Caller]:
    """A dependency: the caller, who must have the permission (and, with `staff`, must not be a partner's)."""

    def authorised(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
    ) -> Caller:
        if credentials is None:
            raise Unauthenticated("send an API key as Authorization: Bearer hgk_…")
        caller = caller_of(request, credentials.credentials)
        access.require(caller.ctx.principal, permission)
        if staff and not caller.is_staff:
            raise Forbidden("this is for the tenant's own people, not for partners")
        return caller

    return authorised


def require_any(*permissions: str) -> Callable[..., Caller]:
    """A dependency: the caller, of the tenant's own, who must have at least one of the permissions."""

    def authorised(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
    ) -> Caller:
        if credentials is None:
            raise Unauthenticated("send an API key as Authorization: Bearer hgk_…")
        caller = caller_of(request, credentials.credentials)
        principal = caller.ctx.principal
        if principal.permissions.isdisjoint(permissions):
            raise Forbidden(f"{principal.id} has none of the permissions {', '.join(permissions)}")
        if not caller.is_staff:
            raise Forbidden("this is for the tenant's own people, not for partners")
        return caller

    return authorised


def oneself(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Caller:
    """A dependency: a person with a key of their own, whatever its scopes, for what is theirs alone."""
    if credentials is None:
        raise Unauthenticated("send an API key as Authorization: Bearer hgk_…")
    caller = caller_of(request, credentials.credentials)
    if caller.ctx.principal.kind != "person":
        raise Forbidden("this is for people: service accounts and agents have no such choices")
    return caller


def leaving(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Caller:
    """A dependency: the caller, of the tenant's own, who may take its data away, also while it is shut."""
    return replace(require("tenant.export", staff=True)(request, credentials), leaves=True)


def _context(request: Request, tenant_id: UUID, principal: Principal, now: datetime) -> Context:
    return Context(tenant_id, principal, now, trace=request.scope["state"]["request_id"])


OrdersRead = Annotated[Caller, Depends(require("orders.read"))]
OrdersWrite = Annotated[Caller, Depends(require("orders.write"))]
ReturnsBook = Annotated[Caller, Depends(require("orders.write", staff=True))]
DealsRead = Annotated[Caller, Depends(require("deals.read"))]
DealsWrite = Annotated[Caller, Depends(require("deals.write"))]
CasesRead = Annotated[Caller, Depends(require("cases.read", staff=True))]
CasesHandle = Annotated[Caller, Depends(require_any("approvals.decide", "orders.write"))]
CasesIntervene = Annotated[Caller, Depends(require("cases.intervene", staff=True))]
ProcessesMigrate = Annotated[Caller, Depends(require("processes.migrate", staff=True))]
ApprovalsDecide = Annotated[Caller, Depends(require("approvals.decide", staff=True))]
AgreementsRead = Annotated[Caller, Depends(require("orders.read", staff=True))]
AgreementsWrite = Annotated[Caller, Depends(require("agreements.write", staff=True))]
AgreementsApprove = Annotated[Caller, Depends(require("agreements.approve", staff=True))]
PoliciesRead = Annotated[Caller, Depends(require("policies.read", staff=True))]
PoliciesAuthor = Annotated[Caller, Depends(require("policies.author", staff=True))]
PoliciesBacktest = Annotated[Caller, Depends(require("policies.backtest", staff=True))]
PoliciesApprove = Annotated[Caller, Depends(require("policies.approve", staff=True))]
PoliciesEmergency = Annotated[Caller, Depends(require("policies.emergency", staff=True))]
AuditRead = Annotated[Caller, Depends(require("audit.read", staff=True))]
QuarantineRead = Annotated[Caller, Depends(require("quarantine.read", staff=True))]
QuarantineWrite = Annotated[Caller, Depends(require("quarantine.write", staff=True))]
CalendarsWrite = Annotated[Caller, Depends(require("calendars.write", staff=True))]
ConnectionsRead = Annotated[Caller, Depends(require("connections.read", staff=True))]
ConnectionsWrite = Annotated[Caller, Depends(require("connections.write", staff=True))]
ProvisioningRead = Annotated[Caller, Depends(require("provisioning.read", staff=True))]
ProvisioningWrite = Annotated[Caller, Depends(require("provisioning.write", staff=True))]
TenantsOperate = Annotated[Caller, Depends(require("tenants.operate", staff=True))]
Oneself = Annotated[Caller, Depends(oneself)]
SavedViews = Annotated[Caller, Depends(require_any(*NEEDS))]
TenantExport = Annotated[Caller, Depends(leaving)]
Admin = Annotated[Caller, Depends(require("admin", staff=True))]
AccessReviewed = Annotated[Caller, Depends(require_any("admin", "audit.read", "access.review"))]
AccessReview = Annotated[Caller, Depends(require_any("admin", "access.review"))]
RolesRead = Annotated[Caller, Depends(require_any("admin", "audit.read", "access.review", "policies.approve"))]
DutiesDecide = Annotated[Caller, Depends(require_any("admin", "policies.approve"))]
InheritedRead = Annotated[Caller, Depends(require_any("admin", "policies.read", "audit.read"))]
InheritedFollow = Annotated[Caller, Depends(require_any("admin", "policies.approve"))]
