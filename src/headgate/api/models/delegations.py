"""Delegations as asked for and as shown."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.access import Delegation
from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Code, Instant, PositiveAmount

Person = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]


class Delegate(Body):
    """Who decides for whom, in which roles, from when until when, and why."""

    delegator: Person | None = Field(default=None, description="Whose word is given; left out, the caller's.")
    delegate: Person = Field(description="Who gives it, by principal id.", examples=["user:dora@example.com"])
    roles: list[Code] = Field(min_length=1, max_length=20, description="Roles that the delegator holds themselves.")
    valid_from: Instant | None = Field(default=None, description="Left out, from now on.")
    valid_until: Instant = Field(description="The first moment at which it does not hold any more.")
    max_amount: PositiveAmount | None = Field(
        default=None, description="The most that may be at stake, in the tenant's currency; left out, no limit."
    )
    onward: bool = Field(default=False, description="Whether the delegate may pass the roles on to somebody else.")
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"^[^\u0000]*$")]


class Revoke(Body):
    """Ends a delegation at once; nothing to say."""


class DelegationView(Shape):
    """A delegation. `effective_roles` are those of its roles that the delegator holds at the moment."""

    id: UUID
    delegator: str
    delegate: str
    roles: list[str]
    effective_roles: list[str]
    valid_from: Instant
    valid_until: Instant
    max_amount: Amount | None
    onward: bool
    reason: str
    revoked_at: Instant | None
    in_force: bool


def delegation_view(found: Delegation, now: Instant) -> DelegationView:
    """A delegation as shown at this moment."""
    return DelegationView(
        id=found.id,
        delegator=found.delegator,
        delegate=found.delegate,
        roles=sorted(found.roles),
        effective_roles=sorted(found.effective_roles),
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        max_amount=found.max_amount,
        onward=found.onward,
        reason=found.reason,
        revoked_at=found.revoked_at,
        in_force=found.in_force(now),
    )
