"""Clocks of tasks, approvals and cases as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from headgate.console.views.approval import StandsStill
from headgate.console.views.common import Clock
from headgate.domain.calendar import Hours, working_time_between
from headgate.process import Approval
from headgate.process.core.approval import current_level
from headgate.process.desk import clock_state, deadline_state


def task_clock(row: Mapping[str, Any], now: datetime) -> Clock | None:
    """The clock of a task; None where it has no due time. That of an approval may stand still."""
    due = row["due_at"]
    if due is None and row.get("paused_at") is not None:
        return Clock("paused", None)
    return None if due is None else Clock(clock_state(now, row["created_at"], due), due)


def approval_clock(approval: Approval, now: datetime) -> Clock | None:
    """The clock of an approval: its open level's earliest due time."""
    dues = [step.due_at for step in approval.steps if step.status == "open" and step.due_at is not None]
    if approval.status == "pending" and approval.paused_at is not None:
        return Clock("paused", None)
    if approval.status != "pending" or not dues:
        return None
    started = max([approval.requested_at, *(vote.at for vote in approval.votes)])
    return Clock(clock_state(now, started, min(dues)), min(dues))


def standing_still(approval: Approval, because: str, hours: Hours) -> StandsStill | None:
    """What is left of the clocks of an approval that waits for somebody outside; None where they run."""
    since = approval.paused_at
    if since is None or approval.status != "pending":
        return None
    level = current_level(approval)
    asked = [s for s in approval.steps if s.level == level and s.status == "open" and s.due_at is not None]
    left = [_minutes(hours, since, s.due_at, s.sla_hours) for s in asked if s.due_at is not None and s.due_at > since]
    return StandsStill(since, because, min(left, default=None), _minutes(hours, since, approval.expires_at))


def _minutes(hours: Hours, since: datetime, at: datetime, most: Decimal | None = None) -> int:
    left = working_time_between(hours, since, at) // timedelta(minutes=1)
    return left if most is None else min(left, int(most * 60))


def case_clock(row: Mapping[str, Any], now: datetime) -> Clock | None:
    """The clock of a case row; None where none runs and none was kept."""
    state = deadline_state(row, now)
    if row["due_at"] is not None:
        return Clock(state, row["due_at"])
    return Clock("met", None) if state == "met" else None
