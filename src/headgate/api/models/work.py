"""Cases, tasks and approvals as shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import AuditLine, Body, LoggedEvent, Money, Shape, money
from headgate.api.parameters import Amount, Code, Digest, Instant, LongText, Text
from headgate.process import Approval, Vote
from headgate.process.core.changes import Replaced
from headgate.process.core.holding import MOST_SECONDS


class Step(Shape):
    """A role that must agree at a level. Steps of one level run side by side, levels one after the other."""

    level: int
    role: str
    quorum: int
    status: Literal["waiting", "open", "done", "skipped"]
    due_at: Instant | None
    escalate_to: str
    escalated: bool
    matrix_row: str = Field(description="The row of the approval matrix that asks for this step.")
    of_people: int = Field(
        default=0, description="How many are asked, where a rejection can be outvoted; 0: one rejection ends it."
    )
    veto: bool = Field(default=False, description="Whether the role may reject at any time while the request waits.")
    note: str = Field(default="", description="Why the step is not needed.")
    remind_hours: Amount | None = Field(default=None, description="Working hours between two reminders.")


class Ballot(Shape):
    """One person's word on one level."""

    level: int
    role: str
    principal: str
    on_behalf_of: str
    outcome: str
    justification: str
    edit: dict[str, Any] | None
    at: Instant
    event: int


class Change(Shape):
    """One value that differs; null on the side where it is not."""

    what: str
    before: str | None
    after: str | None


class ReplacedView(Shape):
    """The request that this one replaces, what differs, and who had agreed to the earlier one."""

    approval: UUID
    status: str
    requested_at: Instant
    changes: list[Change]
    agreed: list[Ballot]


class ApprovalView(Shape):
    """A request bound to the exact content asked for. Decide it with this `digest`."""

    approval: UUID
    case: UUID
    subject_type: str
    subject: str
    partner: str | None
    digest: str
    status: Literal["pending", "approved", "edited", "rejected", "returned", "voided", "expired"]
    requested_by: str
    requested_at: Instant
    expires_at: Instant = Field(description="When it lapses undecided. While paused, what it was before.")
    paused_at: Instant | None = Field(
        description="Since when its clocks stand still, while its stage waits for somebody outside."
    )
    decided_at: Instant | None
    stake: Money | None
    exceptions: list[str]
    summary: dict[str, Any] = Field(description="What the approver reads: who, how much, why, and the lines concerned.")
    steps: list[Step]
    votes: list[Ballot]
    ways: list[str] | None = Field(
        default=None,
        description="For whom the caller may decide now: `` for themselves, else a delegator. Empty when not at all.",
    )
    replaces: ReplacedView | None = Field(
        default=None, description="The request that a change ended, with what differs and who had agreed to it."
    )


class TaskView(Shape):
    """Work for a role."""

    task: UUID
    case: UUID
    kind: str
    title: str
    role: str
    also_role: str = Field(description="A second role that may act since the task is late.")
    level: int
    assignee: str | None
    status: str = "open"
    due_at: Instant | None
    created_at: Instant
    closed_at: Instant | None = None
    priority: int = Field(default=0, description="How far its case was escalated: 0 not, 1 to the first role above.")


class QueueItem(TaskView):
    """A task of the work queue with what it is about."""

    stake: Money | None
    partner: str | None
    process: str
    stage: str
    subject_type: str
    subject: str
    exceptions: list[str]
    sla_state: str
    approval: UUID | None
    requested_by: str | None
    expires_at: Instant | None


class QueueCounts(Shape):
    """How much waits, and the money at stake for the caller's roles, in the tenant's currency."""

    team: int
    mine: int
    unassigned: int
    overdue: int
    total: int
    stake: Amount


class Queue(Shape):
    """A page of the work queue."""

    items: list[QueueItem]
    next_cursor: str = ""
    counts: QueueCounts


class CaseLine(Shape):
    """A case in a list."""

    case: UUID
    process: str
    version: int
    subject_type: str
    subject: str
    partner: str | None
    stage: str
    status: Literal["open", "waiting", "closed"]
    outcome: str
    exceptions: list[str]
    owner_role: str
    stake: Money | None
    opened_at: Instant
    updated_at: Instant
    closed_at: Instant | None
    due_at: Instant | None
    warn_at: Instant | None
    sla_state: str


class Timer(Shape):
    """A running clock of a case."""

    name: str
    fire_at: Instant


class CaseView(CaseLine):
    """A case with its tasks, approvals and everything that happened to it."""

    data: dict[str, Any]
    tasks: list[TaskView]
    timers: list[Timer]
    approvals: list[ApprovalView]
    timeline: list[AuditLine]
    events: list[LoggedEvent]


class Decide(Body):
    """A decision on an approval. `digest` is that of the content the approver saw; `edit` goes with outcome edit.
    `hold_seconds` holds it so long before it counts, so that it can be undone."""

    outcome: Literal["approve", "edit", "reject", "return"]
    justification: LongText = Field(min_length=3)
    digest: Digest
    edit: dict[str, Any] | None = None
    on_behalf_of: str = Field(default="", max_length=200, pattern=r"^[^\u0000]*$")
    hold_seconds: int | None = Field(default=None, ge=1, le=MOST_SECONDS)


class Decided(Shape):
    """What came of a decision. `settled` is False when a worker is still applying it; look again then.

    One that is held has no event yet: `held` is its id, by which it can be undone until `due_at`, when it counts."""

    event: int | None
    settled: bool
    approval: ApprovalView
    case: CaseLine
    order_status: str | None = Field(default=None, description="The order's status, when the case is about an order.")
    held: UUID | None = None
    due_at: Instant | None = None


class Claim(Body):
    """Who takes the task: left out, the caller; `release` gives it back to its role. A `reason` is needed to hand on
    what a colleague has."""

    assignee: Code | None = None
    release: bool = False
    reason: Text = ""


class Claimed(Shape):
    """Who has the task now."""

    task: UUID
    assignee: str | None


def ballot(vote: Vote) -> Ballot:
    """A vote as shown."""
    return Ballot(
        level=vote.level,
        role=vote.step,
        principal=vote.principal,
        on_behalf_of=vote.on_behalf_of,
        outcome=vote.outcome,
        justification=vote.justification,
        edit=None if vote.edit is None else dict(vote.edit),
        at=vote.at,
        event=vote.event_seq,
    )


def _replaced(found: Replaced | None) -> ReplacedView | None:
    if found is None:
        return None
    return ReplacedView(
        approval=found.before.approval,
        status=found.before.status,
        requested_at=found.before.requested_at,
        changes=[Change.model_validate(each) for each in found.changes],
        agreed=[ballot(vote) for vote in found.agreed],
    )


def approval_view(
    approval: Approval, ways: tuple[str, ...] | None = None, replaces: Replaced | None = None
) -> ApprovalView:
    """An approval as shown."""
    return ApprovalView(
        approval=approval.approval,
        case=approval.case_id,
        subject_type=approval.subject_type,
        subject=approval.subject,
        partner=approval.partner,
        digest=approval.digest,
        status=approval.status,  # type: ignore[arg-type]
        requested_by=approval.requested_by,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        paused_at=approval.paused_at,
        decided_at=approval.decided_at,
        stake=money(approval.stake, approval.currency),
        exceptions=list(approval.exceptions),
        summary=dict(approval.summary),
        steps=[Step.model_validate(step) for step in approval.steps],
        votes=[ballot(vote) for vote in approval.votes],
        ways=None if ways is None else list(ways),
        replaces=_replaced(replaces),
    )


def with_stake(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a case, task or approval query with its money put together and its ids named."""
    stake: Decimal | None = row.get("stake")
    return {**row, "stake": money(stake, row.get("currency")), "case": row.get("case_id")}


def case_line(row: Mapping[str, Any]) -> CaseLine:
    """A case in a list."""
    return CaseLine.model_validate(with_stake(row))
