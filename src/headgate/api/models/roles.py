"""Roles, the matrix of duties and mitigations as asked for and as shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.access import CustomRole, MatrixVersion, Mitigation
from headgate.access.core.duties import Rule
from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Code, Instant

_NO_NUL = r"^[^\u0000]*$"
Person = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_NO_NUL)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_NO_NUL)]


class Permission(Shape):
    """Something that can be allowed. `own_roles`: whether a role of the tenant's own may hold it."""

    permission: str
    words: str
    group: str
    own_roles: bool


class RoleView(Shape):
    """A role. `permissions` are in force; `wanted` are those it will have once somebody confirms it."""

    role: str
    title: str
    description: str
    shipped: bool
    status: Literal["proposed", "active", "retired"]
    permissions: list[str]
    wanted: list[str]
    holders: int = Field(description="How many hold it now or will.")
    revision: int
    changed_by: str | None
    changed_at: Instant | None
    confirmed_by: str | None


class SaveRole(Body):
    """A role of the tenant's own as it shall be."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_NO_NUL)]
    description: Line
    permissions: list[Code] = Field(min_length=1, max_length=100)


class Confirm(Body):
    """Nothing to say."""


class DutyRule(Body):
    """Two permissions that must not meet in one person, nor on one thing."""

    first: Code
    second: Code
    reason: Line


class DutyRuleView(Shape):
    """A rule of the matrix."""

    first: str
    second: str
    reason: str


class MatrixVersionView(Shape):
    """A version of the matrix as proposed and decided."""

    version: int
    status: Literal["proposed", "active", "superseded", "rejected"]
    note: str
    rules: list[DutyRuleView]
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None
    decided_at: Instant | None


class DutiesView(Shape):
    """The matrix in force (version 0 is the shipped one) and the tenant's own versions, newest first."""

    version: int
    rules: list[DutyRuleView]
    versions: list[MatrixVersionView]


class ProposeMatrix(Body):
    """All rules of the next version, and why."""

    rules: list[DutyRule] = Field(max_length=200)
    note: Note


class DecideMatrix(Body):
    """Whether a proposed version comes into force."""

    outcome: Literal["approve", "reject"]
    reason: Annotated[str, StringConstraints(max_length=500, pattern=_NO_NUL)] = ""


class AskMitigation(Body):
    """Who may hold which two duties until when, and what keeps watch meanwhile."""

    principal: Person
    first: Code
    second: Code
    control: Annotated[str, StringConstraints(min_length=20, max_length=500, pattern=_NO_NUL)]
    valid_until: Instant


class MitigationView(Shape):
    """What keeps watch while one person holds both halves of a rule."""

    id: UUID
    principal: str
    first: str
    second: str
    control: str
    status: Literal["proposed", "in_force", "over", "ended"]
    valid_from: Instant
    valid_until: Instant
    asked_by: str
    asked_at: Instant
    approved_by: str | None
    approved_at: Instant | None
    ended_by: str | None
    ended_at: Instant | None


def shipped_view(role: str, title: str, permissions: frozenset[str], holders: int) -> RoleView:
    """A shipped role as shown."""
    held = sorted(permissions)
    return RoleView(
        role=role,
        title=title,
        description="",
        shipped=True,
        status="active",
        permissions=held,
        wanted=held,
        holders=holders,
        revision=0,
        changed_by=None,
        changed_at=None,
        confirmed_by=None,
    )


def role_view(found: CustomRole, holders: int) -> RoleView:
    """A role of the tenant's own as shown."""
    return RoleView.model_validate(
        {
            "role": found.role,
            "title": found.title,
            "description": found.description,
            "shipped": False,
            "status": found.status,
            "permissions": sorted(found.permissions),
            "wanted": sorted(found.wanted),
            "holders": holders,
            "revision": found.revision,
            "changed_by": found.changed_by,
            "changed_at": found.changed_at,
            "confirmed_by": found.confirmed_by,
        }
    )


def rule_view(rule: Rule) -> DutyRuleView:
    """A rule as shown."""
    return DutyRuleView(first=rule.first, second=rule.second, reason=rule.reason)


def version_view(found: MatrixVersion) -> MatrixVersionView:
    """A version of the matrix as shown."""
    return MatrixVersionView.model_validate(
        {
            "version": found.version,
            "status": found.status,
            "note": found.note,
            "rules": [rule_view(rule) for rule in found.rules],
            "proposed_by": found.proposed_by,
            "proposed_at": found.proposed_at,
            "decided_by": found.approved_by,
            "decided_at": found.approved_at,
        }
    )


def mitigation_view(found: Mitigation, now: datetime) -> MitigationView:
    """A mitigation as shown at this moment."""
    fields = [name for name in MitigationView.model_fields if name != "status"]
    return MitigationView.model_validate(
        {name: getattr(found, name) for name in fields} | {"status": found.status(now)}
    )
