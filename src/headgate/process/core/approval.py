"""Approvals as a pure state machine: who is asked, whose word counts, what it leads to.

Levels run one after the other, steps of a level side by side. Nothing is approved before the last level's quorum. One
person speaks once per approval, never about what they asked for themselves, and neither does their delegate, however
many hands the right went through. A rejection ends a request, unless the step asks for more people than must agree:
then it ends when too few are left to agree. Who holds a veto may reject at any time while the request waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from headgate.kernel.errors import DutyConflict, Forbidden, Invalid, Stale, invalid
from headgate.kernel.phrases import phrase
from headgate.process.core.state import Approval, ApprovalStep, Vote

OUTCOMES: Final = ("approve", "edit", "reject", "return")
Deadline = Callable[[datetime, Decimal], datetime]


@dataclass(frozen=True, slots=True)
class Delegated:
    """A delegation in force: the delegate may speak for `delegator` in these roles, up to an amount in the tenant's
    currency. `via` are the people through whom the right was passed on, the delegator's own delegate first."""

    delegator: str
    roles: frozenset[str]
    max_amount: Decimal | None
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voter:
    """What is known of the person who decides, at the time of deciding."""

    principal: str
    roles: frozenset[str]
    delegated: tuple[Delegated, ...] = ()


def begin(approval: Approval, now: datetime, deadline: Deadline) -> Approval:
    """A request whose steps are planned, with its first level open, and every step that may only stop it."""
    steps = tuple(replace(s, status="open") if s.only_stops and s.status == "waiting" else s for s in approval.steps)
    planned = replace(approval, steps=steps)
    return replace(planned, steps=open_level(steps, current_level(planned) or 0, now, deadline))


def open_level(
    steps: Sequence[ApprovalStep], level: int, now: datetime, deadline: Deadline
) -> tuple[ApprovalStep, ...]:
    """Open every step of a level and start its clock."""
    return tuple(
        replace(s, status="open", due_at=deadline(now, s.sla_hours))
        if s.level == level and s.status == "waiting"
        else s
        for s in steps
    )


def current_level(approval: Approval) -> int | None:
    """The lowest level that is not done, or None when all are. Steps that can only stop the request hold up nothing."""
    levels = [s.level for s in approval.steps if s.status in ("waiting", "open") and not s.only_stops]
    return min(levels) if levels else None


def authority(
    approval: Approval, voter: Voter, on_behalf_of: str, level: int, outcome: str = "approve"
) -> ApprovalStep:
    """The step this voter may decide with that outcome, or an error that says why not: an open step of the level, else,
    for a rejection, any step left that their role may veto.

    Raises DutyConflict (requester, requester's delegate, second vote), Forbidden (no such role or delegation, amount
    above the delegation's limit).
    """
    speaks_for = on_behalf_of or voter.principal
    for person in {voter.principal, speaks_for}:
        if _asked(approval, person):
            raise DutyConflict(phrase("%(person)s asked for this, so someone else has to decide it", person=person))
        if any(person in (v.principal, v.on_behalf_of) for v in approval.votes):
            raise DutyConflict(
                phrase(
                    "%(person)s has already decided a step of this approval; another person has to decide this one",
                    person=person,
                )
            )
    roles = voter.roles
    if on_behalf_of and on_behalf_of != voter.principal:
        roles = _delegated_roles(approval, voter, on_behalf_of)
    for step in approval.steps:
        if step.level == level and step.status == "open" and not step.only_stops and not roles.isdisjoint(step.roles):
            return step
    stopping = _vetoes(approval, roles)
    if stopping and outcome == "reject":
        return stopping[0]
    wanted = sorted(
        {r for s in approval.steps if s.level == level and s.status == "open" and not s.only_stops for r in s.roles}
    )
    may = f"; as {stopping[0].role} they can only stop it" if stopping else ""
    raise Forbidden(
        phrase(
            "%(speaks_for)s holds none of the roles that decide level %(level)s: %(names)s%(may)s",
            speaks_for=speaks_for,
            level=level,
            names=", ".join(wanted) or "none is open",
            may=may,
        )
    )


def _asked(approval: Approval, person: str) -> bool:
    return person == approval.requested_by or person in approval.barred


def _vetoes(approval: Approval, roles: frozenset[str]) -> list[ApprovalStep]:
    """The steps of any level, done or not, at which these roles may stop the request; first those that wait."""
    found = [s for s in approval.steps if s.veto and s.status != "skipped" and not roles.isdisjoint(s.roles)]
    return sorted(found, key=lambda s: (s.status == "done", s.level))


def _delegated_roles(approval: Approval, voter: Voter, on_behalf_of: str) -> frozenset[str]:
    given = [d for d in voter.delegated if d.delegator == on_behalf_of]
    if not given:
        raise Forbidden(
            phrase(
                "%(on_behalf_of)s has not delegated to %(principal)s for now",
                on_behalf_of=on_behalf_of,
                principal=voter.principal,
            )
        )
    clean = [d for d in given if not any(_asked(approval, person) for person in d.via)]
    if not clean:
        through = next(person for d in given for person in d.via if _asked(approval, person))
        raise DutyConflict(
            phrase(
                "%(principal)s speaks for %(on_behalf_of)s only through %(through)s, who asked "
                "for this, so someone else has to decide it",
                principal=voter.principal,
                on_behalf_of=on_behalf_of,
                through=through,
            )
        )
    stake = approval.stake or Decimal(0)
    within = [d for d in clean if d.max_amount is None or stake <= d.max_amount]
    if not within:
        raise Forbidden(
            f"{stake} {approval.currency or ''} is above what {on_behalf_of} delegated to {voter.principal}".replace(
                "  ", " "
            )
        )
    return frozenset().union(*(d.roles for d in within))


def passed_through(approval: Approval, voter: Voter, on_behalf_of: str) -> tuple[str, ...]:
    """The people through whom a right came to this voter that nobody gave them directly; empty when somebody did."""
    given = [d.via for d in voter.delegated if d.delegator == on_behalf_of]
    clean = [via for via in given if not any(_asked(approval, person) for person in via)]
    return min(clean, key=len, default=())


def check_vote(approval: Approval, outcome: str, justification: str, digest: str, now: datetime) -> None:
    """Everything about a vote that does not depend on who casts it. Raises Invalid or Stale."""
    if outcome not in OUTCOMES:
        raise invalid(
            "outcome",
            outcome,
            "is not something an approver can do",
            phrase("Use one of %(names)s.", names=", ".join(OUTCOMES)),
        )
    if len(justification.strip()) < 3:
        raise invalid("justification", justification, "is missing", "Say in a few words why.")
    if approval.status != "pending":
        raise Stale(phrase("this approval is %(status)s; it can be decided only once", status=approval.status))
    if over(approval, now):
        raise Stale("this approval has expired")
    if digest != approval.digest:
        raise Stale("what you saw has changed since; open it again and decide on what it says now")


def over(approval: Approval, now: datetime) -> bool:
    """Whether the time to decide is over; it is not while the clocks stand still."""
    return approval.paused_at is None and now >= approval.expires_at


def cast(approval: Approval, vote: Vote, now: datetime, deadline: Deadline) -> Approval:
    """The approval after a vote that `check_vote` and `authority` let through.

    Return and edit end it at once, and so does a rejection by who holds a veto or at a step that cannot be outvoted.
    Approve counts towards the step's quorum; the last step of a level opens the next, the last level approves the
    whole.
    """
    voted = replace(approval, votes=(*approval.votes, vote))
    ended = {"return": "returned", "edit": "edited"}.get(vote.outcome)
    if vote.outcome == "reject" and _lost(voted, vote):
        ended = "rejected"
    if ended:
        return replace(voted, status=ended, decided_at=now, steps=_skip_rest(voted.steps))
    return settle(voted, now, deadline)


def _lost(approval: Approval, vote: Vote) -> bool:
    """Whether this rejection ends the request: it is a veto, or too few people are left at its step to agree."""
    step = next(s for s in approval.steps if (s.level, s.step) == (vote.level, vote.step))
    if step.veto or not step.of_people:
        return True
    against = sum(1 for v in approval.votes if (v.level, v.step, v.outcome) == (vote.level, vote.step, "reject"))
    return step.of_people - against < step.quorum


def settle(approval: Approval, now: datetime, deadline: Deadline) -> Approval:
    """Close steps whose quorum is reached, open the next level, and approve when none is left."""
    agreed: dict[tuple[int, str], int] = {}
    for v in approval.votes:
        if v.outcome in ("approve", "carried"):
            agreed[(v.level, v.step)] = agreed.get((v.level, v.step), 0) + 1
    steps = tuple(
        replace(s, status="done")
        if s.status == "open" and not s.only_stops and agreed.get((s.level, s.step), 0) >= s.quorum
        else s
        for s in approval.steps
    )
    result = replace(approval, steps=steps)
    level = current_level(result)
    if level is None:
        return replace(result, status="approved", decided_at=now, steps=_skip_rest(steps))
    if not any(s.level == level and s.status == "open" and not s.only_stops for s in steps):
        opened = replace(result, steps=open_level(steps, level, now, deadline))
        return settle(opened, now, deadline)
    return result


def _skip_rest(steps: Sequence[ApprovalStep]) -> tuple[ApprovalStep, ...]:
    return tuple(replace(s, status="skipped") if s.status in ("waiting", "open") else s for s in steps)


def end(approval: Approval, status: str, now: datetime) -> Approval:
    """Close a pending approval without a decision: `voided` or `expired`."""
    if approval.status != "pending":
        raise Invalid(
            phrase("an approval that is %(status)s cannot be %(status2)s", status=approval.status, status2=status)
        )
    return replace(approval, status=status, decided_at=now, steps=_skip_rest(approval.steps))


def escalate(approval: Approval, level: int, now: datetime) -> Approval:
    """Let the escalation role of every late open step of a level decide as well."""

    def is_late(step: ApprovalStep) -> bool:
        mine = step.level == level and step.status == "open" and bool(step.escalate_to)
        return mine and step.due_at is not None and step.due_at <= now

    return replace(approval, steps=tuple(replace(s, escalated=True) if is_late(s) else s for s in approval.steps))


def ways(approval: Approval, voter: Voter, outcome: str = "approve") -> tuple[str, ...]:
    """For whom this voter may decide so now: '' for themselves, else the delegator's id. Empty when not at all.

    Who may approve may do anything else; with `reject` come those that may only stop it.
    """
    level = current_level(approval)
    if approval.status != "pending" or level is None:
        return ()
    found = []
    for name in ("", *dict.fromkeys(d.delegator for d in voter.delegated)):
        try:
            authority(approval, voter, name, level, outcome)
        except (Forbidden, DutyConflict):
            continue
        found.append(name)
    return tuple(found)
