"""Outside systems that get our people: the list, one of them, and one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import FormError, Option, Person, View


@dataclass(frozen=True, slots=True)
class RunRow:
    """A preview or run. `cause` is in words."""

    href: str
    kind: str
    cause: str
    status: str
    by: Person
    at: datetime
    finished_at: datetime | None
    steps: int
    done: int
    failed: int
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
class TargetRow:
    """A system in the list."""

    name: str
    url: str
    href: str
    state: str
    who: str
    accounts: int
    groups: int
    parked: int
    last: RunRow | None


@dataclass(frozen=True, slots=True)
class TargetForm:
    """What is chosen about a system, as typed. `groups`: by role, the name of the group there."""

    name: str = ""
    url: str = ""
    people: str = "staff"
    roles: tuple[str, ...] = ()
    partner: str = ""
    of_groups: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    match_by: str = "user_name"
    leavers: str = "deactivate"
    every: str = "60"
    most: str = "10"
    percent: str = "20"
    error: FormError | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fields of the form can be."""

    people: tuple[Option, ...]
    match_by: tuple[Option, ...]
    leavers: tuple[Option, ...]
    every: tuple[Option, ...]
    roles: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvisioningView(View):
    """All systems."""

    template: ClassVar[str] = "provisioning.html"
    nav: ClassVar[str] = "provisioning"

    targets: tuple[TargetRow, ...]
    may_write: bool
    full: bool
    form: TargetForm
    choices: Choices


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What the system can, or what Headgate does without."""

    able: bool
    text: str


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """An account or group that went wrong."""

    name: str
    resource: str
    error: str
    at: datetime | None
    times: int


@dataclass(frozen=True, slots=True)
class TargetView(View):
    """One system: how it stands, what it can, what went wrong, its runs, and its settings."""

    template: ClassVar[str] = "provisioning_target.html"
    nav: ClassVar[str] = "provisioning"
    parts: ClassVar[Mapping[str, str]] = {"progress": "provisioning_progress.html"}

    target: TargetRow
    here: str
    findings: tuple[FindingRow, ...]
    checked_at: datetime | None
    next_at: datetime | None
    not_before: datetime | None
    parked: tuple[ParkedRow, ...]
    runs: tuple[RunRow, ...]
    more: str
    may_write: bool
    form: TargetForm
    choices: Choices
    error: str = ""

    @property
    def under_way(self) -> RunRow | None:
        """The run that is waited for."""
        return next((run for run in self.runs if run.under_way), None)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One attribute, before and after, in words."""

    attribute: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step. `read_back` says what was read afterwards, in words."""

    place: int
    verb: str
    icon: str
    tone: str
    name: str
    whose: str
    remote_id: str
    changes: tuple[ChangeRow, ...]
    joins: tuple[str, ...]
    leaves: tuple[str, ...]
    status: str
    why: str
    read_back: str


@dataclass(frozen=True, slots=True)
class OrphanRow:
    """An account over there that belongs to nobody here."""

    remote_id: str
    user_name: str
    name: str
    active: bool
    pick: str


@dataclass(frozen=True, slots=True)
class RunView(View):
    """A preview or run with its steps and the orphans that it saw."""

    template: ClassVar[str] = "provisioning_run.html"
    nav: ClassVar[str] = "provisioning"
    parts: ClassVar[Mapping[str, str]] = {"progress": "provisioning_progress.html", "rows": "provisioning_rows.html"}

    target: TargetRow
    run: RunRow
    here: str
    act: str
    steps: tuple[StepRow, ...]
    more: str
    orphans: tuple[OrphanRow, ...]
    may_write: bool
    may_end_orphans: bool
    error: str = ""

    @property
    def under_way(self) -> RunRow | None:
        """Itself, while it is waited for."""
        return self.run if self.run.under_way else None
