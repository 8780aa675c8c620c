"""Which identity providers the sign-in page offers, and whether it asks for passwords."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access import Denied
from headgate.access.federation import get_rules, list_providers, use_password
from headgate.console import urls
from headgate.console.guard import Site
from headgate.console.views.sign_in import ProviderLink
from headgate.kernel.context import Context, Principal


def ways_in(site: Site, tenant_id: UUID, slug: str, then: str) -> tuple[tuple[ProviderLink, ...], bool]:
    """The identity providers that are switched on, and whether everybody may use a password."""
    with site.app.database.transaction(tenant_id, read_only=True) as conn:
        found = [p for p in list_providers(conn) if p.status == "active"]
        rules = get_rules(conn)
    return tuple(ProviderLink(p.name, urls.sign_in_with(p.code, slug, then)) for p in found), rules.passwords


def only_break_glass(conn: Connection[Any], ctx: Context, found: Principal | Denied) -> Principal | Denied:
    """Who gave the right password, unless passwords are switched off for them."""
    if isinstance(found, Denied) or found.partner is not None or use_password(conn, ctx, found.id):
        return found
    return Denied(f"passwords are switched off, and {found.id} is no break-glass account")
