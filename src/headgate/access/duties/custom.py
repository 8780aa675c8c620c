"""Roles that a tenant makes itself, out of the catalogue of permissions.

Nobody makes a role that holds more than they do: what goes beyond waits until somebody who holds it confirms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.access.core.checks import code, text
from headgate.access.core.duties import clashes
from headgate.access.core.roles import PERMISSIONS, ROLES, STAFF_PERMISSIONS, require
from headgate.access.duties import repo
from headgate.access.duties.matrix import matrix_in_force
from headgate.access.inheritance import expect_unlocked, note_overridden
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, NotFound, invalid
from headgate.kernel.phrases import phrase


@dataclass(frozen=True, slots=True)
class CustomRole:
    """A role of the tenant's own. `permissions` are in force; `wanted` are those it will have once it is confirmed."""

    role: str
    title: str
    description: str
    permissions: frozenset[str]
    wanted: frozenset[str]
    revision: int
    status: str
    changed_by: str
    changed_at: datetime
    confirmed_by: str | None


def list_custom_roles(conn: Connection[Any]) -> list[CustomRole]:
    """The tenant's own roles by name, retired ones too."""
    return [_role(row) for row in conn.execute(repo.LIST_ROLES)]


def holder_counts(conn: Connection[Any], now: datetime) -> dict[str, int]:
    """How many hold each role now or will, in one query."""
    return dict(conn.execute(repo.HOLDER_COUNTS, {"now": now}).fetchall())


def permissions_by_role(conn: Connection[Any], roles: Collection[str]) -> dict[str, frozenset[str]]:
    """What each of these roles allows: shipped ones, and the tenant's own in one query. Unknown ones are left out."""
    found = {role: ROLES[role] for role in roles if role in ROLES}
    rest = [role for role in roles if role not in ROLES]
    if rest:
        found |= {role: frozenset(held) for role, held in conn.execute(repo.PERMISSIONS_OF, {"roles": rest})}
    return found


def expect_role(conn: Connection[Any], role: str) -> frozenset[str]:
    """What a role allows. Raises `Invalid` when there is none of that name, or it is retired or not yet confirmed."""
    if role in ROLES:
        return ROLES[role]
    known = {each.role: each for each in list_custom_roles(conn)}
    found = known.get(role)
    if found is None:
        usable = sorted({*ROLES, *(name for name, each in known.items() if each.status == "active")})
        raise invalid("role", role, "is not a role", phrase("Use one of %(names)s.", names=", ".join(usable)))
    if found.status == "retired":
        raise invalid("role", role, "is retired", "Make it anew, or use another one.")
    if not found.permissions:
        raise invalid("role", role, "is not confirmed yet", "Somebody who holds its permissions confirms it first.")
    return found.permissions


def save_role(
    conn: Connection[Any], ctx: Context, role: str, *, title: str, description: str, permissions: Iterable[str]
) -> CustomRole:
    """Make a role, or change one; people who hold it have the new permissions at once.

    Raises `Invalid`, `Conflict` for the name of a shipped role, `DutyConflict` when it would hold both halves of a rule
    by itself or would bring somebody who holds it both.
    """
    require(ctx.principal, "admin")
    name = code("role", role)
    shown, why = text("title", title, 80), text("description", description, 300)
    wanted = check_permissions(permissions)
    if name in ROLES:
        raise Conflict(phrase("%(name)s is a shipped role and stays as it is; give yours another name", name=name))
    expect_unlocked(conn, "role", name)
    row = conn.execute(repo.LOCK_ROLE, {"role": name}).fetchone()
    before = None if row is None else _role(row)
    keep_apart(conn, name, wanted)
    held = frozenset(PERMISSIONS) if ctx.principal.kind == "system" else ctx.principal.permissions
    old = before.permissions if before is not None and before.status != "retired" else frozenset()
    confirmed = wanted <= held
    values = {
        "role": name,
        "title": shown,
        "description": why,
        "permissions": sorted(wanted if confirmed else old & wanted),
        "wanted": sorted(wanted),
        "status": "active" if confirmed else "proposed",
        "by": ctx.principal.id,
        "now": ctx.now,
    }
    conn.execute(repo.PUT_ROLE, values)
    note_overridden(conn, ctx, "role", name)
    told = {"title": shown, "description": why, "beyond": sorted(wanted - held)}
    change = {"added": sorted(wanted - old), "removed": sorted(old - wanted)}
    record(conn, ctx, "role.changed" if before else "role.made", "role", name, **told, **change)
    return get_custom_role(conn, name)


def confirm_role(conn: Connection[Any], ctx: Context, role: str) -> CustomRole:
    """Let a proposed role have what its maker does not hold. Somebody else does it who holds every bit of that."""
    found = get_custom_role(conn, role)
    if found.status != "proposed":
        raise Conflict(phrase("%(role)s is %(status)s; there is nothing to confirm", role=role, status=found.status))
    if found.changed_by == ctx.principal.id:
        raise DutyConflict(
            phrase("%(id)s made this role and cannot confirm it; someone else must", id=ctx.principal.id)
        )
    missing = found.wanted - found.permissions - ctx.principal.permissions
    if missing and ctx.principal.kind != "system":
        raise Forbidden(
            phrase(
                "%(id)s does not hold %(names)s and so cannot give it to a role",
                id=ctx.principal.id,
                names=", ".join(sorted(missing)),
            )
        )
    keep_apart(conn, role, found.wanted)
    conn.execute(repo.CONFIRM_ROLE, {"role": role, "by": ctx.principal.id})
    record(conn, ctx, "role.confirmed", "role", role, permissions=sorted(found.wanted), made_by=found.changed_by)
    return get_custom_role(conn, role)


def retire_role(conn: Connection[Any], ctx: Context, role: str) -> None:
    """Take a role out of use. Raises `Conflict` while somebody holds it."""
    require(ctx.principal, "admin")
    expect_unlocked(conn, "role", role)
    found = get_custom_role(conn, role)
    holders = [row[0] for row in conn.execute(repo.HOLDERS, {"role": role, "now": ctx.now})]
    if holders:
        shown = ", ".join(holders[:5]) + (f" and {len(holders) - 5} more" if len(holders) > 5 else "")
        raise Conflict(phrase("%(role)s is held by %(shown)s; revoke it first", role=role, shown=shown))
    if found.status != "retired":
        conn.execute(repo.RETIRE_ROLE, {"role": role, "by": ctx.principal.id, "now": ctx.now})
        note_overridden(conn, ctx, "role", role)
        record(conn, ctx, "role.retired", "role", role)


def get_custom_role(conn: Connection[Any], role: str) -> CustomRole:
    """One role of the tenant's own. Raises `NotFound`."""
    row = conn.execute(repo.LOCK_ROLE.removesuffix(" for update"), {"role": role}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no role %(role)s of your own", role=role))
    return _role(row)


def check_permissions(permissions: Iterable[str]) -> frozenset[str]:
    """Permissions that a role of a tenant's own may have. Raises `Invalid`."""
    wanted = frozenset(permissions)
    for permission in sorted(wanted):
        if permission not in PERMISSIONS:
            raise invalid(
                "permissions",
                permission,
                "is not a permission",
                phrase("Use some of %(names)s.", names=", ".join(PERMISSIONS)),
            )
        if permission not in STAFF_PERMISSIONS:
            raise invalid("permissions", permission, "cannot be in a role of your own", "Leave it to shipped roles.")
    if not wanted:
        raise invalid("permissions", "", "is empty", "Pick at least one permission.")
    return wanted


def keep_apart(conn: Connection[Any], role: str, wanted: frozenset[str]) -> None:
    """Neither the role by itself nor together with what its holders have besides may break the matrix."""
    matrix = matrix_in_force(conn)
    for clash in clashes({role: wanted}, matrix):
        rule = clash.rule
        raise DutyConflict(
            phrase(
                "%(role)s cannot hold %(first)s and %(second)s together: %(reason)s",
                role=role,
                first=rule.first,
                second=rule.second,
                reason=rule.reason,
            )
        )
    rows = conn.execute(
        "select o.principal, o.role from role_grants g join role_grants o using (tenant_id, principal)"
        " where g.role = %s and o.role <> %s order by o.principal, o.role limit 5000",
        [role, role],
    ).fetchall()
    held = permissions_by_role(conn, sorted({other for _, other in rows}))
    for principal, other in rows:
        found = clashes({role: wanted, other: held.get(other, frozenset())}, matrix)
        if found:
            rule = found[0].rule
            raise DutyConflict(
                phrase(
                    "%(principal)s holds %(other)s besides and would have %(first)s and %(second)s: %(reason)s",
                    principal=principal,
                    other=other,
                    first=rule.first,
                    second=rule.second,
                    reason=rule.reason,
                )
            )


def _role(row: tuple[Any, ...]) -> CustomRole:
    role, title, description, permissions, wanted, *rest = row
    return CustomRole(role, title, description, frozenset(permissions), frozenset(wanted), *rest)
