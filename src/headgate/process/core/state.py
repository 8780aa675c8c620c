"""A case, its approval and what an advance asks for: plain values that the shell loads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from headgate.ledger.core.chain import AuditDraft
from headgate.policy.core import DecisionDraft


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's word on one level of an approval."""

    level: int
    step: str
    principal: str
    on_behalf_of: str
    outcome: str  # approve | edit | reject | return
    justification: str
    at: datetime
    edit: Mapping[str, object] | None = None
    event_seq: int = 0


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """A role that must agree at a level. Steps of one level run side by side; levels run one after the other.

    `of_people` is how many are asked where a rejection can be outvoted (0: one rejection ends the request). A step with
    `veto` may be rejected by its role at any time while the request waits; with a quorum of 0 it can do nothing else.
    `note` says why a step is not needed. `keep_if` says when an agreement outlives a change, `remind_hours` (working
    hours) how often who has not decided is reminded; None is never.
    """

    level: int
    step: str
    role: str
    quorum: int
    status: str  # waiting | open | done | skipped
    due_at: datetime | None
    sla_hours: Decimal
    escalate_to: str = ""
    escalated: bool = False
    matrix_row: str = ""
    of_people: int = 0
    veto: bool = False
    note: str = ""
    keep_if: str = ""
    remind_hours: Decimal | None = None

    @property
    def only_stops(self) -> bool:
        """Whether nobody waits for this step: its role may stop the request, and need not agree."""
        return self.veto and self.quorum == 0

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that may decide it now."""
        return (self.role, self.escalate_to) if self.escalated and self.escalate_to else (self.role,)


@dataclass(frozen=True, slots=True)
class Approval:
    """A request bound to the digest of exactly what is asked for. Single use, expiring.

    `barred` are all who had a hand in asking (who wants it, who sent it, who changed it): none of them may decide.
    """

    approval: UUID
    case_id: UUID
    subject_type: str
    subject: str
    partner: str | None
    digest: str
    status: str  # pending | approved | edited | rejected | returned | voided | expired
    requested_by: str
    barred: tuple[str, ...]
    requested_at: datetime
    expires_at: datetime
    stake: Decimal | None
    currency: str | None
    exceptions: tuple[str, ...]
    summary: Mapping[str, object]
    steps: tuple[ApprovalStep, ...]
    votes: tuple[Vote, ...] = ()
    decided_at: datetime | None = None
    decision: UUID | None = None
    branch: str = ""  # of a parallel step, as a path; empty when the stage itself asks
    paused_at: datetime | None = None  # since when its clocks stand still, as those of its stage do


class Case(NamedTuple):
    """One running process about one subject. `data` holds what its steps produced."""

    case_id: UUID
    process: str
    version: int
    subject_type: str
    subject: str
    key: str
    stage: str
    status: str  # open | waiting | closed
    opened_at: datetime
    updated_at: datetime
    partner: str | None = None
    outcome: str = ""
    exceptions: tuple[str, ...] = ()
    owner_role: str = ""
    stake: Decimal | None = None
    currency: str | None = None
    data: Mapping[str, object] = MappingProxyType({})
    closed_at: datetime | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    sla_state: str = ""  # '' | running | warned | paused | breached | met
    approval: Approval | None = None
    asked: Mapping[str, Approval] = {}  # what branches of parallel steps wait for, by branch


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """Work for a role appears in the queue."""

    task: UUID
    case_id: UUID
    kind: str  # approval | work
    title: str
    role: str
    due_at: datetime | None
    stake: Decimal | None
    currency: str | None
    partner: str | None
    level: int = 0
    branch: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class TasksClosed:
    """Open tasks of a case leave the queue: all of them, or those of one branch, approval level, role, or just one."""

    case_id: UUID
    status: str  # done | cancelled
    level: int | None = None
    role: str | None = None
    branch: str | None = None
    task: UUID | None = None

    def covers(self, task: TaskOpened) -> bool:
        """Whether that task is meant."""
        return (
            task.case_id == self.case_id
            and self.level in (None, task.level)
            and self.role in (None, task.role)
            and self.branch in (None, task.branch)
            and self.task in (None, task.task)
        )


@dataclass(frozen=True, slots=True)
class TaskEscalated:
    """A late approval task of a role is shown to the role it escalates to as well."""

    case_id: UUID
    level: int
    role: str
    to: str
    branch: str = ""


@dataclass(frozen=True, slots=True)
class TasksReassigned:
    """Open work of a case (not its approvals) goes to another role, and nobody has taken it yet."""

    case_id: UUID
    to: str


@dataclass(frozen=True, slots=True)
class TasksRaised:
    """The open tasks of a case have at least this priority from now on: so far it was escalated."""

    case_id: UUID
    priority: int


@dataclass(frozen=True, slots=True)
class TasksDue:
    """The open approval tasks of a role at a level are due then; None while their clock stands still."""

    case_id: UUID
    level: int
    role: str
    branch: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class TimerSet:
    """Fire `timer.fired` with this name at that instant; a timer of the same name is replaced."""

    case_id: UUID
    key: str
    name: str
    fire_at: datetime


@dataclass(frozen=True, slots=True)
class TimersCleared:
    """Timers of a case whose names start with the prefix are dropped."""

    case_id: UUID
    prefix: str


@dataclass(frozen=True, slots=True)
class ApprovalSaved:
    """An approval as it stands after this advance (new or changed)."""

    approval: Approval


class CommandIssued(NamedTuple):
    """An effect on an outside system, once, by idempotency key; the rest says who wants to hear how it went."""

    target: str
    type: str
    subject: str
    payload: Mapping[str, object]
    idempotency_key: str
    process: str = ""
    key: str = ""
    case_id: UUID | None = None
    step: str = ""
    event_seq: int | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class EventEmitted:
    """A new event for the log."""

    type: str
    subject: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CaseStarted:
    """A case of another process is to start, by an event of the log; `take` says what of its data comes back."""

    link: UUID
    case_id: UUID
    step: str
    branch: str
    process: str
    type: str
    key: str
    subject_type: str
    subject: str
    data: Mapping[str, object]
    actor: str
    take: Mapping[str, str]
    detached: bool = False


@dataclass(frozen=True, slots=True)
class CaseCancelled:
    """A case that was started from this one is no longer waited for, and is to end."""

    link: UUID
    process: str
    key: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class CaseMoved:
    """What came of moving a case to another version of its process: moved | stayed | undone | kept, and why."""

    migration: UUID
    case_id: UUID
    status: str
    why: str
    at: datetime


class RecordChanged(NamedTuple):
    """A change of a business record: opaque here, written by the subject's port."""

    record: object


Effect = (
    TaskOpened
    | TasksClosed
    | TaskEscalated
    | TasksReassigned
    | TasksRaised
    | TasksDue
    | TimerSet
    | TimersCleared
    | ApprovalSaved
    | CommandIssued
    | EventEmitted
    | CaseStarted
    | CaseCancelled
    | CaseMoved
    | RecordChanged
)


class Advance(NamedTuple):
    """What one event did to one case: the new state, the effects in order, the decisions, and one audit entry."""

    case: Case
    effects: tuple[Effect, ...]
    decisions: tuple[DecisionDraft, ...]
    audit: AuditDraft
