"""Targets of provisioning, runs and steps as shown, and what can be said about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Instant, Text
from headgate.connectors import provisioning
from headgate.connectors.provisioning import ProvisioningTarget, Run, RunStep, Scope, Standing, TargetDraft

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000), Field(examples=["https://crm.example/scim/v2"])]
Token = Annotated[
    str,
    StringConstraints(min_length=1, max_length=3900),
    Field(description="What the system gave for SCIM; kept sealed, never shown."),
]
Roles = Annotated[list[Text], Field(max_length=100)]
Minutes = Annotated[int, Field(ge=0, le=10080, description="0: only when somebody asks; otherwise 15 to 10080.")]


class ScopeBody(Body):
    """Who is provisioned."""

    people: Literal["staff", "partners", "groups"] = "staff"
    roles: Roles = Field(default=[], description="Only people with one of these; empty: all.")
    partner: Text = Field(default="", description="With partners: people of this one only.")
    groups: Roles = Field(default=[], description="With groups: groups that the identity provider keeps here.")


class NewProvisioningTarget(Body):
    """An outside system to be registered."""

    name: Name
    url: Url
    token: Token
    scope: ScopeBody = ScopeBody()
    groups: dict[str, Text] = Field(default={}, max_length=100, description="Roles that become groups, with names.")
    match_by: Literal["user_name", "email"] = "user_name"
    leavers: Literal["deactivate", "delete"] = "deactivate"
    every_minutes: Minutes = 60
    most_leaving: Annotated[int, Field(ge=1, le=1000)] = 10
    most_leaving_percent: Annotated[int, Field(ge=1, le=100)] = 20

    def draft(self) -> TargetDraft:
        """What was chosen."""
        chosen = self.model_dump(exclude={"token", "scope"})
        return TargetDraft(**chosen, scope=scope_of(self.scope))


class ChangeProvisioningTarget(Body):
    """What is to be changed; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    scope: ScopeBody | None = None
    groups: dict[str, Text] | None = Field(default=None, max_length=100)
    match_by: Literal["user_name", "email"] | None = None
    leavers: Literal["deactivate", "delete"] | None = None
    every_minutes: Minutes | None = None
    most_leaving: Annotated[int, Field(ge=1, le=1000)] | None = None
    most_leaving_percent: Annotated[int, Field(ge=1, le=100)] | None = None

    def changes(self) -> dict[str, Any]:
        """What was named."""
        given = {k: v for k, v in self.model_dump(exclude={"scope"}).items() if v is not None}
        return given | ({} if self.scope is None else {"scope": scope_of(self.scope)})


class SetProvisioningToken(Body):
    """Another token."""

    token: Token


class SetProvisioningStatus(Body):
    """On or off."""

    status: Literal["active", "paused"]


class AskRun(Body):
    """A preview plans and changes nothing; a run brings the system up to date."""

    kind: Literal["preview", "run"] = "run"


class EndOrphans(Body):
    """Accounts over there that are to be deactivated, from the orphans that the newest run saw."""

    remote_ids: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=500)]], Field(min_length=1)]


class Nothing(Body):
    """Nothing needs to be said."""


class ScopeView(Shape):
    """Who is provisioned."""

    people: Literal["staff", "partners", "groups"]
    roles: list[str]
    partner: str
    groups: list[str]


class FindingView(Shape):
    """What the system can or cannot, and what Headgate does without."""

    able: bool
    text: str


class RunView(Shape):
    """A preview or run."""

    run: UUID
    target: UUID
    kind: Literal["preview", "run"]
    cause: str
    status: Literal["queued", "running", "done", "partly", "held", "failed", "cancelled"]
    asked_by: str
    asked_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    not_before: Instant | None
    steps: int
    steps_done: int
    steps_failed: int
    people: int = Field(description="How many should have an account.")
    leaving: int = Field(description="How many accounts end with it.")
    orphans: int
    complete: bool = Field(description="Whether all of the other side was read; only then are there orphans.")
    error: str


class ProvisioningTargetView(Shape):
    """An outside system that gets our people. The token is never shown."""

    target: UUID
    name: str
    url: str
    status: Literal["active", "paused"]
    scope: ScopeView
    groups: dict[str, str]
    match_by: str
    leavers: str
    every_minutes: int
    most_leaving: int
    most_leaving_percent: int
    accounts: int
    group_links: int
    parked: int
    findings: list[FindingView]
    checked_at: Instant | None
    check_error: str
    next_at: Instant | None
    not_before: Instant | None
    last_run: RunView | None
    created_at: Instant
    created_by: str


class ChangeView(Shape):
    """One attribute, before and after."""

    attribute: str
    before: str
    after: str


class StepView(Shape):
    """One step of a run."""

    place: int
    verb: str
    resource: Literal["user", "group"]
    whose: str = Field(description="The person or role here; empty for an orphan.")
    remote_id: str
    name: str
    changes: list[ChangeView]
    joins: list[str]
    leaves: list[str]
    reason: str
    status: Literal["planned", "done", "failed"]
    error: str
    proof: dict[str, Any] = Field(description="What was read back afterwards.")
    at: Instant | None


class OrphanView(Shape):
    """An account over there that belongs to nobody here who should have one."""

    place: int
    remote_id: str
    user_name: str
    name: str
    active: bool


class ParkedView(Shape):
    """An account or group that went wrong and is tried again with the next run."""

    resource: Literal["user", "group"]
    whose: str
    remote_id: str
    error: str
    since: Instant | None
    failures: int


def scope_of(body: ScopeBody) -> Scope:
    """A scope as the service takes it."""
    return Scope(body.people, tuple(body.roles), body.partner, tuple(body.groups))


def target_view(target: ProvisioningTarget, standing: Standing, last: Run | None) -> ProvisioningTargetView:
    """A target with how it stands."""
    plain = {name: getattr(target, name) for name in _TARGET}
    scope = target.scope
    found = () if target.abilities is None else provisioning.findings(target.abilities)
    return ProvisioningTargetView(
        **plain,
        target=target.id,
        scope=ScopeView(people=scope.people, roles=[*scope.roles], partner=scope.partner, groups=[*scope.groups]),
        groups=dict(target.groups),
        accounts=standing.accounts,
        group_links=standing.groups,
        parked=standing.parked,
        findings=[FindingView(able=each.able, text=str(each.text)) for each in found],
        last_run=None if last is None else run_view(last),
    )


def run_view(run: Run) -> RunView:
    """A run as shown."""
    plain = {name: getattr(run, name) for name in RunView.model_fields if name != "run"}
    return RunView(run=run.id, **plain)


def step_view(step: RunStep) -> StepView:
    """A step as shown."""
    detail = step.detail
    changes = [ChangeView(attribute=a, before=b, after=c) for a, b, c in detail.get("changes", [])]
    plain = {name: getattr(step, name) for name in _STEP}
    return StepView(
        **plain,
        whose=step.local,
        changes=changes,
        joins=list(detail.get("joins", [])),
        leaves=list(detail.get("leaves", [])),
        proof=_plain(step.proof),
    )


def orphan_view(step: RunStep) -> OrphanView:
    """An orphan as shown."""
    detail = step.detail
    return OrphanView(
        place=step.place,
        remote_id=step.remote_id,
        user_name=str(detail.get("user_name", "")),
        name=step.name,
        active=bool(detail.get("active")),
    )


def parked_view(link: provisioning.KeptLink) -> ParkedView:
    """What is parked, as shown."""
    return ParkedView(
        resource=link.resource,
        whose=link.local,
        remote_id=link.remote_id,
        error=link.error,
        since=link.error_at,
        failures=link.failures,
    )


def _plain(proof: Mapping[str, Any]) -> dict[str, Any]:
    return dict(proof)


_TARGET = (
    "name",
    "url",
    "status",
    "match_by",
    "leavers",
    "every_minutes",
    "most_leaving",
    "most_leaving_percent",
    "checked_at",
    "check_error",
    "next_at",
    "not_before",
    "created_at",
    "created_by",
)
_STEP = ("place", "verb", "resource", "remote_id", "name", "reason", "status", "error", "at")
