"""SQL of the case engine: whole batches in, whole batches out."""

from headgate.process.repo.approvals import (
    approvals_of_case,
    approvals_of_cases,
    get_approval,
    get_approvals,
    pending_approvals,
    save_approvals,
)
from headgate.process.repo.cases import get_case, get_cases, load_cases, save_cases
from headgate.process.repo.tasks import close_tasks, escalate_tasks, open_tasks, raise_tasks, reassign_tasks, set_due
from headgate.process.repo.timers import clear_timers, ringing, set_timers, take_due_timers

__all__ = [
    "approvals_of_case",
    "approvals_of_cases",
    "clear_timers",
    "close_tasks",
    "escalate_tasks",
    "get_approval",
    "get_approvals",
    "get_case",
    "get_cases",
    "load_cases",
    "open_tasks",
    "pending_approvals",
    "raise_tasks",
    "reassign_tasks",
    "ringing",
    "save_approvals",
    "save_cases",
    "set_due",
    "set_timers",
    "take_due_timers",
]
