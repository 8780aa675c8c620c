"""Tenants below one's own as asked for and as shown."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from headgate.access.tenancy import QUOTAS, Deletion, TenantBelow
from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Instant, whole
from headgate.identity.founding import NewClient

_TEXT = r"^[^\u0000]*$"
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
Why = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_TEXT)]
Kind = Literal["provider", "client"]
Most = Annotated[int, Field(ge=0, le=10**12), BeforeValidator(whole)]


class Administrator(Body):
    """Who runs the new tenant first; a link to choose a password is mailed to them alone."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=_TEXT)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_TEXT)]


class CreateTenant(Body):
    """A tenant right below the caller's."""

    slug: Slug = Field(description="Short name, unique in this installation.")
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_TEXT)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(description="ISO 4217; never changes.")
    timezone: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_TEXT)] = Field(
        description="IANA name such as Europe/Berlin."
    )
    kind: Kind = "client"
    residency: Annotated[str, StringConstraints(max_length=20, pattern=_TEXT)] = Field(
        default="", description="Label of where its data may be; empty: that of this installation."
    )
    packs: list[Literal["order_governance", "channel_revenue"]] = Field(default=["order_governance"], max_length=2)
    administrator: Administrator | None = None

    def wanted(self) -> NewClient:
        """What shall be made."""
        who = self.administrator
        return NewClient(
            self.slug,
            self.name,
            self.currency,
            self.timezone,
            self.kind,
            self.residency,
            tuple(dict.fromkeys(self.packs)),
            (who.email, who.name) if who else None,
        )


class TenantReason(Body):
    """Why; it is kept in both audit chains, and people of the tenant read it."""

    reason: Why


class PlaceTenant(Body):
    """Where a tenant stands within the caller's tree."""

    kind: Kind
    parent: Slug = Field(description="Short name of the tenant above: the caller's own, or one below it.")


class SetQuotas(Body):
    """What a tenant may use; null lifts a limit, what is not named stays."""

    quotas: dict[str, Most | None] = Field(min_length=1, max_length=20, description=f"By name: {', '.join(QUOTAS)}.")


class DeletionView(Shape):
    """A deletion that was asked for. Once somebody else has confirmed it, it is carried out after `not_before`."""

    reason: str
    asked_by: str
    asked_at: Instant
    confirmed_by: str | None
    confirmed_at: Instant | None
    not_before: Instant | None


class TenantView(Shape):
    """A tenant below the caller's, as set up: nothing of its business."""

    id: UUID
    slug: str
    name: str
    kind: Kind
    status: Literal["active", "suspended", "deleting"]
    status_reason: str
    status_at: Instant | None
    parent: str = Field(description="Short name of the tenant above.")
    depth: int = Field(description="1 is right below the caller's.")
    residency: str
    currency: str
    created_at: Instant
    quotas: dict[str, int]
    deletion: DeletionView | None = Field(
        default=None, description="Only where one tenant is read or was acted on: the deletion that was asked for."
    )


class UmbrellaView(Shape):
    """Sums of one tenant below; amounts in its own currency, which are not added up."""

    slug: str
    name: str
    depth: int
    status: Literal["active", "suspended", "deleting"]
    currency: str
    orders: int = Field(description="Placed within the days asked for.")
    order_value: Amount
    decided: int = Field(description="Of those orders.")
    straight: int = Field(description="Of the decided ones: neither rejected nor with an approval asked for them.")
    held: int = Field(description="Orders held or returned now.")
    held_value: Amount
    cases_open: int
    cases_late: int
    approvals_waiting: int
    events_waiting: int
    people: int
    partners: int


def tenant_view(found: TenantBelow, parents: dict[UUID, str], deletion: Deletion | None = None) -> TenantView:
    """A tenant as shown. `parents` are the short names of the tenants that it may be below."""
    return TenantView(
        id=found.id,
        slug=found.slug,
        name=found.name,
        kind=found.kind,  # type: ignore[arg-type]  # the database holds no other below another tenant
        status=found.status,  # type: ignore[arg-type]  # the database holds no other
        status_reason=found.status_reason,
        status_at=found.status_at,
        parent=parents.get(found.parent, ""),
        depth=found.depth,
        residency=found.residency,
        currency=found.currency,
        created_at=found.created_at,
        quotas=found.quotas,
        deletion=None if deletion is None else DeletionView.model_validate(deletion),
    )
