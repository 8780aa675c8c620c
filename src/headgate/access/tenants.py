"""Tenants: create, look up, change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.core.roles import require
from headgate.access.recording import record
from headgate.access.repo import tenants as repo
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.money import exponent
from headgate.kernel.phrases import phrase
from headgate.store import Database

DEMO_SLUG = "nordwind"
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation with its own data. `slug` names it before anyone is signed in."""

    id: UUID
    slug: str
    name: str
    currency: str
    timezone: str
    settings: dict[str, Any]
    created_at: datetime
    portal_host: str | None = None
    parent: UUID | None = None
    kind: str = "client"
    status: str = "active"
    status_reason: str = ""
    status_at: datetime | None = None
    residency: str = ""
    quotas: dict[str, int] = field(default_factory=dict)


def create_tenant(
    conn: Connection,
    ctx: Context,
    *,
    slug: str,
    name: str,
    currency: str,
    timezone: str,
    settings: Mapping[str, Any] | None = None,
) -> Tenant:
    """Create the tenant that the transaction was opened for; its id is `ctx.tenant_id`.

    Raises `Invalid` for a bad field, `Conflict` when the slug or the id is taken.
    """
    require(ctx.principal, "tenants.operate")
    if not _SLUG.fullmatch(slug):
        raise invalid("slug", slug, "is not a tenant's short name", "Use 3 to 40 lower-case letters, digits, hyphens.")
    exponent(currency)
    values = {
        "slug": slug,
        "name": text("name", name, 200),
        "currency": currency,
        "timezone": _timezone(timezone),
        "settings": canonical_text(dict(settings or {})),
        "now": ctx.now,
    }
    try:
        # The savepoint lets the caller go on after a refusal.
        with conn.transaction():
            conn.execute(repo.ADD_TENANT, values)
    except psycopg.errors.UniqueViolation:
        raise Conflict(phrase("the tenant %(slug)s exists already; choose another short name", slug=slug)) from None
    record(conn, ctx, "tenant.created", "tenant", slug, name=name, currency=currency, timezone=timezone)
    return get_tenant(conn)


def get_tenant(conn: Connection) -> Tenant:
    """The tenant of the transaction. Raises `NotFound`."""
    row = conn.execute(repo.GET_TENANT).fetchone()
    if row is None:
        raise NotFound("there is no such tenant")
    return Tenant(*row)


def set_tenant(
    conn: Connection,
    ctx: Context,
    *,
    name: str | None = None,
    timezone: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Tenant:
    """Change what may change of a tenant; what is left out stays. The currency never changes: amounts depend on it."""
    require(ctx.principal, "admin")
    before = get_tenant(conn)
    values = {
        "name": before.name if name is None else text("name", name, 200),
        "timezone": before.timezone if timezone is None else _timezone(timezone),
        "settings": before.settings if settings is None else dict(settings),
    }
    conn.execute(repo.SET_TENANT, {**values, "settings": canonical_text(values["settings"])})
    old = {"name": before.name, "timezone": before.timezone, "settings": before.settings}
    record(conn, ctx, "tenant.changed", "tenant", before.slug, before=old, after=values)
    return get_tenant(conn)


def demo_tenant(database: Database) -> Tenant | None:
    """The tenant of made-up data, where one was loaded whole: also among others, as those of clients made in it."""
    try:
        tenant_id = find_tenant(database, DEMO_SLUG)
    except NotFound:
        return None
    with database.transaction(tenant_id, read_only=True) as conn:
        tenant = get_tenant(conn)
    return tenant if is_demo(tenant) else None


def is_demo(tenant: Tenant) -> bool:
    """Whether what the tenant has is made up, so that no password need guard it on the machine that shows it."""
    return tenant.settings.get("demo") == "loaded"


def find_tenant(database: Database, slug: str) -> UUID:
    """The id of the tenant with this slug. Raises `NotFound`."""
    if not _SLUG.fullmatch(slug):
        raise NotFound("there is no such tenant")
    with database.scan() as conn:
        row = conn.execute(repo.TENANT_BY_SLUG, {"slug": slug}).fetchone()
    if row is None:
        raise NotFound("there is no such tenant")
    tenant_id: UUID = row[0]
    return tenant_id


def only_tenant(database: Database) -> tuple[UUID, str] | None:
    """Id and name of the tenant, where the installation has exactly one: nobody needs to be asked which they mean."""
    with database.scan() as conn:
        rows = conn.execute(repo.FIRST_TENANTS).fetchall()
    return (rows[0][0], rows[0][1]) if len(rows) == 1 else None


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid("timezone", name, "is not a time zone", "Use an IANA name such as Europe/Berlin.") from None
    return name
