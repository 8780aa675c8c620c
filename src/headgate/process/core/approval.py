"""Approvals as a pure state machine: who is asked, whose word counts, what it leads to.

Levels run one after the other, steps of a level side by side. Nothing is approved before the last level's quorum. One
person speaks once per approval, never about what they asked for themselves, and neither does their delegate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from headgate.kernel.errors import DutyConflict, Forbidden, Invalid, Stale, invalid
from headgate.process.core.state import Approval, ApprovalStep, Vote

OUTCOMES: Final = ("approve", "edit", "reject", "return")
Deadline = Callable[[datetime, Decimal], datetime]


@dataclass(frozen=True, slots=True)
class Delegated:
    """A delegation in force: the delegate may speak for `delegator` in these roles, up to an amount in the tenant's
    currency."""

    delegator: str
    roles: frozenset[str]
    max_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Voter:
    """What is known of the person who decides, at the time of deciding."""

    principal: str
    roles: frozenset[str]
    delegated: tuple[Delegated, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One row of the approval matrix: who must agree, how fast, and who steps in when they do not."""

    level: int
    role: str
    quorum: int
    sla_hours: Decimal
    escalate_to: str
    expires_hours: Decimal
    row: str


def plan_steps(asked: Sequence[Asked]) -> tuple[ApprovalStep, ...]:
    """Merge matrix rows into steps: one per level and role, with the larger quorum and the shorter clock."""
    merged: dict[tuple[int, str], ApprovalStep] = {}
    for row in asked:
        key = (row.level, row.role)
        seen = merged.get(key)
        if seen is None:
            merged[key] = ApprovalStep(
                level=row.level,
                step=row.role,
                role=row.role,
                quorum=row.quorum,
                status="waiting",
                due_at=None,
                sla_hours=row.sla_hours,
                escalate_to=row.escalate_to,
                matrix_row=row.row,
            )
        else:
            rows = seen.matrix_row if row.row in seen.matrix_row.split(", ") else f"{seen.matrix_row}, {row.row}"
            merged[key] = replace(
                seen,
                quorum=max(seen.quorum, row.quorum),
                sla_hours=min(seen.sla_hours, row.sla_hours),
                escalate_to=seen.escalate_to or row.escalate_to,
                matrix_row=rows,
            )
    return tuple(merged[key] for key in sorted(merged))


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
    """The lowest level that is not done, or None when all are."""
    levels = [s.level for s in approval.steps if s.status in ("waiting", "open")]
    return min(levels) if levels else None


def authority(approval: Approval, voter: Voter, on_behalf_of: str, level: int) -> ApprovalStep:
    """The open step this voter may decide, or an error that says why not.

    Raises DutyConflict (requester, requester's delegate, second vote), Forbidden (no such role or delegation, amount
    above the delegation's limit).
    """
    speaks_for = on_behalf_of or voter.principal
    for person in {voter.principal, speaks_for}:
        if person == approval.requested_by or person in approval.barred:
            raise DutyConflict(f"{person} asked for this, so someone else has to decide it")
        if any(person in (v.principal, v.on_behalf_of) for v in approval.votes):
            raise DutyConflict(
                f"{person} has already decided a step of this approval; another person has to decide this one"
            )
    roles = voter.roles
    if on_behalf_of and on_behalf_of != voter.principal:
        roles = _delegated_roles(approval, voter, on_behalf_of)
    for step in approval.steps:
        if step.level == level and step.status == "open" and not roles.isdisjoint(step.roles):
            return step
    wanted = sorted({r for s in approval.steps if s.level == level and s.status == "open" for r in s.roles})
    raise Forbidden(
        f"{speaks_for} holds none of the roles that decide level {level}: {', '.join(wanted) or 'none is open'}"
    )


def _delegated_roles(approval: Approval, voter: Voter, on_behalf_of: str) -> frozenset[str]:
    given = [d for d in voter.delegated if d.delegator == on_behalf_of]
    if not given:
        raise Forbidden(f"{on_behalf_of} has not delegated to {voter.principal} for now")
    stake = approval.stake or Decimal(0)
    within = [d for d in given if d.max_amount is None or stake <= d.max_amount]
    if not within:
        raise Forbidden(
            f"{stake} {approval.currency or ''} is above what {on_behalf_of} delegated to {voter.principal}".replace(
                "  ", " "
            )
        )
    return frozenset().union(*(d.roles for d in within))


def check_vote(approval: Approval, outcome: str, justification: str, digest: str, now: datetime) -> None:
    """Everything about a vote that does not depend on who casts it. Raises Invalid or Stale."""
    if outcome not in OUTCOMES:
        raise invalid("outcome", outcome, "is not something an approver can do", f"Use one of {', '.join(OUTCOMES)}.")
    if len(justification.strip()) < 3:
        raise invalid("justification", justification, "is missing", "Say in a few words why.")
    if approval.status != "pending":
        raise Stale(f"this approval is {approval.status}; it can be decided only once")
    if now >= approval.expires_at:
        raise Stale("this approval has expired")
    if digest != approval.digest:
        raise Stale("what you saw has changed since; open it again and decide on what it says now")


def cast(approval: Approval, vote: Vote, now: datetime, deadline: Deadline) -> Approval:
    """The approval after a vote that `check_vote` and `authority` let through.

    Reject, return and edit end it at once. Approve counts towards the step's quorum; the last step of a level opens the
    next, the last level approves the whole.
    """
    voted = replace(approval, votes=(*approval.votes, vote))
    ended = {"reject": "rejected", "return": "returned", "edit": "edited"}.get(vote.outcome)
    if ended:
        return replace(voted, status=ended, decided_at=now, steps=_skip_rest(voted.steps))
    return settle(voted, now, deadline)


def settle(approval: Approval, now: datetime, deadline: Deadline) -> Approval:
    """Close steps whose quorum is reached, open the next level, and approve when none is left."""
    agreed: dict[tuple[int, str], int] = {}
    for v in approval.votes:
        if v.outcome in ("approve", "carried"):
            agreed[(v.level, v.step)] = agreed.get((v.level, v.step), 0) + 1
    steps = tuple(
        replace(s, status="done") if s.status == "open" and agreed.get((s.level, s.step), 0) >= s.quorum else s
        for s in approval.steps
    )
    result = replace(approval, steps=steps)
    level = current_level(result)
    if level is None:
        return replace(result, status="approved", decided_at=now)
    if not any(s.level == level and s.status == "open" for s in steps):
        opened = replace(result, steps=open_level(steps, level, now, deadline))
        return settle(opened, now, deadline)
    return result


def _skip_rest(steps: Sequence[ApprovalStep]) -> tuple[ApprovalStep, ...]:
    return tuple(replace(s, status="skipped") if s.status in ("waiting", "open") else s for s in steps)


def end(approval: Approval, status: str, now: datetime) -> Approval:
    """Close a pending approval without a decision: `voided` or `expired`."""
    if approval.status != "pending":
        raise Invalid(f"an approval that is {approval.status} cannot be {status}")
    return replace(approval, status=status, decided_at=now, steps=_skip_rest(approval.steps))


def escalate(approval: Approval, level: int, now: datetime) -> Approval:
    """Let the escalation role of every late open step of a level decide as well."""

    def is_late(step: ApprovalStep) -> bool:
        mine = step.level == level and step.status == "open" and bool(step.escalate_to)
        return mine and step.due_at is not None and step.due_at <= now

    return replace(approval, steps=tuple(replace(s, escalated=True) if is_late(s) else s for s in approval.steps))


def ways(approval: Approval, voter: Voter) -> tuple[str, ...]:
    """For whom this voter may decide now: '' for themselves, else the delegator's id. Empty when not at all."""
    level = current_level(approval)
    if approval.status != "pending" or level is None:
        return ()
    found = []
    for name in ("", *dict.fromkeys(d.delegator for d in voter.delegated)):
        try:
            authority(approval, voter, name, level)
        except (Forbidden, DutyConflict):
            continue
        found.append(name)
    return tuple(found)


def asked_from(outputs: Mapping[str, object], row: str) -> Asked:
    """A matrix row's outputs as an `Asked`. Raises Invalid naming the output that is missing or mistyped."""
    try:
        return Asked(
            level=int(str(outputs["level"])),
            role=str(outputs["role"]),
            quorum=int(str(outputs.get("quorum") or 1)),
            sla_hours=Decimal(str(outputs.get("sla_hours") or 8)),
            escalate_to=str(outputs.get("escalate_to") or ""),
            expires_hours=Decimal(str(outputs.get("expires_hours") or 80)),
            row=row,
        )
    except (KeyError, ArithmeticError, ValueError) as error:
        needed = "outputs need level and role, and whole numbers where counts are meant"
        raise Invalid(f"approval matrix row {row}: {needed} ({error})") from None
