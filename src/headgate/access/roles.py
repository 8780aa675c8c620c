"""Granting and revoking roles, with duties kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from headgate.access import repo
from headgate.access.core.checks import overlap, period
from headgate.access.core.roles import ALSO_FOR_PARTNERS, PARTNER_ROLES, check_duties, check_role, require
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import DutyConflict, NotFound, invalid

Period = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role of a principal from `valid_from` on and before `valid_until`; None is open."""

    principal: str
    role: str
    valid_from: datetime | None
    valid_until: datetime | None
    granted_by: str
    granted_at: datetime


def grant_role(
    conn: Connection,
    ctx: Context,
    principal: str,
    role: str,
    *,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> RoleGrant:
    """Grant a role, or change the dates of one granted before.

    Raises `DutyConflict` when the principal holds, or is delegated, at any moment of the period a role that one person
    may not hold beside it, and when somebody grants a role to themselves.
    """
    require(ctx.principal, "admin")
    check_role(role)
    period(valid_from, valid_until)
    if principal == ctx.principal.id:
        raise DutyConflict("nobody grants a role to themselves; ask another administrator")
    lock_accounts(conn, [principal])
    _fits_account(conn, ctx, principal, role)
    keep_duties_apart(conn, ctx.now, principal, [role], (valid_from, valid_until))
    values = {"principal": principal, "role": role, "valid_from": valid_from, "valid_until": valid_until}
    conn.execute(repo.SET_GRANT, {**values, "by": ctx.principal.id, "now": ctx.now})
    record(conn, ctx, "role.granted", "principal", principal, role=role, valid_from=valid_from, valid_until=valid_until)
    return RoleGrant(principal, role, valid_from, valid_until, ctx.principal.id, ctx.now)


def revoke_role(conn: Connection, ctx: Context, principal: str, role: str) -> None:
    """Take a role away. Raises `NotFound` when it was not granted."""
    require(ctx.principal, "admin")
    if conn.execute(repo.DROP_GRANT, {"principal": principal, "role": role}).rowcount == 0:
        raise NotFound(f"{principal} does not hold the role {role}")
    record(conn, ctx, "role.revoked", "principal", principal, role=role)


def _fits_account(conn: Connection, ctx: Context, principal: str, role: str) -> None:
    """Roles of a partner's people are for accounts that are bound to a partner, and those hold no others."""
    row = conn.execute(repo.GET_ACCOUNTS, {"principals": [principal], "now": ctx.now}).fetchone()
    partner = None if row is None else row[4]
    fits = role in (*PARTNER_ROLES, *ALSO_FOR_PARTNERS) if partner is not None else role not in PARTNER_ROLES
    if not fits:
        whom = f"people of partner {partner}" if partner else "the tenant's own people"
        raise invalid(
            "role", role, f"is not for {whom}", f"{', '.join(PARTNER_ROLES)} are for people of partners only."
        )


def list_grants(conn: Connection, principals: Iterable[str]) -> list[RoleGrant]:
    """Every grant of these principals, past and future ones too."""
    return [RoleGrant(*row) for row in conn.execute(repo.LIST_GRANTS, {"principals": list(principals)})]


def lock_accounts(conn: Connection, principals: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Kind and status of each, locked until the transaction ends. Raises `NotFound` when one does not exist."""
    wanted = list(principals)
    found = {row[0]: (row[1], row[2]) for row in conn.execute(repo.LOCK_ACCOUNTS, {"principals": wanted})}
    for principal in wanted:
        if principal not in found:
            raise NotFound(f"there is no {principal}")
    return found


def keep_duties_apart(conn: Connection, now: datetime, principal: str, roles: Iterable[str], during: Period) -> None:
    """Raise `DutyConflict` when `roles`, added for a period, would meet a clashing role of the principal's.

    Their own grants count and so do delegations to them. The account must be locked.
    """
    added = set(roles)
    held: list[tuple[frozenset[str], Period]] = [
        (frozenset({grant.role}), (grant.valid_from, grant.valid_until))
        for grant in list_grants(conn, [principal])
        if grant.role not in added
    ]
    upcoming = conn.execute(repo.UPCOMING_DELEGATIONS_TO, {"principal": principal, "now": now})
    held += [(frozenset(names), (start, end)) for names, start, end in upcoming]
    beside = {role for names, dates in held if overlap(dates, during) for role in names}
    for clash in check_duties(added | beside):
        if {clash.first, clash.second} & added:
            raise DutyConflict(f"{principal} may not hold {clash.first} and {clash.second} together: {clash.reason}")
