"""Granting and revoking roles, with duties kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from headgate.access.core.checks import overlap, period
from headgate.access.core.duties import Clash, clashes
from headgate.access.core.roles import ALSO_FOR_PARTNERS, OPERATING_KINDS, OPERATOR_ROLES, PARTNER_ROLES, require
from headgate.access.duties.custom import expect_role, permissions_by_role
from headgate.access.duties.matrix import matrix_in_force
from headgate.access.duties.mitigations import Mitigation, list_mitigations
from headgate.access.recording import record
from headgate.access.repo import people as repo
from headgate.access.tenants import get_tenant
from headgate.kernel.context import Context
from headgate.kernel.errors import DutyConflict, Forbidden, NotFound, invalid
from headgate.kernel.phrases import phrase, worded

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
    may not hold beside it (unless a mitigation covers all of that time), and when somebody grants a role to themselves.
    """
    require(ctx.principal, "admin")
    expect_role(conn, role)
    period(valid_from, valid_until)
    if principal == ctx.principal.id:
        raise DutyConflict("nobody grants a role to themselves; ask another administrator")
    lock_accounts(conn, [principal])
    _fits_account(conn, ctx, principal, role)
    leant = keep_duties_apart(conn, ctx.now, principal, [role], (valid_from, valid_until))
    values = {"principal": principal, "role": role, "valid_from": valid_from, "valid_until": valid_until}
    conn.execute(repo.SET_GRANT, {**values, "by": ctx.principal.id, "now": ctx.now})
    dates = {"valid_from": valid_from, "valid_until": valid_until}
    why = {"mitigations": [str(each.id) for each in leant]} if leant else {}
    record(conn, ctx, "role.granted", "principal", principal, role=role, **dates, **why)
    return RoleGrant(principal, role, valid_from, valid_until, ctx.principal.id, ctx.now)


def revoke_role(conn: Connection, ctx: Context, principal: str, role: str) -> None:
    """Take a role away. Raises `NotFound` when it was not granted."""
    require(ctx.principal, "admin")
    if conn.execute(repo.DROP_GRANT, {"principal": principal, "role": role}).rowcount == 0:
        raise NotFound(phrase("%(principal)s does not hold the role %(role)s", principal=principal, role=role))
    record(conn, ctx, "role.revoked", "principal", principal, role=role)


def _fits_account(conn: Connection, ctx: Context, principal: str, role: str) -> None:
    """Roles of a partner's people are for accounts that are bound to a partner, and those hold no others."""
    row = conn.execute(repo.GET_ACCOUNTS, {"principals": [principal], "now": ctx.now}).fetchone()
    partner = None if row is None else row[4]
    if role in OPERATOR_ROLES and get_tenant(conn).kind not in OPERATING_KINDS:
        raise Forbidden(phrase("%(role)s is for people of whoever runs this installation, and of providers", role=role))
    fits = role in (*PARTNER_ROLES, *ALSO_FOR_PARTNERS) if partner is not None else role not in PARTNER_ROLES
    if not fits:
        whom = f"people of partner {partner}" if partner else "the tenant's own people"
        raise invalid(
            "role",
            role,
            phrase("is not for %(whom)s", whom=whom),
            phrase("%(names)s are for people of partners only.", names=", ".join(PARTNER_ROLES)),
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
            raise NotFound(phrase("there is no %(principal)s", principal=principal))
    return found


def keep_duties_apart(
    conn: Connection, now: datetime, principal: str, roles: Iterable[str], during: Period
) -> list[Mitigation]:
    """Raise `DutyConflict` when `roles`, added for a period, would meet a clashing role of the principal's.

    Their own grants count and so do delegations to them. A clash that a mitigation covers for as long as both are held
    passes; the mitigations that were leant on come back. The account must be locked.
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
    found = clashes(permissions_by_role(conn, sorted(added | beside)), matrix_in_force(conn))
    broken = [clash for clash in found if {clash.first, clash.second} & added]
    known = list_mitigations(conn, [principal]) if broken else []
    leant: list[Mitigation] = []
    for clash in broken:
        start, end = _together(clash, added, held, during)
        cover = next((m for m in known if m.covers(clash.rule, start if start and start > now else now, end)), None)
        if cover is None:
            raise DutyConflict(_refusal(principal, clash, any(m.status(now) == "in_force" for m in known)))
        leant.append(cover)
    return leant


def _together(clash: Clash, added: set[str], held: list[tuple[frozenset[str], Period]], during: Period) -> Period:
    """For how long both roles of a clash are held: the part of `during` that those beside it share."""
    beside = {clash.first, clash.second} - added
    periods = [dates for names, dates in held if names & beside and overlap(dates, during)] or [during]
    ends = [end for _, end in periods]
    until = [end for end in (during[1], None if None in ends else max(end for end in ends if end)) if end is not None]
    return during[0], min(until) if until else None


def _refusal(principal: str, clash: Clash, mitigated: bool) -> str:
    rule = clash.rule
    said = phrase(
        "%(principal)s may not hold %(first)s and %(second)s together: %(reason)s",
        principal=principal,
        first=clash.first,
        second=clash.second,
        reason=worded(rule.reason),
    )
    if not mitigated:
        return said
    return phrase(
        "%(said)s; a mitigation for %(first)s × %(second)s has to cover the whole time, so let the grant end",
        said=said,
        first=rule.first,
        second=rule.second,
    )
