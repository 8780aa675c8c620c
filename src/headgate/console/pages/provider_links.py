"""Which identity providers the sign-in page offers, and whether it asks for passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access import Denied, security_of
from headgate.access.federation import get_rules, list_providers, use_password
from headgate.console import urls
from headgate.console.guard import Site
from headgate.console.views.sign_in import ProviderLink
from headgate.kernel.context import Context, Principal


@dataclass(frozen=True, slots=True)
class WaysIn:
    """The identity providers that are switched on, whether everybody may use a password, and whether a passkey."""

    providers: tuple[ProviderLink, ...] = ()
    passwords: bool = True
    passkeys: bool = True


def ways_in(site: Site, tenant_id: UUID, slug: str, then: str) -> WaysIn:
    """What the sign-in page of a tenant offers."""
    with site.app.database.transaction(tenant_id, read_only=True) as conn:
        asked = security_of(conn)
        found = [p for p in list_providers(conn) if p.status == "active"] if asked.sign_on else []
        rules = get_rules(conn)
    links = tuple(ProviderLink(p.name, urls.sign_in_with(p.code, slug, then)) for p in found)
    return WaysIn(links, rules.passwords, asked.passkeys)


def only_break_glass(conn: Connection[Any], ctx: Context, found: Principal | Denied) -> Principal | Denied:
    """Who gave the right password, unless passwords are switched off for them."""
    if isinstance(found, Denied) or found.partner is not None or use_password(conn, ctx, found.id):
        return found
    return Denied(f"passwords are switched off, and {found.id} is no break-glass account")
