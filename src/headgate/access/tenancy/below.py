"""What a provider does with the tenants below its own: it sets them up, and the database lets it see nothing else.

Every act is in two audit chains: that of the tenant it is about, and that of the provider, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.recording import record
from headgate.access.tenancy import repo
from headgate.access.tenancy.lifecycle import OPERATE
from headgate.access.tenants import Tenant, create_tenant, get_tenant
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import NotFound, invalid
from headgate.store import Database
from headgate.store.stewarding import founding, stewarding

Above = dict[UUID, str]


@dataclass(frozen=True, slots=True)
class TenantBelow:
    """A tenant below one's own, as set up: nothing of its business. `depth` 1 is a direct child."""

    id: UUID
    slug: str
    name: str
    kind: str
    status: str
    status_reason: str
    status_at: datetime | None
    parent: UUID
    depth: int
    residency: str
    currency: str
    created_at: datetime
    quotas: dict[str, int]


def list_below(conn: Connection[Any], ctx: Context) -> list[TenantBelow]:
    """The tenants below the transaction's, nearest first. Raises `Forbidden` for who does not operate tenants."""
    require(ctx.principal, OPERATE)
    return [TenantBelow(*row) for row in conn.execute(repo.BELOW)]


def tenant_below(conn: Connection[Any], ctx: Context, slug: str) -> TenantBelow:
    """One of them, by its short name. Raises `NotFound` for any other tenant, whether there is one or not."""
    found = next((each for each in list_below(conn, ctx) if each.slug == slug), None)
    if found is None:
        raise NotFound("there is no such tenant below this one")
    return found


@contextmanager
def acting_on(conn: Connection[Any], ctx: Context, slug: str, action: str, **told: Any) -> Iterator[Context]:
    """Act on a tenant below: the block runs in that tenant, as a role that sets it up and sees nothing of its business.

    Afterwards the provider's own chain tells the act under `action`. Raises `NotFound`.
    """
    found = tenant_below(conn, ctx, slug)
    inside = Context(found.id, visitor(conn, ctx, frozenset({OPERATE})), ctx.now, ctx.trace)
    with stewarding(conn, found.id):
        yield inside
    record(conn, ctx, action, "client_tenant", slug, id=str(found.id), **told)


@contextmanager
def looking_at(conn: Connection[Any], ctx: Context, slug: str) -> Iterator[None]:
    """Look at how a tenant below is set up; nothing is noted. Raises `NotFound`."""
    with stewarding(conn, tenant_below(conn, ctx, slug).id):
        yield


@contextmanager
def founding_below(
    conn: Connection[Any],
    ctx: Context,
    tenant_id: UUID,
    *,
    slug: str,
    name: str,
    currency: str,
    timezone: str,
    kind: str = "client",
) -> Iterator[Context]:
    """Make a tenant right below the transaction's; the block furnishes it, as the platform in the provider's name.

    Raises `Invalid` for a bad field, `Conflict` when the short name is taken, `Forbidden`.
    """
    require(ctx.principal, OPERATE)
    if kind not in ("provider", "client"):
        raise invalid("kind", kind, "is not a kind of tenant to be made here", "Use provider or client.")
    above = get_tenant(conn)
    if above.kind == "client":
        raise invalid(
            "kind", above.kind, "has no tenants below it", "Whoever runs the installation makes it a provider."
        )
    actor = replace(visitor(conn, ctx, frozenset()), kind="system")
    inside = Context(tenant_id, actor, ctx.now, ctx.trace)
    with founding(conn, tenant_id):
        create_tenant(conn, inside, slug=slug, name=name, currency=currency, timezone=timezone)
        conn.execute(repo.SET_TREE, {"kind": kind, "parent": above.id})
        record(conn, inside, "tenant.placed_in_tree", "tenant", slug, kind=kind, parent=above.slug)
        yield inside
    record(conn, ctx, "client_tenant.created", "client_tenant", slug, id=str(tenant_id), name=name, kind=kind)


def move_below(database: Database, conn: Connection[Any], ctx: Context, slug: str, *, kind: str, parent: str) -> None:
    """Place a tenant below elsewhere within one's own tree. Raises `NotFound`, `Invalid`, `Conflict`."""
    from headgate.access.tenancy.tree import place_in_tree

    own = get_tenant(conn).slug
    if parent != own:
        tenant_below(conn, ctx, parent)
    if kind not in ("provider", "client"):
        raise invalid("kind", kind, "is not a kind of tenant below another", "Use provider or client.")
    with acting_on(conn, ctx, slug, "client_tenant.placed_in_tree", kind=kind, parent=parent) as inside:
        place_in_tree(database, conn, inside, kind=kind, parent=parent)


def visitor(conn: Connection[Any], ctx: Context, permissions: frozenset[str]) -> Principal:
    """Somebody of the transaction's tenant as they are named in the audit chains of tenants below it."""
    home: Tenant = get_tenant(conn)
    me = ctx.principal
    return Principal(
        f"provider:{home.slug}/{me.id}", me.kind, f"{me.name or me.id} ({home.name})", permissions=permissions
    )
