"""Mails to who asked for an export of everything: it is ready, or it failed. Posted in the transaction that ends it."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from headgate.access import accounts_of, get_tenant
from headgate.access.tenancy import TenantExport
from headgate.connectors.mail.core.letters import export_letter
from headgate.connectors.mail.post import Mailroom
from headgate.kernel.context import Context

PATH: Final = "/exports"


def write_of_export(conn: Connection[Any], ctx: Context, export: TenantExport, mailroom: Mailroom) -> None:
    """Post it, also in a tenant that is shut: its administrators still take its data away. Not to machines, nor where
    the installation does not know the address of its pages."""
    account = accounts_of(conn, [export.asked_by], ctx.now).get(export.asked_by)
    if not mailroom.base or account is None or not account.email or account.status != "active":
        return
    letter = export_letter(
        account.email,
        account.name,
        asked_at=export.asked_at,
        until=export.expires_at if export.status == "ready" else None,
        link=f"{mailroom.base}{PATH}",
    )
    key = f"export:{export.export}:{export.status}"
    mailroom.send(conn, ctx, get_tenant(conn), letter, about=account.principal, key=key)
