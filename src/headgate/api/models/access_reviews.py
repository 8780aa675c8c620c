"""Reviews of access as asked for and as shown."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from headgate.access.reviews import MOST_AT_ONCE, Review, ReviewItem
from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Code, Instant, whole

Person = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]
Number = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(whole)]
Why = Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"^[^\u0000]*$")]
Scope = Literal["all", "staff", "partners", "role"]


class OpenReview(Body):
    """What is reviewed, by whom, and until when."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\u0000]*$")]
    scope: Scope = "all"
    role: Code | None = Field(default=None, description="With the scope `role`: which one.")
    reviewers: list[Person] = Field(min_length=1, max_length=50, description="Principal ids of who decides.")
    due_at: Instant = Field(description="The moment from which the review is overdue.")


class SetReviewers(Body):
    """Who decides in a review from now on, in place of who did."""

    reviewers: list[Person] = Field(min_length=1, max_length=50, description="Principal ids.")


class DecideGrants(Body):
    """Grants of a review, by number, and what becomes of them: all of them or none."""

    items: list[Number] = Field(min_length=1, max_length=MOST_AT_ONCE)
    decision: Literal["keep", "revoke"]
    reason: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\u0000]*$")] = Field(
        default="", description="Needed to revoke, and to keep a conflict that nothing keeps watch over."
    )


class CloseReview(Body):
    """Why a review is closed; kept with it and in the audit chain."""

    statement: Why


class ReviewView(Shape):
    """A review and how far it is. `digest` is that of the content that was signed; empty before."""

    id: UUID
    title: str
    scope: Scope
    role: str
    reviewers: list[str]
    status: Literal["open", "signed", "cancelled"]
    overdue: bool
    opened_by: str
    opened_at: Instant
    due_at: Instant
    matrix_version: int
    listed: int
    undecided: int
    kept: int
    revoked: int
    unwatched_conflicts: int = Field(description="Grants with a conflict that nothing keeps watch over.")
    closed_by: str | None
    closed_at: Instant | None
    statement: str
    digest: str


class ReviewConflictView(Shape):
    """A rule of the matrix of duties that a grant breaks, and what keeps watch; an empty control is nothing."""

    first: str
    second: str
    reason: str
    beside: str = Field(description="The role with which it breaks the rule.")
    control: str
    until: str


class ReviewGrantView(Shape):
    """A grant as it stood when the review was opened, what was decided, and how it stands `now`."""

    item: int
    principal: str
    kind: str
    name: str
    partner: str | None
    account: str
    role: str
    granted_by: str
    granted_at: Instant
    valid_from: Instant | None
    valid_until: Instant | None
    last_used: Instant | None = Field(description="Of sessions and keys still known.")
    conflicts: list[ReviewConflictView]
    decision: Literal["", "keep", "revoke"]
    reason: str
    outcome: Literal["", "removed", "gone"]
    decided_by: str | None
    decided_at: Instant | None
    now: Literal["as_listed", "changed", "gone"]


class DecidedGrants(Shape):
    """The grants after a decision."""

    items: list[ReviewGrantView]


def review_view(found: Review, now: Instant) -> ReviewView:
    """A review as shown at this moment."""
    return ReviewView(
        id=found.id,
        title=found.title,
        scope=found.scope,  # type: ignore[arg-type]  # the database holds no other
        role=found.role,
        reviewers=list(found.reviewers),
        status=found.status,  # type: ignore[arg-type]  # the database holds no other
        overdue=found.overdue(now),
        opened_by=found.opened_by,
        opened_at=found.opened_at,
        due_at=found.due_at,
        matrix_version=found.matrix,
        listed=found.progress.listed,
        undecided=found.progress.open,
        kept=found.progress.kept,
        revoked=found.progress.revoked,
        unwatched_conflicts=found.progress.conflicts,
        closed_by=found.closed_by,
        closed_at=found.closed_at,
        statement=found.statement,
        digest=(found.digest or b"").hex(),
    )


def grant_view(found: ReviewItem) -> ReviewGrantView:
    """A grant of a review as shown."""
    return ReviewGrantView.model_validate(found)
