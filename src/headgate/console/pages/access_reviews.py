"""Reviews of access: open one, decide about grants many at once, sign, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from headgate.access import Account, CustomRole, accounts_in_roles, list_custom_roles
from headgate.access.core.roles import ROLES
from headgate.access.reviews import (
    DECIDES,
    SHOWN,
    as_csv,
    cancel_review,
    decide_items,
    exchange_reviewers,
    export_review,
    get_review,
    hands_of,
    list_items,
    list_reviews,
    open_review,
    sign_review,
)
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.console import urls
from headgate.console.auth import own_path
from headgate.console.pages.loading import names_of
from headgate.console.present import access_reviews as present
from headgate.console.present.people import role_options
from headgate.console.views.access_reviews import AccessReviewsView, AccessReviewView
from headgate.console.views.common import Notice
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound, Stale, invalid
from headgate.kernel.phrases import counted, figure, phrase, sentence
from headgate.ui.web import attachment

PAGE = 100
READ, OPEN, CLOSE = ("admin", "audit.read", "access.review"), ("admin",), ("admin", "access.review")
_REFUSED = (Conflict, DutyConflict, Invalid)


def show_all(visit: Visit) -> Answer:
    """Reviews that the reader may see, and the form to open one."""
    return _all(visit)


def open_new(visit: Visit) -> Answer:
    """Open a review."""
    form = visit.form
    reviewers = [name.removeprefix("reviewer:") for name in form if name.startswith("reviewer:")]
    scope = form.get("scope", "")
    try:
        with visit.conn.transaction():
            made = open_review(
                visit.conn,
                visit.ctx,
                title=form.get("title", ""),
                scope=scope,
                role=form.get("role", "") if scope == "role" else "",
                reviewers=reviewers,
                due_at=_due(visit, form.get("due", "")),
            )
    except _REFUSED as error:
        return Shown(_all(visit, sentence(error.message), reviewers), 422)
    grants = counted("%(count)s grant", "%(count)s grants", made.progress.listed, count=figure(made.progress.listed))
    return Go(
        urls.access_review(made.id),
        Notice("done", phrase("The review is open: %(grants)s are listed as they stand now.", grants=grants)),
    )


def show(visit: Visit) -> Answer:
    """One review with its grants, a page at a time."""
    return _one(visit, visit.uuid("review"))


def decide(visit: Visit) -> Answer:
    """Keep or revoke what was picked; to revoke asks for a fresh proof."""
    review, form = visit.uuid("review"), visit.form
    decision, reason = form.get("decision", ""), form.get("reason", "")
    picked = [int(number) for name in form if (number := name.removeprefix("grant:")) != name and number.isdecimal()]
    if decision == "revoke":
        visit.prove()
    try:
        with visit.conn.transaction():
            done = decide_items(visit.conn, visit.ctx, review, picked, decision, reason)
    except (*_REFUSED, Stale) as error:
        return Shown(_one(visit, review, sentence(error.message), picked, reason), 422)
    gone = sum(each.outcome == "gone" for each in done)
    said = f"{len(done)} {'kept' if decision == 'keep' else 'revoked'}"
    told = phrase("%(said)s; %(gone)s of them were gone already.", said=said, gone=gone) if gone else f"{said}."
    return Go(_back(form.get("then", ""), review), Notice("done", told))


def sign(visit: Visit) -> Answer:
    """Close a review in which all is decided."""
    review = visit.uuid("review")
    said = phrase("The review is signed and closed.")
    return _closed(visit, review, lambda why: sign_review(visit.conn, visit.ctx, review, why), said)


def cancel(visit: Visit) -> Answer:
    """Give a review up."""
    review = visit.uuid("review")
    said = phrase("The review is cancelled. What was revoked in it stays revoked.")
    return _closed(visit, review, lambda why: cancel_review(visit.conn, visit.ctx, review, why), said)


def exchange(visit: Visit) -> Answer:
    """Let others decide, from now on; what was decided stays."""
    review = visit.uuid("review")
    named = [name.removeprefix("reviewer:") for name in visit.form if name.startswith("reviewer:")]
    try:
        with visit.conn.transaction():
            exchange_reviewers(visit.conn, visit.ctx, review, named)
    except _REFUSED as error:
        return Shown(_one(visit, review, sentence(error.message), named=named), 422)
    said = visit.lens.fmt.say("Others decide from now on. What was decided stays decided.")
    return Go(urls.access_review(review), Notice("done", said))


def export(visit: Visit) -> Answer:
    """All of a review as a file, in the form that the address ends with."""
    review, items, told = export_review(visit.conn, visit.ctx, visit.uuid("review"))
    form = str(visit.request.path_params["form"])
    if form == "csv":
        return attachment(f"access-review-{review.id}.csv", "text/csv; charset=utf-8", as_csv(review, items).encode())
    if form == "json":
        return attachment(f"access-review-{review.id}.json", "application/json", canonical(told))
    raise NotFound("reviews are exported as csv or json")


def _closed(visit: Visit, review: UUID, act: Callable[[str], object], said: str) -> Answer:
    try:
        with visit.conn.transaction():
            act(visit.form.get("statement", ""))
    except _REFUSED as error:
        return Shown(_one(visit, review, sentence(error.message)), 422)
    return Go(urls.access_review(review), Notice("done", said))


def _all(visit: Visit, error: str = "", picked: list[str] | None = None) -> AccessReviewsView:
    found = list_reviews(visit.conn, visit.ctx)
    form = None
    if visit.may("admin"):
        own = list_custom_roles(visit.conn)
        people = _able(visit, own)
        typed = {name: visit.form.get(name, "") for name in ("title", "role", "due")}
        scope = visit.form.get("scope", "all")
        form = present.open_form(role_options(own), people, picked=picked or (), scope=scope, error=error, **typed)
    return AccessReviewsView(present.review_rows(found, visit.me.id, visit.now), form)


def _able(visit: Visit, own: Sequence[CustomRole], but: str = "") -> list[Account]:
    """Whom the reader may name as a reviewer."""
    able = [role for role, held in ROLES.items() if DECIDES in held]
    able += [each.role for each in own if each.status == "active" and DECIDES in each.permissions]
    return [
        each
        for each in accounts_in_roles(visit.conn, able, visit.now)
        if each.kind == "person" and each.partner is None and each.principal not in (visit.me.id, but)
    ]


def _one(
    visit: Visit,
    review_id: UUID,
    error: str = "",
    picked: list[int] | None = None,
    reason: str = "",
    named: list[str] | None = None,
) -> AccessReviewView:
    review = get_review(visit.conn, visit.ctx, review_id)
    everything = visit.text("pick") == "all"
    shown, text = visit.choice("show", SHOWN), visit.text("q")
    (after,) = decode_cursor(visit.cursor(), 1)
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    found = list_items(visit.conn, review_id, visit.now, shown=shown, text=text, after=start, limit=PAGE + 1)
    kept = found[:PAGE]
    people = {review.opened_by, review.closed_by or "", *review.reviewers}
    people |= {each.granted_by for each in kept} | {each.decided_by or "" for each in kept}
    path = urls.access_review(review_id)
    able = []
    if review.status == "open" and visit.may("admin"):
        able = _able(visit, list_custom_roles(visit.conn), review.opened_by)
    here = urls.query(path, [("show", shown), ("q", text), ("after", visit.cursor())])
    return present.review_page(
        review,
        kept,
        names_of(visit, people=people),
        visit.lens,
        shown=shown,
        text=text,
        here=here,
        more=visit.further(path, encode_cursor(str(kept[-1].item)) if len(found) > PAGE else ""),
        picked=None if everything and picked is None else picked or (),
        pick_all=urls.query(path, [("show", shown), ("q", text), ("after", visit.cursor()), ("pick", "all")]),
        decided=review.status == "open" and visit.me.id in hands_of(visit.conn, review_id),
        error=error,
        reason=reason,
        able=present.candidates(able, review.reviewers if named is None else named),
    )


def _due(visit: Visit, text: str) -> datetime:
    try:
        return visit.midnight(datetime.fromisoformat(text.strip()).date() + timedelta(days=1))
    except (ValueError, OverflowError):
        raise invalid("due", text, "is not a date", "Write it like 2026-03-31.") from None


def _back(then: str, review: UUID) -> str:
    """Where the form stood, if that is a page of this review."""
    wanted, home = own_path(then), urls.access_review(review)
    return wanted if wanted == home or wanted.startswith(f"{home}?") else home


DOORS = (
    Door("GET", urls.ACCESS_REVIEWS, READ, show_all),
    Door("POST", urls.ACCESS_REVIEWS, OPEN, open_new, fresh=True),
    Door("GET", urls.access_review("{review}"), READ, show),
    Door("POST", urls.access_review_act("{review}", "decisions"), ("access.review",), decide),
    Door("POST", urls.access_review_act("{review}", "sign"), CLOSE, sign, fresh=True),
    Door("POST", urls.access_review_act("{review}", "cancel"), OPEN, cancel, fresh=True),
    Door("POST", urls.access_review_act("{review}", "reviewers"), OPEN, exchange, fresh=True),
    Door("GET", f"{urls.access_review('{review}')}/export.{{form}}", READ, export),
)
