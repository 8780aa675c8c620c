"""Clocks of tasks, approvals and cases as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from headgate.console.views.common import Clock
from headgate.process import Approval
from headgate.process.desk import clock_state, deadline_state


def task_clock(row: Mapping[str, Any], now: datetime) -> Clock | None:
    """The clock of a task; None where it has no due time."""
    due = row["due_at"]
    return None if due is None else Clock(clock_state(now, row["created_at"], due), due)


def approval_clock(approval: Approval, now: datetime) -> Clock | None:
    """The clock of an approval: its open level's earliest due time."""
    dues = [step.due_at for step in approval.steps if step.status == "open" and step.due_at is not None]
    if approval.status != "pending" or not dues:
        return None
    started = max([approval.requested_at, *(vote.at for vote in approval.votes)])
    return Clock(clock_state(now, started, min(dues)), min(dues))


def case_clock(row: Mapping[str, Any], now: datetime) -> Clock | None:
    """The clock of a case row; None where none runs and none was kept."""
    state = deadline_state(row, now)
    if row["due_at"] is not None:
        return Clock(state, row["due_at"])
    return Clock("met", None) if state == "met" else None
