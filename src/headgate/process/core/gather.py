"""Fold the effects of many advances into the rows to write: the last word on each case, approval, task and timer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from headgate.ledger.core.chain import AuditDraft
from headgate.policy.core import DecisionDraft
from headgate.process.core.state import (
    Advance,
    Approval,
    ApprovalSaved,
    Case,
    CaseCancelled,
    CaseMoved,
    CaseStarted,
    CommandIssued,
    Effect,
    EventEmitted,
    RecordChanged,
    TaskEscalated,
    TaskOpened,
    TasksClosed,
    TasksDue,
    TasksRaised,
    TasksReassigned,
    TimersCleared,
    TimerSet,
)


class TaskRow(NamedTuple):
    """A task opened in the batch, its status at the end of it, and the second role it is shown to."""

    task: TaskOpened
    status: str
    also_role: str


@dataclass(slots=True)
class Gathered:
    """What a batch of events comes to.

    Order within the batch is respected: a task opened and closed ends closed. To be written in this order: escalations,
    raises, reassignments and due times of tasks stored before, closings of them, tasks opened.
    """

    cases: dict[UUID, Case] = field(default_factory=dict)
    approvals: dict[UUID, Approval] = field(default_factory=dict)
    tasks: dict[UUID, TaskRow] = field(default_factory=dict)
    closed: list[TasksClosed] = field(default_factory=list)
    escalated: list[TaskEscalated] = field(default_factory=list)
    reassigned: list[TasksReassigned] = field(default_factory=list)
    raised: dict[UUID, int] = field(default_factory=dict)
    due: dict[tuple[UUID, int, str, str], TasksDue] = field(default_factory=dict)
    timers: dict[tuple[UUID, str], TimerSet] = field(default_factory=dict)
    cleared: list[TimersCleared] = field(default_factory=list)
    commands: list[CommandIssued] = field(default_factory=list)
    emitted: list[tuple[int, EventEmitted]] = field(default_factory=list)
    decisions: list[DecisionDraft] = field(default_factory=list)
    audits: list[AuditDraft] = field(default_factory=list)
    records: dict[str, list[object]] = field(default_factory=dict)
    subcases: list[CaseStarted | CaseCancelled] = field(default_factory=list)
    moved: list[CaseMoved] = field(default_factory=list)

    def add(self, advance: Advance, seq: int) -> None:
        """Fold in one advance, made by the event with this log position."""
        self.cases[advance.case.case_id] = advance.case
        self.decisions.extend(advance.decisions)
        self.audits.append(advance.audit)
        for effect in advance.effects:
            self._effect(effect, advance.case, seq)

    def _effect(self, effect: Effect, case: Case, seq: int) -> None:
        match effect:
            case RecordChanged(record):
                self.records.setdefault(case.subject_type, []).append(record)
            case ApprovalSaved(approval):
                self.approvals[approval.approval] = approval
            case TaskOpened():
                self.tasks[effect.task] = TaskRow(effect, "open", "")
            case TasksClosed():
                self._close(effect)
            case TaskEscalated():
                self._escalate(effect)
            case TasksReassigned():
                self._reassign(effect)
            case TasksRaised():
                self._raise(effect)
            case TimerSet():
                self.timers[(effect.case_id, effect.name)] = effect
            case TimersCleared():
                self._clear(effect)
            case CommandIssued():
                self.commands.append(effect)
            case EventEmitted():
                self.emitted.append((seq, effect))
            case _:
                self._rarer(effect)

    def _rarer(self, effect: TasksDue | CaseStarted | CaseCancelled | CaseMoved) -> None:
        if isinstance(effect, TasksDue):
            self._due(effect)
        elif isinstance(effect, CaseMoved):
            self.moved.append(effect)
        else:
            self.subcases.append(effect)

    def _close(self, effect: TasksClosed) -> None:
        self.closed.append(effect)
        for task, (opened, status, also_role) in self.tasks.items():
            if status == "open" and effect.covers(opened):
                self.tasks[task] = TaskRow(opened, effect.status, also_role)

    def _escalate(self, effect: TaskEscalated) -> None:
        place = (effect.case_id, effect.level, effect.role, effect.branch)
        for task, (opened, status, _) in self.tasks.items():
            if status == "open" and place == _place(opened):
                self.tasks[task] = TaskRow(opened, status, effect.to)
        # Those stored before the batch, unless it has closed them already.
        if not any(_closes(closed, effect) for closed in self.closed):
            self.escalated.append(effect)

    def _reassign(self, effect: TasksReassigned) -> None:
        for task, (opened, status, also_role) in self.tasks.items():
            if status == "open" and opened.case_id == effect.case_id and opened.kind == "work":
                self.tasks[task] = TaskRow(replace(opened, role=effect.to), status, also_role)
        self.reassigned.append(effect)

    def _raise(self, effect: TasksRaised) -> None:
        for task, (opened, status, also_role) in self.tasks.items():
            if status == "open" and opened.case_id == effect.case_id:
                higher = replace(opened, priority=max(opened.priority, effect.priority))
                self.tasks[task] = TaskRow(higher, status, also_role)
        self.raised[effect.case_id] = max(self.raised.get(effect.case_id, 0), effect.priority)

    def _due(self, effect: TasksDue) -> None:
        place = (effect.case_id, effect.level, effect.role, effect.branch)
        for task, (opened, status, also_role) in self.tasks.items():
            if status == "open" and opened.kind == "approval" and place == _place(opened):
                self.tasks[task] = TaskRow(replace(opened, due_at=effect.due_at), status, also_role)
        self.due[place] = effect

    def _clear(self, effect: TimersCleared) -> None:
        self.cleared.append(effect)
        gone = [k for k in self.timers if k[0] == effect.case_id and k[1].startswith(effect.prefix)]
        for key in gone:
            del self.timers[key]


def _place(task: TaskOpened) -> tuple[UUID, int, str, str]:
    return task.case_id, task.level, task.role, task.branch


def _closes(closed: TasksClosed, late: TaskEscalated) -> bool:
    """Whether the tasks that are late have been closed; one that was closed by its id was no approval's."""
    return (
        closed.task is None
        and closed.case_id == late.case_id
        and closed.level in (None, late.level)
        and closed.role in (None, late.role)
        and closed.branch in (None, late.branch)
    )
