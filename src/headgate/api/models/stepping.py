"""Stepping into a case, finishing a task, and moving cases to another version."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Code, Instant, LongText, Text


class StepIn(Body):
    """What to do with a case by hand, and why."""

    kind: Literal["skip", "retry", "jump"]
    at: Text = Field(description="A branch of the case (`checks/credit`) or a step; for `jump` the stage to go to.")
    reason: LongText
    take_back: bool = Field(default=False, description="With `jump`: take back what the case has commanded.")


class SteppedIn(Shape):
    """`waiting`: a second person has to confirm it, since it passes over an approval. `entered`: it is in the log."""

    intervention: UUID
    case: UUID
    status: Literal["waiting", "entered", "turned_down"]
    event: int | None = Field(description="Position in the event log.")
    stage: str


class InterventionView(Shape):
    """What was asked for and has, or had, to be confirmed."""

    intervention: UUID
    kind: str
    at: str
    reason: str
    take_back: bool
    status: Literal["waiting", "confirmed", "turned_down", "withdrawn"]
    asked_by: str
    asked_at: Instant
    decided_by: str | None
    decided_at: Instant | None


class PlaceView(Shape):
    """Where a case waits: a branch, its step, and what went wrong there."""

    branch: str
    step: str
    kind: str
    status: Literal["waiting", "stuck"]
    why: str


class LinkedCase(Shape):
    """A case that this one started, or that started it. `case` is empty for one that has not begun."""

    case: UUID | None
    process: str
    subject_type: str
    subject: str
    step: str
    status: str
    outcome: str
    stage: str


class Standing(Shape):
    """Where a case stands in detail: its open branches, its cases, and what waits for a second person."""

    branches: list[PlaceView]
    children: list[LinkedCase]
    parents: list[LinkedCase]
    interventions: list[InterventionView]


class Complete(Body):
    """A task is done. `outputs` is what its step keeps with the case."""

    note: LongText = ""
    outputs: dict[Code, Text | bool | None] = Field(default_factory=dict, max_length=50)


class Completed(Shape):
    """A task that is done, and the event that says so."""

    task: UUID
    event: int


class ProcessVersion(Shape):
    """One version of a process."""

    process: str
    version: int
    title: str
    status: str
    author: str
    pack: str
    valid_from: Instant | None
    valid_until: Instant | None


class DifferenceView(Shape):
    """One difference between two versions."""

    where: str
    kind: Literal["added", "removed", "changed"]
    what: str


class Move(Body):
    """To which version cases are to be moved; `stages` and `data` by old name, `keep` what is kept though unknown."""

    to: int = Field(ge=1, le=1_000_000)
    from_version: int | None = Field(default=None, ge=1, le=1_000_000, description="Only the cases of this version.")
    stages: dict[Code, Code] = Field(default_factory=dict, max_length=200)
    data: dict[Code, Code] = Field(default_factory=dict, max_length=500)
    keep: list[Code] = Field(default_factory=list, max_length=500)


class StartMove(Move):
    """Move them, and why."""

    reason: LongText


class MovedCase(Shape):
    """One case of a group."""

    case: UUID
    subject: str
    open: list[str]
    notes: list[str]


class MoveGroup(Shape):
    """Cases that go the same way, or stay for the same reason; `cases` are the first hundred of them."""

    from_version: int
    from_stage: str
    to_stage: str
    why: str
    count: int
    cases: list[MovedCase]


class RehearsalView(Shape):
    """What moving would do. Nothing was changed."""

    process: str
    to: int
    movable: int
    staying: int
    groups: list[MoveGroup]


class MigrationView(Shape):
    """How far a migration is: cases by status, how many are left to queue, and the commonest reasons to stay."""

    migration: UUID
    process: str
    to: int
    status: Literal["running", "queued", "undoing", "undone"]
    reason: str
    counts: dict[str, int]
    left: int
    reasons: list[dict[str, Any]]
