"""The daily digests of a tenant: a job looks every minute whose hour has come.

What is kept is closed in the transaction that posts its digest, and the day is kept beside the reader's choices, so a
day has one digest whatever is killed when, and whatever the reader chooses or the clock does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.access import Tenant, accounts_of, get_tenant
from headgate.access.mailing import DIGESTS, NO_CHOICE, MailChoice, choices_of
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
    """Post the digests that are due; how many. What of them is not so any more is let go without a word.

    What was kept was wanted then, so it is told whatever was chosen since; who has stopped the digest is told it at
    once, for the last time.
    """
    tenant = get_tenant(conn)
    forget(conn, ctx.now - KEPT)
    if not mailroom.base or tenant.status != "active":
        return 0
    days, choices = _due(conn, ctx, tenant)
    if not days:
        return 0
    kept, told = kept_of(conn, ctx, mailroom.sealer, list(days))
    accounts = accounts_of(conn, list(days), ctx.now)
    letters: list[tuple[Letter, str, str]] = []
    for who, items in standing(conn, ctx, registry, kept, accounts).items():
        account, last = accounts.get(who), choices[who].stopped
        if account is None or not items:
            continue
        partners = account.partner is not None
        base = mailroom.address(tenant, partners=partners)
        home = base if partners else f"{base}/work"
        letter = digest_letter(account.email or "", account.name, items, home, partners=partners, last=last)
        if letter is not None:
            of = f"last:{max(each.added_at for each in items).isoformat()}" if last else days[who].isoformat()
            letters.append((letter, who, f"digest:{who}:{of}"))
    wanting = {who: replace(choice, off=choice.off - DIGESTS) for who, choice in choices.items()}
    posted = mailroom.send_all(conn, ctx, tenant, letters, choices=wanting) if letters else 0
    close(conn, ctx, told, [(who, days[who]) for _, who, _ in letters if not choices[who].stopped])
    return posted


def _due(conn: Connection[Any], ctx: Context, tenant: Tenant) -> tuple[dict[str, date], dict[str, MailChoice]]:
    """Whose digest is due, for which day of theirs, and what they chose. One that was stopped is due at once."""
    people = waiting(conn, MOST_WAITING)
    choices = choices_of(conn, [who for who, _, _ in people]) if people else {}
    found: dict[str, date] = {}
    for who, oldest, last in people:
        choice = choices.setdefault(who, NO_CHOICE)
        zone = zone_of(tenant, choice)
        day = day_due(ctx.now, zone, choice.digest_hour, last, oldest)
        if choice.stopped:
            day = ctx.now.astimezone(zone).date()
        if day is not None and len(found) < MOST_AT_ONCE:
            found[who] = day
    return found, {who: choices[who] for who in found}
