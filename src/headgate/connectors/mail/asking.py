"""Mails to those who have to decide: when a request reaches them and at its reminders, with a link that works once.

The link opens the page of the request for the person it was sent to, signed in, and does nothing else: what is decided
is decided there. Nothing here is on the way of an order; a job looks every minute.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access import Account, Tenant, accounts_of, get_tenant, principals_for
from headgate.access.core.tokens import secret_hash
from headgate.access.mailing import NO_CHOICE, choices_of
from headgate.connectors.mail import repo
from headgate.connectors.mail.core.asking import LASTS, MOST_SINGLE, Due, by_person, due
from headgate.connectors.mail.core.letters import Entry, Letter, asked_letter, many_asked_letter
from headgate.connectors.mail.post import Mailroom
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound
from headgate.kernel.money import Money
from headgate.ledger import NewEvent
from headgate.process import Registry
from headgate.process.core.foresee import foresee
from headgate.process.repo import get_approvals

PATH = "/from-mail"
PAGE = "/approvals"
MOST_WAITING = 500
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Mailed:
    """A link of a mail: to what it leads, and whether it still does."""

    approval: UUID
    principal: str
    expires_at: datetime
    followed_at: datetime | None

    def leads(self, principal: str, now: datetime) -> bool:
        """Whether somebody gets where it leads: only whom it was sent to, once, in time."""
        return self.principal == principal and self.followed_at is None and now < self.expires_at


def asking_job(registry: Registry, mailroom: Mailroom) -> Callable[[Connection[Any], Context], Sequence[NewEvent]]:
    """The job that writes them. Without an address for links nothing is written."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        if mailroom.base:
            write_to_deciders(conn, ctx, registry, mailroom)
        return ()

    return job


def wants_mails(settings: Mapping[str, Any]) -> bool:
    """Whether a tenant wants mails about approvals; so it is unless `mail: {approvals: false}`."""
    mail = settings.get("mail")
    return not isinstance(mail, Mapping) or mail.get("approvals") is not False


def write_to_deciders(conn: Connection[Any], ctx: Context, registry: Registry, mailroom: Mailroom) -> int:
    """Post what is due now; how many letters."""
    tenant = get_tenant(conn)
    conn.execute(repo.FORGET, {"before": ctx.now - KEPT})
    if not wants_mails(tenant.settings) or tenant.status != "active":
        return 0
    found = _due(conn, ctx, registry)
    accounts = accounts_of(conn, sorted({each.principal for each in found}), ctx.now)
    found = [each for each in found if _reachable(accounts.get(each.principal))]
    if not found:
        return 0
    letters, rows = [], []
    choices = choices_of(conn, accounts)
    for principal, mails in by_person(found).items():
        account, choice = accounts[principal], choices.get(principal, NO_CHOICE)
        # A digest tells each by itself; so does one mail what is asked at once when it is much.
        many = len(mails) > MOST_SINGLE and all(choice.when(kind) != "digest" for kind in ("approvals", "reminders"))
        for each in mails:
            secret = "" if many else secrets.token_urlsafe(32)
            rows.append((each, secret))
            if not many:
                letter = _letter(ctx.now, account, each, tenant, mailroom.base, secret)
                key = f"approval:{each.approval.approval}:{each.step.level}:{principal}:{each.turn}"
                letters.append((letter, principal, key))
        if many:
            first = mails[0]
            again, link = all(each.turn for each in mails), f"{mailroom.base}/work"
            letter = many_asked_letter(account.email or "", account.name, len(mails), link, again=again)
            letters.append((letter, principal, f"approvals:{principal}:{first.approval.approval}:{first.turn}"))
    _note(conn, ctx.now, rows)
    return mailroom.send_all(conn, ctx, tenant, letters)


def deciders_now(conn: Connection[Any], ctx: Context, registry: Registry) -> set[tuple[str, str]]:
    """Who could decide which open step now: (`approval:<id>:<level>`, principal), as they would be asked."""
    return {
        (f"approval:{each.approval.approval}:{each.step.level}", each.principal)
        for each in _due(conn, ctx, registry, anew=True)
    }


def find_mailed(conn: Connection[Any], secret: str) -> Mailed:
    """The link with this secret, in the transaction's tenant. Raises `NotFound`."""
    row = conn.execute(repo.FIND, {"token_hash": secret_hash(secret)}).fetchone()
    if row is None:
        raise NotFound("there is no such link")
    return Mailed(*row)


def follow_mailed(conn: Connection[Any], ctx: Context, secret: str) -> UUID | None:
    """Use a link up; where it leads, or None where it does not lead this person anywhere (any more)."""
    values = {"token_hash": secret_hash(secret), "principal": ctx.principal.id, "now": ctx.now}
    row = conn.execute(repo.FOLLOW, values).fetchone()
    return row[0] if row else None


def _due(conn: Connection[Any], ctx: Context, registry: Registry, *, anew: bool = False) -> list[Due]:
    """What has to be written, in a handful of queries however much waits; `anew`: as if nothing had been."""
    ids = [row[0] for row in conn.execute(repo.PENDING, {"now": ctx.now, "limit": MOST_WAITING})]
    if not ids:
        return []
    waiting = list(get_approvals(conn, ids).values())
    roles = sorted({role for a in waiting for step in a.steps if step.status == "open" for role in step.roles})
    people = principals_for(conn, roles, ctx.now) if roles else []
    voters = registry.voters(conn, people, ctx.now) if people else {}
    profile = registry.profile(conn)

    def after(partner: str | None, start: datetime, hours: Decimal) -> datetime:
        deadline = profile.clock_of(partner).deadline if profile.clock_of is not None else profile.deadline
        return deadline(start, hours)

    taken = {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(repo.TAKEN, {"approvals": ids})}
    rows = () if anew else conn.execute(repo.SENT, {"approvals": ids})
    sent = {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}
    asked = [(a, foresee(a, [voters[name] for name in sorted(voters)])) for a in waiting]
    return due(asked, taken, sent, after, ctx.now)


def _reachable(account: Account | None) -> bool:
    return account is not None and bool(account.email) and account.status == "active" and account.partner is None


def _letter(now: datetime, account: Account, each: Due, tenant: Tenant, base: str, secret: str) -> Letter:
    approval, due_at = each.approval, each.step.due_at or each.approval.expires_at
    stake = None if approval.stake is None else Money(approval.stake, approval.currency or tenant.currency)
    return asked_letter(
        account.email or "",
        account.name,
        kind=approval.subject_type,
        subject=approval.subject,
        partner=str(approval.summary.get("partner_name") or approval.partner or ""),
        stake=stake,
        due_at=due_at,
        link=f"{base}{PATH}/{secret}",
        days=LASTS.days,
        again=each.turn > 0,
        overdue=due_at < now,
        entry=Entry(
            f"approval:{approval.approval}:{each.step.level}",
            f"{base}{PAGE}/{approval.approval}",
            needs=True,
            due_at=due_at,
            stake=stake,
            pressing=True,
        ),
    )


def _note(conn: Connection[Any], now: datetime, rows: Sequence[tuple[Due, str]]) -> None:
    conn.execute(
        repo.NOTE,
        {
            "approvals": [each.approval.approval for each, _ in rows],
            "levels": [each.step.level for each, _ in rows],
            "principals": [each.principal for each, _ in rows],
            "turns": [each.turn for each, _ in rows],
            "hashes": [secret_hash(secret) if secret else None for _, secret in rows],
            "ends": [min(each.ends, now + LASTS) for each, _ in rows],
            "now": now,
        },
    )
