"""The steps of a policy version's life, and the page on which a change is decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.pages.policies import READ, checked_versions, picked, version_page, versions_of
from headgate.console.present.policy_change import review_view
from headgate.console.views.common import FormError, Notice
from headgate.console.views.policies import PolicyReviewView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, HeadgateError, Invalid, NotFound, Stale, invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.policy import PolicyVersion, apply_at_once, evidence_of, propose, review_emergency
from headgate.policy.rights import expect_right, stood_in_for, withdrawing
from headgate.ui.web import problem_told

AUTHOR, APPROVE, URGENT = ("policies.author",), ("policies.approve",), ("policies.emergency",)
EITHER = (*AUTHOR, *APPROVE)
MOST_HOURS = 14 * 24


def start_change(visit: Visit) -> Answer:
    """A draft of one's own, from the version in force."""
    made = propose(visit.conn, visit.ctx, visit.code("policy"))
    return Go(urls.policy_edit(made.policy, made.version))


def submit(visit: Visit) -> Answer:
    """Hand a draft in."""
    name, number = _names(visit)
    return _step(visit, phrase("It is handed in: somebody else who approves policies looks at it next."), lambda: (
        visit.app.policies.submit(visit.conn, visit.ctx, name, number)
    ))  # fmt: skip


def withdraw(visit: Visit) -> Answer:
    """Give up what does not decide yet."""
    name, number = _names(visit)

    def act() -> PolicyVersion:
        found = visit.app.policies.get(visit.conn, name, number)
        expect_right(visit.conn, visit.ctx, withdrawing(found, visit.me.permissions))
        return visit.app.policies.withdraw(visit.conn, visit.ctx, name, number, visit.form.get("reason", ""))

    return _step(visit, phrase("It is withdrawn and will not decide."), act)


def schedule(visit: Visit) -> Answer:
    """Set when an approved version takes over."""
    name, number = _names(visit)
    return _step(visit, phrase("Its start is set."), lambda: (
        visit.app.policies.activate(visit.conn, visit.ctx, name, number, moment(visit, "start"))
    ))  # fmt: skip


def retire(visit: Visit) -> Answer:
    """End a version."""
    name, number = _names(visit)

    def act() -> PolicyVersion:
        why = visit.form.get("reason", "")
        if not why.strip():
            raise invalid("reason", "", "is missing", "Say why it ends.")
        return visit.app.policies.retire(visit.conn, visit.ctx, name, number, why, at=moment(visit, "end"))

    return _step(visit, phrase("Its end is set."), act)


def emergency(visit: Visit) -> Answer:
    """Apply at once, review afterwards."""
    name, number = _names(visit)

    def act() -> PolicyVersion:
        hours = visit.form.get("hours", "") or "24"
        if not (hours.isascii() and hours.isdigit() and 1 <= int(hours[:6]) <= MOST_HOURS):
            raise invalid(
                "hours",
                hours,
                phrase("is not between 1 and %(most_hours)s", most_hours=MOST_HOURS),
                "Give whole hours.",
            )
        return apply_at_once(
            visit.app.policies,
            visit.conn,
            visit.ctx,
            name,
            number,
            visit.form.get("reason", ""),
            digest=visit.form.get("digest") or None,
            review_within=timedelta(hours=int(hours)),
        )

    return _step(visit, phrase("It decides from now on. Somebody else has to review it in time."), act)


def after_review(visit: Visit) -> Answer:
    """Review an emergency change afterwards, in one's own right or for somebody who delegated it."""
    name, number = _names(visit)
    outcome, why = visit.form.get("outcome", ""), visit.form.get("reason", "")
    behalf = visit.form.get("acting_for", "") or None
    expect_right(visit.conn, visit.ctx, *APPROVE, behalf)
    said = (
        phrase("The text before it is in force again.")
        if outcome == "revert"
        else phrase("You confirmed the emergency change.")
    )
    return _step(visit, said, lambda: (
        review_emergency(
            visit.app.policies, visit.conn, visit.ctx, name, number, outcome, why, on_behalf_of=behalf)
    ))  # fmt: skip


def show_review(visit: Visit) -> Answer:
    """The change, and what there is to know about it."""
    return _review(visit)


def decide(visit: Visit) -> Answer:
    """Approve it with a start, or send it back, with a reason either way."""
    name, number = _names(visit)
    outcome, why, digest = (visit.form.get(field, "") for field in ("outcome", "justification", "digest"))
    policies = visit.app.policies
    behalf = visit.form.get("acting_for", "") or None
    expect_right(visit.conn, visit.ctx, *APPROVE, None if outcome == "return" else behalf)
    try:
        if not why.strip():
            raise invalid("justification", "", "is missing", "Write why: it is kept with the decision.")
        if outcome == "return":
            policies.send_back(visit.conn, visit.ctx, name, number, why)
            return Go(urls.policy_version(name, number), Notice("done", phrase("You sent it back to its author.")))
        if outcome != "approve":
            raise invalid("outcome", outcome, "is not known", "Approve it, or send it back.")
        start = None if visit.form.get("when") == "later" else moment(visit, "start")
        with visit.conn.transaction():  # both or neither
            policies.approve(visit.conn, visit.ctx, name, number, digest=digest, on_behalf_of=behalf, justification=why)
            if visit.form.get("when") == "later":
                return Go(
                    urls.policy_version(name, number),
                    Notice("done", phrase("You approved it. Its start is still to be set.")),
                )
            done = policies.activate(visit.conn, visit.ctx, name, number, start)
    except Stale:
        raise
    except (Invalid, Conflict) as error:
        return Shown(_review(visit, _errors(error)), 422)
    fmt = visit.lens.fmt
    when = "now" if done.in_force(visit.now) else fmt.minute(done.valid_from) if done.valid_from else ""
    return Go(
        urls.policy_version(name, number),
        Notice("done", phrase("You approved it. It decides from %(when)s on.", when=when)),
    )


def moment(visit: Visit, field: str) -> datetime | None:
    """A date and time typed in the tenant's zone, as UTC; None when nothing was typed: now. Raises `Invalid`, also for
    an hour that the clocks skip."""
    text = visit.form.get(field, "").strip()
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(field, text, "is not a date and time", "Write it like 2026-03-31T00:00.") from None
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    at = local.replace(tzinfo=visit.zone).astimezone(UTC)
    if at.astimezone(visit.zone).replace(tzinfo=None) != local:
        raise invalid(
            field,
            text,
            phrase("does not exist in %(zone)s: the clocks are put forward then", zone=visit.zone),
            "Take another.",
        )
    return at


def _names(visit: Visit) -> tuple[str, int]:
    return visit.code("policy"), visit.number("version")


def _step(visit: Visit, said: str, act: Callable[[], PolicyVersion]) -> Answer:
    """Take a step and go to the version, or show its page again with what is wrong."""
    try:
        # Only the step is undone: whose rows the page may read ends with the transaction itself.
        with visit.conn.transaction():
            done = act()
    except (Invalid, Conflict) as error:
        if isinstance(error, Stale):
            raise
        versions = versions_of(visit)
        return Shown(version_page(visit, picked(visit, versions), versions, _errors(error)), 422)
    return Go(urls.policy_version(done.policy, done.version), Notice("done", said))


def _errors(error: HeadgateError) -> tuple[FormError, ...]:
    known = ("reason", "justification", "start", "end", "hours", "valid_from", "at")
    found = []
    for problem in error.problems:
        field = {"valid_from": "start", "at": "end"}.get(problem.field, problem.field)
        found.append(FormError(field if problem.field in known else "step", problem_told(problem)))
    return tuple(found) or (FormError("step", sentence(error.message)),)


def _review(visit: Visit, errors: tuple[FormError, ...] = ()) -> PolicyReviewView:
    versions = versions_of(visit)
    found = picked(visit, versions)
    if found.status not in ("draft", "in_review", "approved"):
        raise NotFound(
            phrase("%(policy)s version %(version)s is past its review", policy=found.policy, version=found.version)
        )
    base = next((v for v in versions if v.in_force(visit.now) and v.version != found.version), None)
    pairs = [(found.policy, found.version), *([(found.policy, base.version)] if base else [])]
    checked = checked_versions(visit, pairs)
    evidence = evidence_of(visit.conn, found.policy, found.version)
    given = stood_in_for(visit.conn, visit.ctx, *APPROVE)
    people = {found.author, *found.editors, *given, *(e.attached_by for e in evidence)}
    return review_view(
        found,
        visit.app.policies.beside(visit.conn, visit.now, checked[pairs[0]]),
        checked[pairs[1]].table if base else None,
        evidence=evidence,
        names=names_of(visit, people=people),
        lens=visit.lens,
        justification=visit.form.get("justification", ""),
        start=visit.form.get("start", ""),
        acting_for=given,
        chosen=visit.form.get("acting_for", ""),
        errors=errors,
    )


_VERSION = f"{urls.policy('{policy}')}/versions/{{version}}"
DOORS = (
    Door("POST", urls.policy_propose("{policy}"), AUTHOR, start_change),
    Door("POST", f"{_VERSION}/submit", AUTHOR, submit),
    Door("POST", f"{_VERSION}/withdraw", EITHER, withdraw),
    Door("POST", f"{_VERSION}/schedule", APPROVE, schedule),
    Door("POST", f"{_VERSION}/retire", APPROVE, retire),
    Door("POST", f"{_VERSION}/emergency", URGENT, emergency, fresh=True),
    Door("POST", f"{_VERSION}/emergency-review", READ, after_review),  # who may not, may for somebody else
    Door("GET", f"{_VERSION}/review", READ, show_review),
    Door("POST", f"{_VERSION}/review", READ, decide),  # who may not, may for somebody who delegated it
)
