"""Reading reviews: those that somebody may see, one with its grants, and all of it for an auditor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.reviews import repo
from headgate.access.reviews.core import Progress, Review, ReviewConflict, ReviewItem, content, content_digest
from headgate.kernel.context import Context
from headgate.kernel.errors import Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase

# Who sees every review; others see those that name them.
SEES_ALL = frozenset({"admin", "audit.read"})
# A role whose holder was not seen for so long is not used lately.
UNUSED_AFTER = timedelta(days=90)
MOST_REVIEWS = 200


def list_reviews(conn: Connection[Any], ctx: Context, limit: int = MOST_REVIEWS) -> list[Review]:
    """Reviews that the caller may see: open ones first, what is due soonest at the top."""
    everything = ctx.principal.kind == "system" or bool(SEES_ALL & ctx.principal.permissions)
    values = {"reviewer": None if everything else ctx.principal.id, "limit": limit}
    return [_review(row) for row in conn.execute(repo.REVIEWS, values)]


def get_review(conn: Connection[Any], ctx: Context, review_id: UUID) -> Review:
    """One review. Raises `NotFound` also for one that the caller may not see."""
    row = conn.execute(repo.REVIEW, {"id": review_id}).fetchone()
    found = None if row is None else _review(row)
    me = ctx.principal
    if found is None or not (me.kind == "system" or SEES_ALL & me.permissions or me.id in found.reviewers):
        raise NotFound("there is no such review of access")
    return found


def list_items(
    conn: Connection[Any],
    review_id: UUID,
    now: datetime,
    *,
    shown: str = "",
    text: str = "",
    after: int = 0,
    limit: int = 100,
) -> list[ReviewItem]:
    """Grants of a review in their order; `shown` is one of core.SHOWN. The caller has asked for the review first."""
    values = {"review": review_id, "shown": shown, "text": text, "after": after, "limit": limit}
    return [as_item(row) for row in conn.execute(repo.ITEMS, values | {"unused": now - UNUSED_AFTER})]


def export_review(
    conn: Connection[Any], ctx: Context, review_id: UUID
) -> tuple[Review, list[ReviewItem], dict[str, Any]]:
    """A review with all its grants, and the JSON of it with the digest that was signed (before: of what stands now)."""
    review = get_review(conn, ctx, review_id)
    items = list_items(conn, review_id, ctx.now, limit=1_000_000)
    by, at = (review.closed_by or "", review.closed_at or ctx.now) if review.status == "signed" else ("", ctx.now)
    told = content(review, items, by=by, at=at, statement=review.statement)
    found = content_digest(told)
    if review.digest is not None and found != review.digest:
        raise Invalid("the records of this review are not those that were signed; verify the audit chain")
    return review, items, told | {"digest": found.hex()}


def check_review_file(told: Any) -> dict[str, Any]:
    """The review of a JSON export, when its digest is that of what it holds. Raises `Invalid`.

    That the digest is the one that was signed, the entry `access_review.signed` of the audit chain says.
    """
    if not isinstance(told, dict) or not isinstance(told.get("review"), dict) or "digest" not in told:
        raise invalid("file", "", "is not an export of a review of access")
    try:
        found = content_digest(told).hex()
    except TypeError:
        found = ""
    if told["digest"] != found:
        raise invalid(
            "digest",
            told["digest"],
            "is not that of what the file holds; it was changed",
            phrase("It is %(found)s.", found=found),
        )
    return dict(told["review"])


def hands_of(conn: Connection[Any], review_id: UUID) -> frozenset[str]:
    """Who has decided in a review so far."""
    return frozenset(row[0] for row in conn.execute(repo.HANDS, {"review": review_id}))


def as_item(row: Sequence[Any]) -> ReviewItem:
    """A row of the item queries."""
    values = list(row)
    values[13] = tuple(ReviewConflict(**each) for each in values[13])
    return ReviewItem(*values)


def _review(row: Sequence[Any]) -> Review:
    values = [*row[:14], Progress(*row[14:18])]
    values[4] = tuple(values[4])
    values[13] = None if values[13] is None else bytes(values[13])
    return Review(*values)
