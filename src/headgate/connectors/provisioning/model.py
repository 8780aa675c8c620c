"""Targets, links, runs and steps as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from headgate.connectors.provisioning.core.model import Leavers, MatchBy
from headgate.connectors.provisioning.core.words import Abilities, told

Status = Literal["active", "paused"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is provisioned. `people` staff: the tenant's own, with one of `roles` where any are named; partners: people
    of partners, of one where `partner` is named; groups: members of the `groups` of the identity provider."""

    people: Literal["staff", "partners", "groups"] = "staff"
    roles: tuple[str, ...] = ()
    partner: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvisioningTarget:
    """An outside system that gets our people. `groups` are names of groups by role; the token is never shown."""

    id: UUID
    name: str
    url: str
    scope: Scope
    groups: Mapping[str, str]
    match_by: MatchBy
    leavers: Leavers
    every_minutes: int
    most_leaving: int
    most_leaving_percent: int
    status: Status
    version: int
    abilities: Abilities | None
    checked_at: datetime | None
    check_error: str
    seen: str
    next_at: datetime | None
    not_before: datetime | None
    failures: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class KeptLink:
    """Which account there is whose here, and how it fared."""

    resource: Literal["user", "group"]
    local: str
    remote_id: str
    made: bool
    active: bool
    ignored: Mapping[str, str]
    synced_at: datetime | None
    error: str
    error_at: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class Run:
    """One preview or run."""

    id: UUID
    target: UUID
    kind: Literal["preview", "run"]
    cause: str
    status: Literal["queued", "running", "done", "partly", "held", "failed", "cancelled"]
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    not_before: datetime | None
    attempts: int
    chosen: tuple[str, ...]
    confirmed: tuple[str, ...]
    steps: int
    steps_done: int
    steps_failed: int
    people: int
    leaving: int
    orphans: int
    complete: bool
    error: str

    @property
    def under_way(self) -> bool:
        """Whether it waits or is being done."""
        return self.status in ("queued", "running")


@dataclass(frozen=True, slots=True)
class RunStep:
    """One step of a run, or an orphan that it saw."""

    place: int
    verb: str
    resource: Literal["user", "group"]
    local: str
    remote_id: str
    name: str
    detail: Mapping[str, Any]
    status: Literal["planned", "done", "failed"]
    error: str
    proof: Mapping[str, Any]
    at: datetime | None

    @property
    def reason(self) -> str:
        """Why it is a step at all, where that needs a word."""
        return told(self.detail.get("reason", {}))


def target_of(row: tuple[Any, ...]) -> ProvisioningTarget:
    """A row of the target queries."""
    id, name, url, scope, groups, match_by, leavers, every, most, percent, status, version, abilities, *rest = row
    checked_at, check_error, *rest = rest
    return ProvisioningTarget(
        id,
        name,
        url,
        Scope(scope["people"], tuple(scope["roles"]), scope["partner"], tuple(scope["groups"])),
        groups,
        match_by,
        leavers,
        every,
        most,
        percent,
        status,
        version,
        None if abilities is None else Abilities(**abilities),
        checked_at,
        told(check_error),
        *rest,
    )


def link_of(row: tuple[Any, ...]) -> KeptLink:
    """A row of the link queries."""
    resource, local, remote, made, active, ignored, synced, error, at, failures = row
    return KeptLink(resource, local, remote or "", made, active, ignored, synced, told(error), at, failures)


def run_of(row: tuple[Any, ...]) -> Run:
    """A row of the run queries."""
    made: Any = Run
    *head, chosen, confirmed, steps, done, failed, people, leaving, orphans, complete, error = row
    counts = (steps, done, failed, people, leaving, orphans)
    found: Run = made(*head, tuple(chosen), tuple(confirmed), *counts, complete, told(error))
    return found


def step_of(row: tuple[Any, ...]) -> RunStep:
    """A row of the step queries."""
    made: Any = RunStep
    *head, error, proof, at = row
    found: RunStep = made(*head, told(error), proof, at)
    return found
