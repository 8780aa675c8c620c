"""Erasures, legal holds and retention as asked for and shown."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Code, Instant, LongText, Text, whole


class Sought(Body):
    """Whose personal data: of an order, a case, a partner, or wherever a value is exactly this text (`person`)."""

    kind: Literal["order", "case", "partner", "person"]
    sought: Text = Field(min_length=1)


class FoundView(Shape):
    """How many events and entries have personal values of them, and how many of these a legal hold keeps."""

    count: int
    held: int
    held_subjects: list[str]


class AskErasure(Sought):
    """With the reason; it is kept, so do not name the person in it."""

    reason: LongText = Field(min_length=3)


class ErasureView(Shape):
    """A request to erase. `sought` is empty once a request about a person is decided."""

    id: UUID
    kind: Literal["order", "case", "partner", "person"]
    sought: str
    reason: str
    status: Literal["open", "done", "refused"]
    requested_by: str
    requested_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    erased: int


class ErasureList(Shape):
    """Newest first."""

    items: list[ErasureView]


class DecideErasure(Body):
    """Approve, which erases, or refuse; and why."""

    outcome: Literal["approve", "refuse"]
    because: LongText = Field(min_length=3)


class AskHold(Body):
    """What is to be kept; `subject` is empty for everything."""

    kind: Literal["everything", "order", "case", "partner"]
    subject: Text = ""
    reason: LongText = Field(min_length=3)


class LiftHold(Body):
    """Why it may be lifted."""

    because: LongText = Field(min_length=3)


class HoldView(Shape):
    """Nothing of its subject is erased or purged while it stands."""

    id: UUID
    kind: Literal["everything", "order", "case", "partner"]
    subject: str
    reason: str
    placed_by: str
    placed_at: Instant
    lifted_by: str | None
    lifted_at: Instant | None


class HoldList(Shape):
    """Newest first."""

    items: list[HoldView]


class RuleView(Shape):
    """How many days a class of data is kept; null is for ever. `default`: the tenant chose nothing else."""

    data_class: str
    title: str
    days: int | None
    default: bool


class RuleList(Shape):
    """Class by class."""

    items: list[RuleView]


class SetRule(Body):
    """How many days to keep a class; null is for ever."""

    data_class: Code
    days: Annotated[int, Field(ge=1, le=36_500), BeforeValidator(whole)] | None
