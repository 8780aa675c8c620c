"""Delegations: somebody lets another decide in their roles, for a time and up to an amount."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.authority import Delegation, chains
from headgate.access.core.checks import period, text
from headgate.access.core.roles import require
from headgate.access.duties.custom import expect_role
from headgate.access.principals import as_delegation
from headgate.access.recording import record
from headgate.access.repo import people as repo
from headgate.access.roles import keep_duties_apart, list_grants, lock_accounts
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase

LONGEST = timedelta(days=366)


def create_delegation(
    conn: Connection,
    ctx: Context,
    *,
    delegator: str,
    delegate: str,
    roles: Iterable[str],
    valid_from: datetime,
    valid_until: datetime,
    reason: str,
    max_amount: Decimal | None = None,
    onward: bool = False,
) -> Delegation:
    """Let `delegate` decide in `roles` of `delegator`, up to `max_amount` in the tenant's currency.

    The delegator does it, or an administrator who is not the delegate. Only roles that the delegator holds themselves
    can be delegated, or that somebody delegated to them `onward`: with leave to pass them on. Raises `Invalid`,
    `Forbidden`, `NotFound`, or `DutyConflict` when the delegate holds a clashing role.
    """
    names = sorted(set(roles))
    why = text("reason", reason, 500)
    for name in names:
        expect_role(conn, name)
    _check_terms(names, delegator, delegate, valid_from, valid_until, max_amount)
    if valid_until <= ctx.now:
        raise invalid("valid_until", valid_until, "has passed", "Let it end in the future.")
    if ctx.principal.id != delegator:
        require(ctx.principal, "admin")
        if ctx.principal.id == delegate:
            raise DutyConflict("nobody delegates another's roles to themselves")
    found = lock_accounts(conn, [delegator, delegate])
    if any(kind != "person" or status != "active" for kind, status in found.values()):
        raise Conflict("both must be people with an active account")
    own = {g.role for g in list_grants(conn, [delegator]) if g.valid_until is None or g.valid_until > ctx.now}
    passed_on = {
        role for chain in chains(_links_to(conn, delegator, ctx.now), delegator, ctx.now) for role in chain.roles
    }
    for role in names:
        if role not in own | passed_on:
            raise Forbidden(
                phrase("%(delegator)s does not hold %(role)s and cannot delegate it", delegator=delegator, role=role)
            )
    keep_duties_apart(conn, ctx.now, delegate, names, (valid_from, valid_until))
    delegation_id = new_id(ctx.now)
    terms: dict[str, Any] = {
        "roles": names,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "max_amount": max_amount,
        "onward": onward,
    }
    between = {"delegator": delegator, "delegate": delegate, "reason": why}
    conn.execute(repo.ADD_DELEGATION, {"id": delegation_id, "now": ctx.now, "by": ctx.principal.id, **between, **terms})
    record(conn, ctx, "delegation.created", "delegation", str(delegation_id), **between, **terms)
    return get_delegation(conn, delegation_id, ctx.now)


def _links_to(conn: Connection, principal: str, now: datetime) -> list[Delegation]:
    """What this principal may pass on: delegations to them that allow it, and those behind them."""
    rows = conn.execute(repo.CHAINS_TO, {"principals": [principal], "now": now})
    links = [as_delegation(row) for row in rows]
    return [link for link in links if link.onward]


def get_delegation(conn: Connection, delegation_id: UUID, now: datetime) -> Delegation:
    """One delegation, with the roles that its delegator holds now. Raises `NotFound`."""
    row = conn.execute(repo.GET_DELEGATION, {"id": delegation_id, "now": now}).fetchone()
    if row is None:
        raise NotFound("there is no such delegation")
    return as_delegation(row)


def list_delegations(
    conn: Connection,
    now: datetime,
    *,
    principal: str | None = None,
    past: bool = False,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> list[Delegation]:
    """Delegations from or to `principal` (or everybody's), newest first; ended and revoked ones only with `past`.

    `before` is (valid_from, id) of the last one seen.
    """
    at, last = before or (None, None)
    values = {"now": now, "principal": principal, "past": past, "limit": limit, "before": at, "last": last}
    return [as_delegation(row) for row in conn.execute(repo.LIST_DELEGATIONS, values)]


def revoke_delegation(conn: Connection, ctx: Context, delegation_id: UUID) -> None:
    """End a delegation at once. The delegator, the delegate or an administrator may. Doing it again changes nothing."""
    found = get_delegation(conn, delegation_id, ctx.now)
    if ctx.principal.id not in (found.delegator, found.delegate):
        require(ctx.principal, "admin")
    if conn.execute(repo.REVOKE_DELEGATION, {"id": delegation_id, "now": ctx.now}).rowcount:
        record(
            conn,
            ctx,
            "delegation.revoked",
            "delegation",
            str(delegation_id),
            delegator=found.delegator,
            delegate=found.delegate,
        )


def _check_terms(
    roles: list[str],
    delegator: str,
    delegate: str,
    valid_from: datetime,
    valid_until: datetime,
    max_amount: Decimal | None,
) -> None:
    period(valid_from, valid_until)
    if not roles:
        raise invalid("roles", "", "is empty", "Name the roles to delegate.")
    if delegator == delegate:
        raise invalid("delegate", delegate, "is the delegator")
    if valid_until - valid_from > LONGEST:
        raise invalid("valid_until", valid_until, "is more than a year after valid_from")
    if max_amount is not None and (not max_amount.is_finite() or max_amount < 0):
        raise invalid("max_amount", max_amount, "is not an amount of zero or more")
