"""What is offered to tenants below, and what is inherited from those above."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.access.inheritance import Inherited, Offered
from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Instant, Version

Kind = Literal["policy", "role", "pack"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class NewOfferBody(Body):
    """What to offer to the tenants below: something that was approved here."""

    kind: Kind
    name: Name
    version: Version | None = Field(default=None, description="Of a policy; left out, the one in force.")
    locked: bool = Field(default=False, description="Whether those below may not put their own in its place.")
    effective_at: Instant | None = Field(default=None, description="From when it counts below; left out, at once.")


class OfferView(Shape):
    """An offer. It is open until it is withdrawn or a newer one of the same thing takes its place."""

    id: UUID
    kind: Kind
    name: str
    version: int
    title: str
    digest: str = Field(description="SHA-256 of the text as offered.")
    locked: bool
    effective_at: Instant
    author: str
    approver: str
    published_by: str
    published_at: Instant
    ended_by: str | None
    ended_at: Instant | None


class InheritedView(Shape):
    """Something that a tenant above offers, or offered, and how it stands here."""

    kind: Kind
    name: str
    title: str
    provider: str = Field(description="Short name of the tenant above.")
    provider_name: str
    version: int = Field(description="Of the newest offer, as numbered there.")
    digest: str
    locked: bool
    effective_at: Instant
    state: Literal["following", "overridden", "released"]
    taken_version: int | None = Field(description="The version there that was copied last.")
    local_version: int | None = Field(description="The number that copy has here.")
    problem: str = Field(description="Why the newest could not be copied; empty when all is well.")
    changed_by: str
    changed_at: Instant


def offer_view(found: Offered) -> OfferView:
    """An offer as shown."""
    return OfferView.model_validate(found)


def inherited_view(found: Inherited) -> InheritedView:
    """Something inherited as shown."""
    return InheritedView(
        kind=found.kind,
        name=found.name,
        title=found.title,
        provider=found.provider_slug,
        provider_name=found.provider_name,
        version=found.version,
        digest=found.digest,
        locked=found.locked,
        effective_at=found.effective_at,
        state=found.state,
        taken_version=found.taken_version,
        local_version=found.local_version,
        problem=found.problem,
        changed_by=found.changed_by,
        changed_at=found.changed_at,
    )
