"""Roles by groups of an identity provider, after a table: who joins a group gets its roles, who leaves loses them.

Grants that people made are left alone. Duties that must stay apart stay apart: a group that would bring them together
in one person is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.roles import OPERATING_KINDS, OPERATOR_ROLES, PARTNER_ROLES, require
from headgate.access.duties.custom import expect_role
from headgate.access.federation import repo
from headgate.access.recording import record
from headgate.access.repo import people as access_repo
from headgate.access.roles import keep_duties_apart, list_grants, lock_accounts
from headgate.access.tenants import get_tenant
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, invalid


@dataclass(frozen=True, slots=True)
class GroupRole:
    """Members of a group that an `origin` (`oidc:<provider>`, `scim`) tells of hold a role."""

    origin: str
    group: str
    role: str


def group_roles(conn: Connection, origin: str | None = None) -> list[GroupRole]:
    """The table of one origin, or of all."""
    return [GroupRole(*row) for row in conn.execute(repo.LIST_MAPPINGS, {"origin": origin})]


def map_group(conn: Connection, ctx: Context, origin: str, group: str, role: str) -> None:
    """Give members of a group a role, shipped or the tenant's own, from their next sign-in or the next message about
    them on. Raises `Invalid` for a role that is none, is not confirmed, or is not for people of this tenant."""
    require(ctx.principal, "admin")
    named = checks.text("group", group, 300)
    expect_role(conn, role)
    if role in PARTNER_ROLES:
        raise invalid("role", role, "is for people of partners, who have no account at the identity provider")
    if role in OPERATOR_ROLES and get_tenant(conn).kind not in OPERATING_KINDS:
        raise invalid("role", role, "is for people of whoever runs this installation")
    if conn.execute(repo.ADD_MAPPING, {"origin": origin, "group": named, "role": role}).rowcount:
        record(conn, ctx, "group_role.added", "group_role", named, origin=origin, role=role)


def unmap_group(conn: Connection, ctx: Context, origin: str, group: str, role: str) -> None:
    """Take a line out of the table. Raises `NotFound`."""
    require(ctx.principal, "admin")
    if conn.execute(repo.DROP_MAPPING, {"origin": origin, "group": group, "role": role}).rowcount == 0:
        raise NotFound("the table has no such line")
    record(conn, ctx, "group_role.removed", "group_role", group, origin=origin, role=role)


def sync_roles(conn: Connection, ctx: Context, principal: str, origin: str, groups: Iterable[str]) -> None:
    """Make the roles that come from `origin` those of these groups. Raises `DutyConflict` and then changes nothing.

    `ctx.principal` is who tells of the groups; it needs no permission of its own, the table was made by who has it.
    """
    named = set(groups)
    wanted = {line.role for line in group_roles(conn, origin) if line.group in named}
    rows = conn.execute(repo.FROM_GROUPS, {"principal": principal}).fetchall()
    mine = {role for role, whose in rows if whose == origin}
    if wanted == mine:
        return
    lock_accounts(conn, [principal])
    held = {grant.role for grant in list_grants(conn, [principal])}
    others = {role for role, whose in rows if whose != origin}
    gone = mine - wanted
    for role in sorted(gone):
        conn.execute(repo.FORGET_GRANT, {"principal": principal, "role": role, "origin": origin})
        if role not in others:
            conn.execute(access_repo.DROP_GRANT, {"principal": principal, "role": role})
    new = sorted(wanted - mine)
    fresh = [role for role in new if role not in held]
    if fresh:
        keep_duties_apart(conn, ctx.now, principal, fresh, (None, None))
    for role in new:
        # A role that a person granted stays that person's grant.
        if role in held and role not in others:
            continue
        conn.execute(repo.NOTE_GRANT, {"principal": principal, "role": role, "origin": origin})
        if role in fresh:
            values = {"principal": principal, "role": role, "valid_from": None, "valid_until": None}
            conn.execute(access_repo.SET_GRANT, {**values, "by": ctx.principal.id, "now": ctx.now})
    if gone or fresh:
        told = {"origin": origin, "added": fresh, "removed": sorted(gone)}
        record(conn, ctx, "roles.synchronised", "principal", principal, **told)
