"""Tenants above and below each other: whose clients they are, and what those above may know of those below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.recording import record
from headgate.access.tenancy import repo
from headgate.access.tenants import Tenant, get_tenant
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.store import Database

DEEPEST = 3  # operator, provider, client


@dataclass(frozen=True, slots=True)
class UmbrellaRow:
    """Sums of one tenant below; amounts in its own currency, which are not added up. `straight` of the `decided` orders
    were neither rejected nor had an approval asked for them."""

    id: UUID
    slug: str
    name: str
    parent: UUID
    depth: int
    kind: str
    status: str
    currency: str
    orders: int
    order_value: Decimal
    decided: int
    straight: int
    held: int
    held_value: Decimal
    cases_open: int
    cases_late: int
    approvals_waiting: int
    events_waiting: int
    people: int
    partners: int


def umbrella(conn: Connection[Any], ctx: Context, since: datetime) -> list[UmbrellaRow]:
    """What goes on below the transaction's tenant, in sums since a moment. Administrators and auditors may ask."""
    if ctx.principal.kind != "system" and ctx.principal.permissions.isdisjoint({"admin", "audit.read"}):
        require(ctx.principal, "admin")
    return [UmbrellaRow(*row) for row in conn.execute(repo.UMBRELLA, {"since": since})]


def place_in_tree(database: Database, conn: Connection[Any], ctx: Context, *, kind: str, parent: str) -> Tenant:
    """Say what the transaction's tenant is and who is above it ('' for nobody).

    Raises `Invalid`, `NotFound`, or `Conflict` for a tree that would be a ring or too deep.
    """
    require(ctx.principal, "tenants.operate")
    if kind not in ("operator", "provider", "client"):
        raise invalid("kind", kind, "is not a kind of tenant", "Use operator, provider or client.")
    before = get_tenant(conn)
    above = _above(database, before, parent) if parent else None
    conn.execute(repo.SET_TREE, {"kind": kind, "parent": above})
    told = {"kind": kind, "parent": parent}
    record(conn, ctx, "tenant.placed_in_tree", "tenant", before.slug, before={"kind": before.kind}, **told)
    return get_tenant(conn)


def _above(database: Database, tenant: Tenant, parent: str) -> UUID:
    with database.scan() as scan:
        rows = {row[0]: row for row in scan.execute(repo.TENANTS)}
    found = next((row for row in rows.values() if row[1] == parent), None)
    if found is None:
        raise NotFound(phrase("there is no tenant %(parent)s", parent=parent))
    if found[3] == "client":
        raise Conflict(phrase("%(parent)s is a client and has none below it; make it a provider first", parent=parent))
    chain: list[UUID] = []
    at: UUID | None = found[0]
    while at is not None and at in rows:
        if at == tenant.id or at in chain:
            raise Conflict(phrase("%(parent)s is below %(slug)s itself", parent=parent, slug=tenant.slug))
        chain.append(at)
        at = rows[at][7]
    if len(chain) >= DEEPEST:
        raise Conflict(
            phrase(
                "%(parent)s is %(deepest)s levels deep already: operator, provider, client",
                parent=parent,
                deepest=DEEPEST,
            )
        )
    return chain[0]
