"""A change that cannot wait for its review: applied at once by somebody who may, and reviewed afterwards by another.

Until it is reviewed the version is flagged; when the time for the review is over, an event says so once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg import Connection

from headgate.access.inheritance import expect_unlocked, note_overridden
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import NewEvent
from headgate.policy import repo
from headgate.policy.authoring import copied
from headgate.policy.checking import expect_clean
from headgate.policy.core.lifecycle import PolicyVersion, Window, expect_digest, expect_reviewer, reason_of, windows
from headgate.policy.service import PolicyService
from headgate.policy.versions import audit, locked, locked_in_turn, pick, read, set_status, set_windows, version_of

APPLIED, REVIEWED, OVERDUE = "policy.emergency_applied", "policy.emergency_reviewed", "policy.review_overdue"
REVIEW_WITHIN = timedelta(hours=24)
LONGEST = timedelta(days=14)
OUTCOMES = ("confirm", "revert")


def apply_at_once(
    policies: PolicyService,
    conn: Connection,
    ctx: Context,
    policy: str,
    version: int,
    reason: str,
    *,
    digest: str | None = None,
    review_within: timedelta = REVIEW_WITHIN,
) -> PolicyVersion:
    """Bring a draft, or a version in review, into force now, before anybody else has looked at it.

    The one in force ends; a version scheduled for later stays scheduled. Its text must be free of errors like any
    other and fit together with the policies and processes that it reads or that read it. Never in the past. Raises
    `Invalid`
    (no reason, errors, a time for the review of more than 14 days), `Conflict` for any other status, `Stale`,
    `NotFound`.
    """
    why = reason_of(reason, "Say what cannot wait, and why.")
    if not timedelta(0) < review_within <= LONGEST:
        raise invalid("review_within", str(review_within), "is not within 14 days", "Give the time for the review.")
    expect_unlocked(conn, "policy", policy)
    versions = locked_in_turn(conn, policy)
    found = pick(versions, policy, version)
    if found.status not in ("draft", "in_review"):
        raise Conflict(
            phrase(
                "cannot apply %(policy)s version %(version)s in an emergency: it is %(standing)s",
                policy=policy,
                version=version,
                standing=found.standing(ctx.now),
            )
        )
    expect_digest(found, digest)
    (body,) = conn.execute(repo.BODY, {"policy": policy, "version": version}).fetchone() or ("",)
    window, ended = windows(versions, version, ctx.now, ctx.now)
    policies.expect_fit(conn, expect_clean(str(body)).table, window)
    due = ctx.now + review_within
    wanted = {"policy": policy, "version": version, "by": ctx.principal.id, "reason": why, "due": due}
    conn.execute(repo.SET_EMERGENCY, wanted)
    set_windows(conn, policy, [window, *ended])
    after = set_status(conn, found, "active")
    audit(conn, ctx, APPLIED, after, reason=why, review_due=due, ends=[e.version for e in ended])
    note_overridden(conn, ctx, "policy", policy)
    return after


def review_emergency(
    policies: PolicyService,
    conn: Connection,
    ctx: Context,
    policy: str,
    version: int,
    outcome: str,
    justification: str,
    *,
    on_behalf_of: str | None = None,
) -> PolicyVersion:
    """Look at an emergency change afterwards: `confirm` it, or `revert` it. Reverting ends it now and brings the text
    of the version before back into force as a version of its own, approved by the reviewer.

    Raises `DutyConflict` for who applied or wrote it, `Invalid`, also where what reads the decisions by now would miss
    something of the text before, `Conflict` when there is nothing to review.
    """
    if outcome not in OUTCOMES:
        raise invalid("outcome", outcome, "is not known", phrase("Use one of %(names)s.", names=", ".join(OUTCOMES)))
    why = reason_of(justification, "Say why.")
    versions = locked_in_turn(conn, policy)
    found = pick(versions, policy, version)
    if not found.unreviewed:
        raise Conflict(
            phrase(
                "%(policy)s version %(version)s is not waiting for a review after an emergency",
                policy=policy,
                version=version,
            )
        )
    expect_reviewer(found, ctx.principal.id, on_behalf_of)
    conn.execute(repo.SET_REVIEWED, {"policy": policy, "version": version, "by": ctx.principal.id, "now": ctx.now})
    details = {"outcome": outcome, "justification": why, "on_behalf_of": on_behalf_of}
    if outcome == "revert" and found.in_force(ctx.now):
        audit(conn, ctx, REVIEWED, read(conn, policy, version), **details)
        return _reverted(policies, conn, ctx, versions, found)
    after = read(conn, policy, version)
    audit(conn, ctx, REVIEWED, after, **details)
    return after


def _reverted(
    policies: PolicyService, conn: Connection, ctx: Context, versions: Sequence[PolicyVersion], gone: PolicyVersion
) -> PolicyVersion:
    """The emergency change ended now, and the text it replaced in force again; without one, nothing decides."""
    assert gone.valid_from is not None, "it is in force"
    set_windows(conn, gone.policy, [Window(gone.version, gone.valid_from, ctx.now)])
    ended = set_status(conn, gone, "retired")
    audit(conn, ctx, "policy.retired", ended, valid_until=ctx.now, reason="reverted after an emergency")
    before = next((v for v in reversed(versions) if v.valid_until == gone.valid_from), None)
    if before is None:
        policies.expect_unread(conn, gone, ctx.now)
        return ended
    approver = before.approver if ctx.principal.id in before.writers else ctx.principal.id
    if approver is None:
        raise DutyConflict("you wrote the version that would come back, and nobody approved it; let another")
    restored = copied(conn, ctx, before, versions[-1].version + 1, author=before.author)
    again = set_status(conn, restored, "approved", approver)
    window, ends = windows(locked(conn, gone.policy), again.version, ctx.now, ctx.now)
    made = policies.compiled_many(conn, [(v.policy, v.version) for v in (gone, again)])
    was, back = (made[v.policy, v.version].table for v in (gone, again))
    policies.expect_fit(conn, back, window, instead_of=was)
    set_windows(conn, gone.policy, [window, *ends])
    after = set_status(conn, again, "active")
    audit(conn, ctx, "policy.restored", after, text_of=before.version, instead_of=gone.version)
    return after


def overdue_reviews(conn: Connection, ctx: Context) -> list[NewEvent]:
    """The emergency changes whose review is overdue now, each told once: an audit entry and an event."""
    found = [version_of(row) for row in conn.execute(repo.OVERDUE_REVIEWS, {"now": ctx.now})]
    events = []
    for version in found:
        audit(conn, ctx, OVERDUE, version, applied_by=version.emergency_by, review_due=version.review_due)
        events.append(overdue_event(version, ctx))
    return events


def overdue_event(version: PolicyVersion, ctx: Context) -> NewEvent:
    """What outside systems are told."""
    name = f"{version.policy}@{version.version}"
    data = {
        "policy": version.policy,
        "version": version.version,
        "title": version.title,
        "applied_by": version.emergency_by,
        "reason": version.emergency_reason,
        "review_due": version.review_due,
    }
    return NewEvent(
        source="policies",
        event_id=f"{OVERDUE}:{name}",
        type=OVERDUE,
        subject=version.policy,
        key=f"policy:{version.policy}",
        time=ctx.now,
        data=data,
        actor=ctx.principal.id,
    )
