"""Events, audit and quarantine as shown."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from headgate.api.models.common import AuditLine, Body, FieldView, Money, Shape
from headgate.api.parameters import Code, Instant, LongText, Text


class Accepted(Shape):
    """An event that is durable in the log. `seq` is its place; a duplicate has the place of the first."""

    id: str
    seq: int
    status: Literal["new", "duplicate"]


class AcceptedEvents(Shape):
    """One answer per event, in the order sent."""

    events: list[Accepted]


class AuditDetail(AuditLine):
    """An audit entry with what is needed to check it without Headgate."""

    text: str = Field(description="The canonical JSON that `hash` was taken over.")
    inclusion: Inclusion | None


class Inclusion(Shape):
    """That the entry is among `size` consecutive ones, from `first` on: the path of RFC 9162 to `root`, in hex."""

    first: int
    size: int
    index: int
    path: list[str]
    root: str


class Verify(Body):
    """`deep`: also every event's digest and every decision's."""

    deep: bool = True


class FindingView(Shape):
    """Something that is not as it was written."""

    where: str
    seq: int
    reason: str
    expected: str
    found: str


class Verification(Shape):
    """What was checked, and what was found."""

    ok: bool
    entries: int
    events: int
    contents: dict[str, int]
    head_seq: int
    head_hash: str
    bad_count: int
    findings: list[FindingView] = Field(description="The first hundred.")


class QuarantinedView(Shape):
    """A row or an event that could not be taken, with its reason, until someone mends or drops it."""

    id: UUID
    kind: Literal["row", "event"]
    source: str
    file: str
    row_number: int | None
    event: int | None
    reason: str
    problems: list[FieldView]
    amount: Money | None
    status: Literal["open", "replayed", "dismissed"]
    created_at: Instant
    resolved_at: Instant | None
    resolved_by: str | None


class QuarantinedDetail(QuarantinedView):
    """With the text as it came."""

    raw: str


class Replay(Body):
    """What to mend first: `data` of an event, new text for columns of a row; nothing, when the records were mended."""

    data: dict[str, Any] | None = None
    fix: dict[Code, Text] | None = Field(default=None, max_length=200)


class Replayed(Shape):
    """The event that it became."""

    id: UUID
    event_id: str
    type: str
    subject: str


class Dismiss(Body):
    """Why it may be dropped."""

    reason: LongText = Field(min_length=3)


AuditDetail.model_rebuild()
