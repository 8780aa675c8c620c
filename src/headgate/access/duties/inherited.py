"""Roles between tenants: one that a provider made is offered to the tenants below, who copy it.

A copy is kept apart by the matrix of the tenant it is in, together with what its holders have there besides. Guests of
a provider hold shipped roles only, so a provider gives its own people nothing by changing a role that it offers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate.access.core.roles import ROLES
from headgate.access.duties import repo
from headgate.access.duties.custom import check_permissions, get_custom_role, keep_apart
from headgate.access.inheritance import (
    NewOffer,
    Offered,
    Wanted,
    expect_offering,
    list_inherited,
    put_offer,
)
from headgate.access.recording import record
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase

KIND: Final = "role"


def offer_role(
    conn: Connection[Any], ctx: Context, role: str, *, locked: bool, effective_at: datetime | None = None
) -> Offered:
    """Offer a role of the tenant's own to the tenants below, as it is now.

    Raises `Conflict` for one that is retired or waits to be confirmed, `NotFound`, `Forbidden`, `Invalid`.
    """
    expect_offering(conn, ctx)
    found = get_custom_role(conn, role)
    if found.status != "active":
        raise Conflict(
            phrase("cannot offer %(role)s: it is %(status)s; offer one that is active", role=role, status=found.status)
        )
    body = canonical_text(
        {"title": found.title, "description": found.description, "permissions": sorted(found.permissions)}
    )
    digest = hashlib.sha256(body.encode()).digest()
    approver = found.confirmed_by or ""
    wanted = NewOffer(
        KIND, role, found.revision, found.title, digest, body, found.changed_by, approver, locked, effective_at
    )
    return put_offer(conn, ctx, wanted)


@dataclass(frozen=True, slots=True)
class RoleTaker:
    """Copies roles that are offered from above into the transaction's tenant."""

    permission: str = "admin"

    def take(self, conn: Connection[Any], ctx: Context, offer: Wanted, body: str) -> int:
        """Copy a role; people who hold it have its permissions at once. The revision it has here.

        Raises `Conflict` before its date and where the tenant has a role of its own of that name, `DutyConflict` where
        it would bring together what the tenant keeps apart, `Invalid`.
        """
        if offer.effective_at > ctx.now:
            raise Conflict(
                phrase("it comes on %(effective_at)s UTC", effective_at=f"{offer.effective_at:%Y-%m-%d %H:%M}")
            )
        name, told = offer.name, loads(body)
        permissions = check_permissions(told["permissions"])
        row = conn.execute(repo.LOCK_ROLE, {"role": name}).fetchone()
        if name in ROLES or (row is not None and not self._came_from_above(conn, name)):
            raise Conflict(phrase("there is a role %(name)s of this tenant's own; it stays as it is", name=name))
        keep_apart(conn, name, permissions)
        values = {
            "role": name,
            "title": str(told["title"]),
            "description": str(told["description"]),
            "permissions": sorted(permissions),
            "wanted": sorted(permissions),
            "status": "active",
            "by": offer.person(offer.author),
            "now": ctx.now,
        }
        conn.execute(repo.PUT_ROLE, values)
        more = {"permissions": sorted(permissions), "origin": offer.provider_slug, "origin_version": offer.version}
        record(conn, ctx, "role.inherited", "role", name, **more)
        return get_custom_role(conn, name).revision

    def has_own(self, conn: Connection[Any], ctx: Context, name: str) -> bool:
        """Whether the tenant made a role of that name itself."""
        return conn.execute(repo.LOCK_ROLE, {"role": name}).fetchone() is not None

    def release(self, conn: Connection[Any], ctx: Context, name: str) -> None:
        """The role stays, as the tenant's own."""

    def _came_from_above(self, conn: Connection[Any], name: str) -> bool:
        return any((each.kind, each.name) == (KIND, name) and each.taken is not None for each in list_inherited(conn))
