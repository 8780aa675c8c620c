"""Whether somebody may act for another: the delegation that makes it so is looked up when they do."""

from __future__ import annotations

from psycopg import Connection

from headgate.access import load_voters, permissions_by_role
from headgate.access import require as require_permission
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden
from headgate.kernel.phrases import phrase
from headgate.policy.core.lifecycle import PolicyVersion


def expect_right(conn: Connection, ctx: Context, permission: str, on_behalf_of: str | None = None) -> None:
    """Raises `Forbidden` unless the principal has the permission, or acts for somebody who has it and whose delegation
    to them is in force and covers a role that brings it."""
    if on_behalf_of is None:
        require_permission(ctx.principal, permission)
        return
    found = load_voters(conn, [ctx.principal.id], ctx.now)
    given = [d for voter in found for d in voter.delegations if d.delegator == on_behalf_of]
    allowed = permissions_by_role(conn, sorted({role for d in given for role in d.roles}))
    if not any(permission in held for held in allowed.values()):
        raise Forbidden(
            phrase(
                "%(on_behalf_of)s has delegated nothing to %(id)s that allows this",
                on_behalf_of=on_behalf_of,
                id=ctx.principal.id,
            )
        )


def stood_in_for(conn: Connection, ctx: Context, permission: str) -> list[str]:
    """Whom the principal may act for in what takes this permission, by delegations in force."""
    found = load_voters(conn, [ctx.principal.id], ctx.now)
    given = [d for voter in found for d in voter.delegations]
    allowed = permissions_by_role(conn, sorted({role for d in given for role in d.roles})) if given else {}
    return sorted({d.delegator for d in given if any(permission in allowed.get(role, ()) for role in d.roles)})


def withdrawing(version: PolicyVersion, permissions: frozenset[str]) -> str:
    """The permission that giving up a version takes: authors may until it is approved, approvers until it starts."""
    written = version.status in ("draft", "in_review") and "policies.approve" not in permissions
    return "policies.author" if written else "policies.approve"
