"""Deciding in a review: keep or revoke with a reason, many at once; and its end by the hand of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import ROLES, require
from headgate.access.duties.custom import permissions_by_role
from headgate.access.recording import record
from headgate.access.reviews import repo
from headgate.access.reviews.core import DECISIONS, Review, ReviewItem, content, content_digest
from headgate.access.reviews.opening import DECIDES
from headgate.access.reviews.reading import as_item, get_review, hands_of, list_items
from headgate.access.roles import lock_accounts
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Stale, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit

MOST_AT_ONCE = 500
_SHORTEST, _LONGEST = 3, 500
_ADMINS = [role for role, held in ROLES.items() if "admin" in held]


def decide_items(
    conn: Connection[Any], ctx: Context, review_id: UUID, items: Sequence[int], decision: str, reason: str = ""
) -> list[ReviewItem]:
    """Keep or revoke grants of a review; a revoked one is taken away at once. All of them, or none.

    A reason is needed to revoke, and to keep what conflicts while nothing keeps watch. What was kept may be revoked
    later, as long as the review is open; what was revoked is granted anew or not at all.

    Raises `Forbidden` for who is no reviewer of it, `DutyConflict` for one's own grant, `Stale` for keeping one that
    changed since it was listed, `Conflict` where it would leave nobody who administers.
    """
    why = _checked(items, decision, reason)
    conn.execute(repo.LOCK_REVIEW, {"id": review_id})
    review = get_review(conn, ctx, review_id)
    if review.status != "open":
        raise Conflict(phrase("this review is %(status)s; nothing can be decided in it any more", status=review.status))
    if ctx.principal.id not in review.reviewers:
        raise Forbidden(phrase("%(id)s is not a reviewer of this review", id=ctx.principal.id))
    require(ctx.principal, DECIDES)
    picked = _picked(conn, review_id, items)
    for each in picked:
        _expect_decidable(ctx, each, decision, why)
    outcomes = {each.item: "" for each in picked}
    if decision == "revoke":
        outcomes = _remove(conn, ctx, picked)
    values = {"review": review_id, "decision": decision, "reason": why, "by": ctx.principal.id, "now": ctx.now}
    conn.execute(repo.DECIDE, values | {"items": list(outcomes), "outcomes": list(outcomes.values())})
    append_audit(conn, ctx.now, _told(ctx, review, picked, decision, why, outcomes))
    return _picked(conn, review_id, items)


def sign_review(conn: Connection[Any], ctx: Context, review_id: UUID, statement: str) -> Review:
    """Confirm that every grant was decided about, and close the review: by somebody who decided nothing in it.

    The digest of all of it is kept in the review and in the audit chain. Raises `Conflict` while something is open.
    """
    _may_close(ctx)
    said = _reason("statement", statement)
    conn.execute(repo.LOCK_REVIEW, {"id": review_id})
    review = get_review(conn, ctx, review_id)
    _expect_open(review)
    if review.progress.open:
        raise Conflict(
            phrase(
                "%(open)s grants are not decided yet; a review is signed when all of them are",
                open=f"{review.progress.open:,}",
            )
        )
    if ctx.principal.id in hands_of(conn, review_id):
        raise DutyConflict(
            phrase("%(id)s decided in this review and cannot sign it; someone else must", id=ctx.principal.id)
        )
    items = list_items(conn, review_id, ctx.now, limit=1_000_000)
    digest = content_digest(content(review, items, by=ctx.principal.id, at=ctx.now, statement=said))
    values = {"id": review_id, "by": ctx.principal.id, "now": ctx.now, "statement": said}
    conn.execute(repo.CLOSE, values | {"status": "signed", "digest": digest})
    told = {"statement": said, "kept": review.progress.kept, "revoked": review.progress.revoked}
    record(conn, ctx, "access_review.signed", "access_review", str(review_id), digest=digest.hex(), **told)
    return get_review(conn, ctx, review_id)


def cancel_review(conn: Connection[Any], ctx: Context, review_id: UUID, reason: str) -> Review:
    """Give a review up; what was revoked in it stays revoked."""
    require(ctx.principal, "admin")
    why = _reason("reason", reason)
    conn.execute(repo.LOCK_REVIEW, {"id": review_id})
    review = get_review(conn, ctx, review_id)
    _expect_open(review)
    values = {"id": review_id, "by": ctx.principal.id, "now": ctx.now, "statement": why}
    conn.execute(repo.CLOSE, values | {"status": "cancelled", "digest": None})
    record(conn, ctx, "access_review.cancelled", "access_review", str(review_id), reason=why)
    return get_review(conn, ctx, review_id)


def _may_close(ctx: Context) -> None:
    if ctx.principal.kind == "system" or {"admin", DECIDES}.isdisjoint(ctx.principal.permissions):
        raise Forbidden(
            phrase(
                "%(id)s may not sign reviews of access (permission %(decides)s or admin)",
                id=ctx.principal.id,
                decides=DECIDES,
            )
        )


def _expect_open(review: Review) -> None:
    if review.status != "open":
        raise Conflict(phrase("this review is %(status)s already", status=review.status))


def _reason(field: str, given: str) -> str:
    said = given.strip()
    if not _SHORTEST <= len(said) <= _LONGEST or not said.replace("\n", " ").replace("\r", " ").isprintable():
        raise invalid(
            field,
            given,
            "is no reason",
            phrase(
                "Say why in %(shortest)s to %(longest)s characters; it is kept.", shortest=_SHORTEST, longest=_LONGEST
            ),
        )
    return said


def _checked(items: Sequence[int], decision: str, reason: str) -> str:
    if decision not in DECISIONS:
        raise invalid("decision", decision, "is not a decision", phrase("Use %(names)s.", names=" or ".join(DECISIONS)))
    if not items:
        raise invalid("items", "", "is empty", "Pick at least one grant.")
    if len(items) > MOST_AT_ONCE:
        raise invalid(
            "items",
            len(items),
            phrase("are more than %(most_at_once)s at once", most_at_once=MOST_AT_ONCE),
            "Decide in portions.",
        )
    return _reason("reason", reason) if decision == "revoke" or reason.strip() else ""


def _picked(conn: Connection[Any], review_id: UUID, items: Sequence[int]) -> list[ReviewItem]:
    wanted = sorted(set(items))
    found = [as_item(row) for row in conn.execute(repo.PICKED, {"review": review_id, "items": wanted})]
    missing = sorted(set(wanted) - {each.item for each in found})
    if missing:
        raise invalid("items", missing[0], "is not a grant of this review", "Use the numbers that it lists.")
    return found


def _expect_decidable(ctx: Context, item: ReviewItem, decision: str, why: str) -> None:
    whose = f"{item.role} of {item.principal}"
    if item.principal == ctx.principal.id:
        raise DutyConflict(phrase("%(whose)s is your own; another reviewer decides about it", whose=whose))
    if item.decision == "revoke":
        raise Conflict(
            phrase("%(whose)s was revoked by %(decided_by)s already", whose=whose, decided_by=item.decided_by)
        )
    if decision == "revoke":
        return
    if item.now == "changed":
        raise Stale(
            phrase(
                "%(whose)s was granted anew or changed since it was listed; revoke it, or review it the next time",
                whose=whose,
            )
        )
    if item.unwatched and not why:
        rule = item.unwatched[0]
        raise invalid(
            "reason",
            "",
            phrase(
                "is needed to keep %(whose)s, which brings %(first)s and %(second)s together",
                whose=whose,
                first=rule.first,
                second=rule.second,
            ),
            "Say why.",
        )


def _remove(conn: Connection[Any], ctx: Context, picked: Sequence[ReviewItem]) -> dict[int, str]:
    """Take the grants away: what became of each."""
    lock_accounts(conn, sorted({each.principal for each in picked}))
    columns = {"principals": [each.principal for each in picked], "roles": [each.role for each in picked]}
    gone = {(principal, role) for principal, role in conn.execute(repo.REMOVE, columns)}
    brought = permissions_by_role(conn, sorted({role for _, role in gone}))
    if any("admin" in held for held in brought.values()):
        (left,) = conn.execute(repo.ADMINISTRATORS, {"admins": _ADMINS, "now": ctx.now}).fetchone() or (0,)
        if not left:
            raise Conflict("nobody would be left who administers; grant somebody else that role first")
    return {each.item: "removed" if (each.principal, each.role) in gone else "gone" for each in picked}


def _told(
    ctx: Context,
    review: Review,
    picked: Sequence[ReviewItem],
    decision: str,
    why: str,
    outcomes: dict[int, str],
) -> list[AuditDraft]:
    """An entry per grant about its holder, so that their history shows it."""
    by, named = ctx.principal.id, {"review": str(review.id), "title": review.title, "reason": why}
    if decision == "keep":
        return [
            AuditDraft("role.confirmed_in_review", "principal", i.principal, by, {**named, "role": i.role})
            for i in picked
        ]
    return [
        AuditDraft("role.revoked", "principal", i.principal, by, {**named, "role": i.role, "outcome": outcomes[i.item]})
        for i in picked
    ]
