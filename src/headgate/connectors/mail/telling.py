"""Mails to people of partners: somebody of the tenant wrote about one of their cases, and nobody has opened it yet.

What was written stays in the portal, where it can be erased; the mail says that there is something, and about what. A
job looks every minute. The first message that waits makes the mail, so further ones make none until it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.access import Account, get_tenant
from headgate.connectors.mail.core.addresses import portal_page
from headgate.connectors.mail.core.letters import Letter, message_letter
from headgate.connectors.mail.post import Mailroom
from headgate.connectors.mail.recipients import people_of
from headgate.kernel.context import Context
from headgate.ledger import NewEvent
from headgate.process.messages import Unread, unread_by_partners

# Who is looking at the portal anyway reads it there.
PATIENCE: Final = timedelta(minutes=5)
# What waits for longer was told when it was new, or comes from before there were such mails.
LATE: Final = timedelta(days=1)
MOST: Final = 200
# Who may see what a case is about.
_NEEDS: Final = {
    "order": "orders.read",
    "deal": "deals.read",
    "price_exception": "prices.request",
    "return": "returns.request",
    "rma": "returns.request",
}


def telling_job(mailroom: Mailroom) -> Callable[[Connection[Any], Context], Sequence[NewEvent]]:
    """The job that writes them."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        write_to_partners(conn, ctx, mailroom)
        return ()

    return job


def write_to_partners(conn: Connection[Any], ctx: Context, mailroom: Mailroom) -> int:
    """Post what is due now; how many letters are needed and wanted, posted before or not. Without an address for links
    nothing is written."""
    tenant = get_tenant(conn)
    base = mailroom.address(tenant, partners=True)
    if not base or tenant.status != "active":
        return 0
    unread = unread_by_partners(conn, ctx.now - LATE, ctx.now - PATIENCE, MOST)
    if not unread:
        return 0
    people = people_of(conn, {each.partner for each in unread}, ctx.now)
    letters: list[tuple[Letter, str, str]] = []
    for each in unread:
        for account in people.get(each.partner, ()):
            if _may_see(account, each):
                letter = message_letter(
                    account.email or "",
                    account.name,
                    who=each.author_name,
                    kind=each.subject_type,
                    subject=each.subject,
                    count=each.messages,
                    link=portal_page(base, each.subject_type, each.subject),
                    ref=f"message:{each.first}",
                )
                letters.append((letter, account.principal, f"message:{each.first}:{account.principal}"))
    return mailroom.send_all(conn, ctx, tenant, letters) if letters else 0


def _may_see(account: Account, each: Unread) -> bool:
    return _NEEDS.get(each.subject_type, "") in account.as_principal().permissions
