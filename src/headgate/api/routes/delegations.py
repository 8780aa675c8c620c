"""Delegations: who decides for whom while somebody is away."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.access import create_delegation, get_delegation, list_delegations, revoke_delegation
from headgate.api.auth import Caller, CasesRead
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.delegations import Delegate, DelegationView, Revoke, delegation_view
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Limit
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import Forbidden, NotFound, invalid

router = APIRouter(route_class=StrictRoute, tags=["delegations"])
# Who may see everybody's: a reason can be personal.
SEES_ALL = frozenset({"admin", "audit.read"})
# Whose key may enter one: an administrator's, or that of somebody who has decisions to delegate.
ENTERS = frozenset({"admin", "approvals.decide"})
DelegationPath = Annotated[UUID, Path()]


@router.get("/delegations", responses=problems(*READ, 422))
def list_all_delegations(
    caller: CasesRead,
    person: Annotated[
        str, Query(max_length=200, pattern=r"^[^\u0000]*$", description="From or to this principal id.")
    ] = "",
    past: Annotated[bool, Query(description="Also those that ended or were revoked.")] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[DelegationView]:
    """Delegations, newest first: the caller's own, and everybody's for administrators and auditors."""
    me = caller.ctx.principal
    if not SEES_ALL & me.permissions and person not in ("", me.id):
        raise Forbidden("you may see delegations from and to yourself; administrators and auditors see all")
    principal = person or (None if SEES_ALL & me.permissions else me.id)
    with caller.reading() as conn:
        found = list_delegations(
            conn, caller.ctx.now, principal=principal, past=past, before=_before(cursor), limit=limit + 1
        )
    kept = found[:limit]
    more = encode_cursor(kept[-1].valid_from.isoformat(), str(kept[-1].id)) if len(found) > limit else ""
    return PageOf(items=[delegation_view(d, caller.ctx.now) for d in kept], next_cursor=more)


@router.get("/delegations/{delegation}", responses=problems(*FIND))
def read_delegation(caller: CasesRead, delegation: DelegationPath) -> DelegationView:
    """One delegation of the caller's own; of anybody's for administrators and auditors."""
    me = caller.ctx.principal
    with caller.reading() as conn:
        found = get_delegation(conn, delegation, caller.ctx.now)
    if not SEES_ALL & me.permissions and me.id not in (found.delegator, found.delegate):
        raise NotFound("there is no such delegation")
    return delegation_view(found, caller.ctx.now)


@router.post("/delegations", status_code=201, response_model=DelegationView, responses=problems(*WRITE))
def delegate(request: Request, caller: CasesRead, body: Delegate, once: Once = None) -> Response:
    """Let somebody decide for the caller, or, as an administrator, for somebody else.

    Refused when the delegate holds a role that the delegated ones must stay apart from, when the delegator does not
    hold a role, and when an administrator would delegate to themselves.
    """
    _may_enter(caller)
    ctx = caller.ctx

    def act(conn: Connection[Any]) -> DelegationView:
        made = create_delegation(
            conn,
            ctx,
            delegator=body.delegator or ctx.principal.id,
            delegate=body.delegate,
            roles=body.roles,
            valid_from=body.valid_from or ctx.now,
            valid_until=body.valid_until,
            reason=body.reason,
            max_amount=None if body.max_amount is None else Decimal(body.max_amount),
            onward=body.onward,
        )
        return delegation_view(made, ctx.now)

    return write_once(request, caller, once, body, act, status=201)


@router.post("/delegations/{delegation}/revoke", response_model=DelegationView, responses=problems(*WRITE))
def revoke(
    request: Request, caller: CasesRead, delegation: DelegationPath, body: Revoke, once: Once = None
) -> Response:
    """End a delegation at once: its delegator, its delegate, or an administrator. Again, it changes nothing."""
    _may_enter(caller)

    def act(conn: Connection[Any]) -> DelegationView:
        revoke_delegation(conn, caller.ctx, delegation)
        return delegation_view(get_delegation(conn, delegation, caller.ctx.now), caller.ctx.now)

    return write_once(request, caller, once, body, act)


def _may_enter(caller: Caller) -> None:
    if not ENTERS & caller.ctx.principal.permissions:
        raise Forbidden("this takes the permission approvals.decide, or admin for others' delegations")


def _before(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    at, delegation = decode_cursor(cursor, 2)
    try:
        found = datetime.fromisoformat(at), UUID(delegation)
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return found
