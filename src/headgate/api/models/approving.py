"""Approvals beyond one decision: who would be asked, what changed since it was asked last, many at once."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import Body, Money, Shape
from headgate.api.models.work import ApprovalView, Step
from headgate.api.parameters import Code, Digest, Instant, LongText, PositiveAmount
from headgate.process.core.foresee import Foreseen
from headgate.process.core.holding import MOST_SECONDS
from headgate.process.holding import Held
from headgate.process.preview import Preview


class Ask(Body):
    """What to try on an approval matrix. Nothing is written, and nobody is told."""

    policy: Code = Field(default="approval_matrix", description="The matrix; the version in force is asked.")
    asks: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=50,
        description="One set of inputs of the matrix per exception.",
        examples=[[{"exception": "price_deviation", "stake": "6000", "deviation_pct": "12", "margin_pct": "9"}]],
    )
    requested_by: str = Field(default="", max_length=200, pattern=r"^[^\u0000]*$")
    barred: list[str] = Field(default=[], max_length=50, description="Others who had a hand in asking.")
    stake: PositiveAmount | None = Field(default=None, description="Left out, the sum of the asks' stakes.")
    summary: dict[str, Any] = Field(default={}, description="What the approver would read; conditions look at it.")


class Candidate(Shape):
    """Somebody who may decide a step. `away`: who decides for them while they are away."""

    principal: str
    on_behalf_of: str
    via: list[str]
    away: list[str]


class LeftOut(Shape):
    """Somebody of the role who may not decide, and why."""

    principal: str
    on_behalf_of: str
    why: str


class PathStep(Step):
    """A step with its people. `enough` is False where its quorum cannot be reached."""

    people: list[Candidate]
    left_out: list[LeftOut]
    enough: bool
    because: list[str] = Field(description="The reasons of the matrix rows that ask for it.")


class ApprovalPath(Shape):
    """Who would be asked, in which order, and why."""

    policy: str
    version: int
    digest: str = Field(description="SHA-256 of the matrix's text.")
    rows: list[str]
    expires_at: Instant
    steps: list[PathStep]


class People(Shape):
    """Who can decide each step of an approval, by the roles and delegations in force now."""

    approval: UUID
    steps: list[PathStep]


class OneDecision(Body):
    """An approval and the digest of the content that its approver saw."""

    approval: UUID = Field(strict=False)
    digest: Digest
    on_behalf_of: str = Field(default="", max_length=200, pattern=r"^[^\u0000]*$")


class DecideMany(Body):
    """One decision on many approvals. `check_only` tells what would become of each, and decides nothing;
    `hold_seconds` holds it so long before it counts, so that it can be undone."""

    items: list[OneDecision] = Field(min_length=1, max_length=100)
    outcome: Literal["approve", "reject", "return"]
    justification: LongText = Field(min_length=3)
    check_only: bool = False
    hold_seconds: int | None = Field(default=None, ge=1, le=MOST_SECONDS)


class OneDecided(Shape):
    """What became of one: `decided` with the approval as it is now, `checked` (it can be decided), `held` (it counts
    when its time is over), or `refused`."""

    approval: UUID
    result: Literal["decided", "waiting", "checked", "held", "refused"]
    problem: str = ""
    detail: str = ""
    stake: Money | None = None
    view: ApprovalView | None = None


class ManyDecided(Shape):
    """What became of each, in the order asked. `stake` sums what was or can be decided, in the tenant's currency;
    `held` is the held decision, where one was asked for."""

    items: list[OneDecided]
    decided: int
    refused: int
    stake: Money | None
    held: UUID | None = None


class HeldOne(Shape):
    """One approval of a held decision. `event`: where it stands in the log; `problem` and `detail`: why it was refused.
    One that is decided may still be refused when it is applied, where something else came in between."""

    approval: UUID
    digest: str
    on_behalf_of: str
    status: Literal["held", "undone", "decided", "refused"]
    event: int | None
    problem: str
    detail: str


class HeldView(Shape):
    """A decision that counts when it is due, and until then can be undone by who made it."""

    held: UUID
    outcome: str
    justification: str
    status: Literal["held", "undone", "carried_out", "given_up"]
    held_at: Instant
    due_at: Instant
    ended_at: Instant | None
    items: list[HeldOne]


class Undo(Body):
    """Nothing more to say."""


class HeldList(Shape):
    """One's own held decisions of the last week, newest first; at most 50."""

    items: list[HeldView]


def held_view(found: Held) -> HeldView:
    """A held decision as shown."""
    return HeldView(
        held=found.held,
        outcome=found.outcome,
        justification=found.justification,
        status=found.hold.status,
        held_at=found.held_at,
        due_at=found.due_at,
        ended_at=found.hold.ended_at,
        items=[
            HeldOne(
                approval=item.approval,
                digest=item.digest,
                on_behalf_of=item.on_behalf_of,
                status=item.status,
                event=item.event_seq,
                problem=item.problem,
                detail=str(item.reason or ""),
            )
            for item in found.items
        ],
    )


def path_steps(foreseen: tuple[Foreseen, ...], because: dict[str, str]) -> list[PathStep]:
    """Steps with their people; `because` gives the reason of each row of the matrix."""
    return [
        PathStep(
            **Step.model_validate(each.step).model_dump(),
            people=[Candidate.model_validate(p) for p in each.people],
            left_out=[LeftOut.model_validate(p) for p in each.left_out],
            enough=each.enough,
            because=[because[row] for row in each.step.matrix_row.split(", ") if row in because],
        )
        for each in foreseen
    ]


def path_view(found: Preview) -> ApprovalPath:
    """A preview as shown."""
    first = found.evaluations[0]
    because = {row: reason for e in found.evaluations for row, reason in zip(e.rows, e.reasons, strict=True)}
    return ApprovalPath(
        policy=first.policy,
        version=first.version,
        digest=first.ref.digest,
        rows=list(dict.fromkeys(row for e in found.evaluations for row in e.rows)),
        expires_at=found.expires_at,
        steps=path_steps(found.steps, because),
    )
