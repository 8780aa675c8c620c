"""Mails to a tenant's administrators when the proof of a domain is missing, and when the domain is gone.

Posted in the transaction in which it happens, so each happening is told once.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from headgate.access import get_tenant
from headgate.access.domains import Domain, News, under
from headgate.connectors.mail.core.letters import Letter, domain_letter
from headgate.connectors.mail.post import Mailroom
from headgate.connectors.mail.recipients import staff_of
from headgate.kernel.context import Context

PATH: Final = "/settings/domains"
READERS: Final = ("tenant_admin",)


def write_of_domain(conn: Connection[Any], ctx: Context, domain: Domain, news: News, mailroom: Mailroom) -> int:
    """Post it to every administrator; how many letters. None where the installation does not know its own address, nor
    in a tenant that is shut."""
    tenant = get_tenant(conn)
    if not mailroom.base or tenant.status != "active":
        return 0
    host = tenant.portal_host or ""
    letters: list[tuple[Letter, str, str]] = []
    for who, account in staff_of(conn, READERS, (), ctx.now).items():
        letter = domain_letter(
            account.email or "",
            account.name,
            domain=domain.name,
            what=news,
            host=host if host and under(host, domain.name) else "",
            until=domain.standing.lapses_at,
            link=f"{mailroom.base}{PATH}",
        )
        letters.append((letter, who, f"domain:{domain.name}:{news}:{ctx.now.isoformat()}:{who}"))
    return mailroom.send_all(conn, ctx, tenant, letters) if letters else 0
