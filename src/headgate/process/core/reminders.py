"""Reminders of approvals that nobody has decided: by the clock, in working hours, until the level is done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from headgate.kernel.canonical import instant_text
from headgate.process.core.approval import current_level
from headgate.process.core.running import Run, clock
from headgate.process.core.state import Approval, ApprovalStep, EventEmitted, TimersCleared, TimerSet

TIMER: Final = "approval.remind."
EVENT: Final = "approval.reminder"


def begin(run: Run, approval: Approval, level: int | None) -> None:
    """Set the clock of the first reminder of a level, and drop that of the level before."""
    if approval.paused_at is not None or not any(s.remind_hours for s in approval.steps):
        return
    run.effects.append(TimersCleared(run.case.case_id, clock(approval.branch, TIMER)))
    _next(run, approval, _waiting(approval, level))


def go_on(run: Run, approval: Approval, passed: Decimal) -> None:
    """Set the clock of the next reminder of the open level again, of which so many working hours have passed."""
    hours = _hours(_waiting(approval, current_level(approval)))
    if hours is not None:
        _set(run, approval, current_level(approval) or 0, hours - passed % hours)


def remind(run: Run, approval: Approval, level: int) -> str | None:
    """Say in the log who has not decided yet, and set the next reminder."""
    steps = _waiting(approval, level) if current_level(approval) == level else []
    if not steps:
        return "timer.stale"
    roles = sorted({role for step in steps for role in step.roles})
    run.notes["reminded"] = roles
    data: dict[str, object] = {
        "approval": str(approval.approval),
        "case": str(approval.case_id),
        "subject_type": approval.subject_type,
        "subject": approval.subject,
        "partner": approval.partner,
        "level": level,
        "roles": roles,
        "stake": approval.stake,
        "currency": approval.currency,
        "due_at": min((instant_text(s.due_at) for s in steps if s.due_at), default=None),
        "expires_at": instant_text(approval.expires_at),
    }
    run.effects.append(EventEmitted(EVENT, approval.subject, data))
    _next(run, approval, steps)
    return None


def _waiting(approval: Approval, level: int | None) -> list[ApprovalStep]:
    return [s for s in approval.steps if s.level == level and s.status == "open" and s.remind_hours]


def _next(run: Run, approval: Approval, steps: list[ApprovalStep]) -> None:
    hours = _hours(steps)
    if hours is not None:
        _set(run, approval, steps[0].level, hours)


def _hours(steps: Sequence[ApprovalStep]) -> Decimal | None:
    return min((s.remind_hours for s in steps if s.remind_hours), default=None)


def _set(run: Run, approval: Approval, level: int, hours: Decimal) -> None:
    at = run.deadline(run.around.now, hours)
    run.effects.append(TimerSet(run.case.case_id, run.case.key, clock(approval.branch, f"{TIMER}{level}"), at))
