"""From reviews of access to their pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from headgate.access import PERMISSIONS, Account
from headgate.access.reviews import SCOPES, SHOWN, Review, ReviewConflict, ReviewItem
from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.access_reviews import (
    AccessReviewView,
    Candidate,
    GrantItem,
    OpenForm,
    ReviewedConflict,
    ReviewRow,
)
from headgate.console.views.common import Option, Tab
from headgate.kernel.phrases import phrase, worded
from headgate.ui.words import humanise

_SCOPES = {
    "all": phrase("Everybody"),
    "staff": phrase("Our own people and systems"),
    "partners": phrase("People and systems of partners"),
    "role": phrase("Everybody who holds one role"),
}


def review_rows(found: Sequence[Review], me: str, now: datetime) -> tuple[ReviewRow, ...]:
    """The list."""
    return tuple(
        ReviewRow(
            urls.access_review(each.id),
            each.title,
            scope_words(each),
            _state(each, now),
            each.due_at,
            each.progress.listed,
            each.progress.open,
            each.progress.revoked,
            each.progress.conflicts,
            each.status == "open" and me in each.reviewers,
        )
        for each in found
    )


def candidates(people: Sequence[Account], picked: Collection[str]) -> tuple[Candidate, ...]:
    """Who may be named as a reviewer."""
    return tuple(
        Candidate(each.principal, each.name, tuple(map(humanise, each.roles)), each.principal in picked)
        for each in people
    )


def open_form(
    roles: tuple[Option, ...],
    people: Sequence[Account],
    *,
    picked: Collection[str] = (),
    title: str = "",
    scope: str = "all",
    role: str = "",
    due: str = "",
    error: str = "",
) -> OpenForm:
    """The form to open a review, with what was typed."""
    scopes = tuple(Option(code, _SCOPES[code]) for code in SCOPES)
    return OpenForm(scopes, roles, candidates(people, picked), title, scope, role, due, error)


def review_page(
    review: Review,
    items: Sequence[ReviewItem],
    names: Names,
    lens: Lens,
    *,
    shown: str,
    text: str,
    here: str,
    more: str = "",
    picked: Collection[int] | None = None,
    pick_all: str = "",
    decided: bool = False,
    error: str = "",
    reason: str = "",
    able: tuple[Candidate, ...] = (),
) -> AccessReviewView:
    """One review. `picked` None is all that the reader may decide; `decided`: the reader decided something in it;
    `able`: whom an administrator may name to decide in it."""
    me, progress = lens.me.id, review.progress
    reviews = review.status == "open" and me in review.reviewers
    rows = tuple(_item(each, names, me, reviews=reviews, picked=picked) for each in items)
    may_close = review.status == "open" and lens.may("admin", "access.review")
    needs = ""
    if may_close and progress.open:
        needs = phrase("It can be signed when every grant is decided.")
    elif may_close and decided:
        needs = phrase("You decided in it, so somebody else signs.")
    return AccessReviewView(
        review=str(review.id),
        title=review.title,
        scope=scope_words(review),
        state=_state(review, lens.now),
        opened_by=names.person(review.opened_by),
        opened_at=review.opened_at,
        due_at=review.due_at,
        reviewers=names.people(review.reviewers),
        listed=progress.listed,
        open=progress.open,
        kept=progress.kept,
        revoked=progress.revoked,
        conflicts=progress.conflicts,
        tabs=_tabs(review, shown, text),
        shown=shown,
        text=text,
        rows=rows,
        may_decide=reviews and any(row.can_decide for row in rows),
        may_sign=may_close and not needs,
        sign_needs=needs,
        may_cancel=review.status == "open" and lens.may("admin"),
        here=here,
        decide_href=urls.access_review_act(review.id, "decisions"),
        able=able,
        exchange_href=urls.access_review_act(review.id, "reviewers"),
        sign_href=urls.access_review_act(review.id, "sign"),
        cancel_href=urls.access_review_act(review.id, "cancel"),
        csv_href=urls.access_review_act(review.id, "export.csv"),
        json_href=urls.access_review_act(review.id, "export.json"),
        closed_by=None if review.closed_by is None else names.person(review.closed_by),
        closed_at=review.closed_at,
        statement=review.statement,
        digest=(review.digest or b"").hex(),
        more=more,
        all_picked=picked is None,
        pick_all=pick_all,
        error=error,
        reason=reason,
    )


def scope_words(review: Review) -> str:
    """What a review is about."""
    return (
        phrase("Everybody who is %(role)s", role=humanise(review.role))
        if review.scope == "role"
        else _SCOPES[review.scope]
    )


def _state(review: Review, now: datetime) -> str:
    return "overdue" if review.overdue(now) else review.status


def _tabs(review: Review, shown: str, text: str) -> tuple[Tab, ...]:
    p = review.progress
    counts = {"": p.listed, "open": p.open, "kept": p.kept, "revoked": p.revoked}
    path = urls.access_review(review.id)
    return tuple(
        Tab(label, urls.query(path, [("show", code), ("q", text)]), counts.get(code), code == shown)
        for code, label in SHOWN.items()
    )


def _item(item: ReviewItem, names: Names, me: str, *, reviews: bool, picked: Collection[int] | None) -> GrantItem:
    can = reviews and item.principal != me and item.decision != "revoke"
    return GrantItem(
        item=item.item,
        principal=item.principal,
        name=item.name,
        kind=item.kind,
        partner=item.partner or "",
        account=item.account,
        role=item.title or humanise(item.role),
        since=item.valid_from or item.granted_at,
        by=names.person(item.granted_by),
        until=item.valid_until,
        last_used=item.last_used,
        conflicts=tuple(_conflict(each, item) for each in item.conflicts),
        decision=item.decision or "open",
        reason=item.reason,
        decided_by=None if item.decided_by is None else names.person(item.decided_by),
        decided_at=item.decided_at,
        now=item.now,
        can_decide=can,
        own=item.principal == me,
        picked=can and (item.decision == "" if picked is None else item.item in picked),
    )


def _conflict(found: ReviewConflict, item: ReviewItem) -> ReviewedConflict:
    first, second = (worded(PERMISSIONS.get(name, name)) for name in (found.first, found.second))
    beside = "" if found.beside == item.role else humanise(found.beside)
    return ReviewedConflict(
        phrase("may %(first)s, and %(second)s", first=first, second=second), worded(found.reason), beside, found.control
    )
