"""Mails to reviewers of access before a review is due: once when it is near, and once when it is late.

What was posted is known by its key, so nothing needs to be noted beside the outbox. A job looks every minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.access import accounts_of, get_tenant
from headgate.access.reviews import Review, list_reviews
from headgate.connectors.mail.core.letters import Letter, review_letter
from headgate.connectors.mail.post import Mailroom
from headgate.kernel.context import Context
from headgate.ledger import NewEvent

PATH: Final = "/access-reviews"
NEAR: Final = timedelta(days=3)
# One that is late for longer is seen on the page; a mail would not help any more.
LATE_FOR: Final = timedelta(days=1)


def reviews_job(mailroom: Mailroom) -> Callable[[Connection[Any], Context], Sequence[NewEvent]]:
    """The job that writes them. Without an address for links nothing is written."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        if mailroom.base:
            write_to_reviewers(conn, ctx, mailroom)
        return ()

    return job


def write_to_reviewers(conn: Connection[Any], ctx: Context, mailroom: Mailroom) -> int:
    """Post what is due now; how many letters are needed and wanted, posted before or not."""
    tenant = get_tenant(conn)
    if tenant.status != "active":
        return 0
    found = [each for each in list_reviews(conn, ctx) if _wants(each, ctx)]
    people = accounts_of(conn, sorted({who for each in found for who in each.reviewers}), ctx.now) if found else {}
    letters: list[tuple[Letter, str, str]] = []
    for each in found:
        late = ctx.now >= each.due_at
        for who in each.reviewers:
            account = people.get(who)
            if account is None or account.status != "active" or not account.email:
                continue
            link = f"{mailroom.base}{PATH}/{each.id}"
            left, due_at = each.progress.open, each.due_at
            letter = review_letter(account.email, account.name, each.title, left, link, due_at, late=late)
            letters.append((letter, who, f"review:{each.id}:{who}:{'late' if late else 'near'}"))
    return mailroom.send_all(conn, ctx, tenant, letters) if letters else 0


def _wants(review: Review, ctx: Context) -> bool:
    near = review.due_at - NEAR <= ctx.now < review.due_at + LATE_FOR
    return review.status == "open" and review.progress.open > 0 and near
