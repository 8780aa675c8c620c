"""The daily digests of a tenant: a job looks every minute whose hour has come.

What is kept is closed in the transaction that posts its digest, and the day is kept beside the reader's choices, so a
day has one digest whatever is killed when, and whatever the reader chooses or the clock does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.access import Tenant, accounts_of, get_tenant
from headgate.access.mailing import NO_CHOICE, choices_of
from headgate.connectors.mail.core.daily import day_due
from headgate.connectors.mail.core.digest import digest_letter
from headgate.connectors.mail.core.letters import Letter
from headgate.connectors.mail.post import Mailroom
from headgate.connectors.mail.standing import standing
from headgate.connectors.mail.waiting import close, forget, kept_of, waiting, zone_of
from headgate.kernel.context import Context
from headgate.ledger import NewEvent
from headgate.process import Registry

MOST_WAITING: Final = 20_000
MOST_AT_ONCE: Final = 200
# As long as links of mails are, and longer than any letter is posted anew.
KEPT: Final = timedelta(days=90)


def digest_job(registry: Registry, mailroom: Mailroom) -> Callable[[Connection[Any], Context], Sequence[NewEvent]]:
    """The job that writes them. Without an address for links nothing is written."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        write_digests(conn, ctx, registry, mailroom)
        return ()

    return job


def write_digests(conn: Connection[Any], ctx: Context, registry: Registry, mailroom: Mailroom) -> int:
    """Post the digests that are due; how many. What of them is not so any more is let go without a word."""
    tenant = get_tenant(conn)
    forget(conn, ctx.now - KEPT)
    if not mailroom.base or tenant.status != "active":
        return 0
    days = _due(conn, ctx, tenant)
    if not days:
        return 0
    kept, told = kept_of(conn, ctx, mailroom.sealer, list(days))
    accounts = accounts_of(conn, list(days), ctx.now)
    choices = choices_of(conn, days)
    letters: list[tuple[Letter, str, str]] = []
    for who, items in standing(conn, ctx, registry, kept, accounts).items():
        account, choice = accounts.get(who), choices.get(who, NO_CHOICE)
        wanted = [each for each in items if choice.wants(each.kind)]
        if account is None or not wanted:
            continue
        partners = account.partner is not None
        base = mailroom.address(tenant, partners=partners)
        home = base if partners else f"{base}/work"
        letter = digest_letter(account.email or "", account.name, wanted, home, partners=partners)
        if letter is not None:
            letters.append((letter, who, f"digest:{who}:{days[who].isoformat()}"))
    posted = mailroom.send_all(conn, ctx, tenant, letters) if letters else 0
    close(conn, ctx, told, [(who, days[who]) for _, who, _ in letters])
    return posted


def _due(conn: Connection[Any], ctx: Context, tenant: Tenant) -> dict[str, date]:
    """Whose digest is due, and for which day of theirs."""
    people = waiting(conn, MOST_WAITING)
    choices = choices_of(conn, [who for who, _, _ in people]) if people else {}
    found: dict[str, date] = {}
    for who, oldest, last in people:
        choice = choices.get(who, NO_CHOICE)
        day = day_due(ctx.now, zone_of(tenant, choice), choice.digest_hour, last, oldest)
        if day is not None and len(found) < MOST_AT_ONCE:
            found[who] = day
    return found
