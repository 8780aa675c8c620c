"""Clocks of approvals while their stage waits for somebody outside: reminders, escalation and expiry stand still, and
go on with the working time they had left.

Who was late before stays late. A level that is asked meanwhile has its whole time from when the clocks go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Final

from headgate.process.core import reminders
from headgate.process.core.approval import current_level
from headgate.process.core.running import Run, clock, put
from headgate.process.core.state import Approval, ApprovalSaved, ApprovalStep, TasksDue, TimersCleared, TimerSet

CLOCKS: Final = "approval."  # how the names of an approval's timers begin
_EXACT: Final = Decimal("1e-9")


def hold(run: Run) -> None:
    """Stop the clocks of every approval that waits, the stage's and those of its branches."""
    now = run.around.now
    for approval in _pending(run):
        run.effects.append(TimersCleared(run.case.case_id, clock(approval.branch, CLOCKS)))
        _save(run, replace(approval, paused_at=now))
        _due(run, approval, {step: None for step in approval.steps if _runs(step, now)})


def go_on(run: Run) -> None:
    """Let them run on."""
    for approval in _pending(run):
        since = approval.paused_at
        if since is None:
            continue
        later = {s: moved(run, since, s.due_at, s.sla_hours) for s in approval.steps if s.due_at and _runs(s, since)}
        steps = tuple(replace(s, due_at=later[s]) if s in later else s for s in approval.steps)
        expires = approval.expires_at if approval.expires_at <= since else moved(run, since, approval.expires_at)
        after = replace(approval, paused_at=None, expires_at=expires, steps=steps)
        _save(run, after)
        _due(run, approval, later)
        _set_clocks(run, after, since)
        reminders.go_on(run, after, _passed(run, approval, since))


def moved(run: Run, since: datetime, at: datetime, most: Decimal | None = None) -> datetime:
    """An instant, moved by the working time that passed since the pause began: as far ahead as it was then, and at most
    so many hours."""
    left = _hours(run, since, at)
    return run.deadline(run.around.now, left if most is None else min(left, most))


def _pending(run: Run) -> Iterator[Approval]:
    own = [run.case.approval] if run.case.approval is not None else []
    yield from [each for each in (*own, *run.case.asked.values()) if each.status == "pending"]


def _runs(step: ApprovalStep, at: datetime) -> bool:
    """Whether the step's time was running then; what was over is not given back."""
    return step.status == "open" and step.due_at is not None and step.due_at > at


def _save(run: Run, approval: Approval) -> None:
    put(run, approval)
    run.effects.append(ApprovalSaved(approval))


def _due(run: Run, approval: Approval, due: Mapping[ApprovalStep, datetime | None]) -> None:
    run.effects.extend(TasksDue(run.case.case_id, s.level, s.role, approval.branch, at) for s, at in due.items())


def _set_clocks(run: Run, approval: Approval, since: datetime) -> None:
    case, level = run.case, current_level(approval)
    run.effects.append(TimerSet(case.case_id, case.key, clock(approval.branch, "approval.expire"), approval.expires_at))
    asked = [s for s in approval.steps if s.level == level and s.status == "open" and not s.escalated]
    # Somebody who was to step in by a clock that fired while it was being stopped does so now.
    dues = [s.due_at for s in asked if s.due_at is not None and (s.due_at > since or s.escalate_to)]
    if dues:
        late = clock(approval.branch, f"approval.late.{level}")
        run.effects.append(TimerSet(case.case_id, case.key, late, min(dues)))


def _passed(run: Run, approval: Approval, since: datetime) -> Decimal:
    """How many working hours of the open level had passed when the clocks stopped: it is as far from its due time as
    it has left, and reminders come each so many hours from its start."""
    level = current_level(approval)
    step = next((s for s in approval.steps if s.level == level and s.status == "open" and s.due_at is not None), None)
    if step is None or step.due_at is None:
        return Decimal(0)
    if step.due_at <= since:
        return step.sla_hours + _hours(run, step.due_at, since)
    return max(step.sla_hours - _hours(run, since, step.due_at), Decimal(0))


def _hours(run: Run, start: datetime, end: datetime) -> Decimal:
    passed = run.clock().elapsed(start, end)
    return (Decimal(passed.days * 86400 + passed.seconds) / 3600).quantize(_EXACT, ROUND_UP)
