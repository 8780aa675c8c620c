"""People and roles: who has what, since when and by whom; what one person may do and why; duties that stay apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import Option, Person, View


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An account in the list. `partner` is empty for the tenant's own; `conflicts` are those no control covers."""

    principal: str
    name: str
    email: str
    kind: str
    partner: str
    state: str
    roles: tuple[str, ...]
    last_seen: datetime | None
    conflicts: int


@dataclass(frozen=True, slots=True)
class PeopleView(View):
    """Accounts by id, filtered."""

    template: ClassVar[str] = "people.html"
    nav: ClassVar[str] = "people"

    rows: tuple[PersonRow, ...]
    text: str
    role: str
    roles: tuple[Option, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A role that somebody has, had or will have. `until` None is for good."""

    role: str
    title: str
    state: str
    since: datetime
    until: datetime | None
    by: Person
    revoke_href: str


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """Two duties that meet in somebody, through which roles, and what keeps watch (empty: nothing does)."""

    first: str
    second: str
    reason: str
    roles: tuple[str, ...]
    control: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RightRow:
    """Something that somebody may do, in words, and the roles in force that bring it."""

    permission: str
    words: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonView(View):
    """One account. `choices` are roles that can be granted by the reader; empty where the reader may not."""

    template: ClassVar[str] = "person.html"
    nav: ClassVar[str] = "people"

    principal: str
    name: str
    email: str
    partner: str
    state: str
    last_seen: datetime | None
    grants: tuple[GrantRow, ...]
    conflicts: tuple[ConflictRow, ...]
    rights: tuple[RightRow, ...]
    choices: tuple[Option, ...]
    grant_href: str
    error: str = ""
    chosen: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class DutyRow:
    """Two permissions that stay apart, in words, and why."""

    first: str
    first_words: str
    second: str
    second_words: str
    reason: str


@dataclass(frozen=True, slots=True)
class MatrixProposal:
    """A version of the matrix that waits. `own`: the reader proposed it and cannot decide it."""

    version: int
    note: str
    by: Person
    at: datetime
    added: tuple[DutyRow, ...]
    removed: tuple[DutyRow, ...]
    own: bool
    decide_href: str


@dataclass(frozen=True, slots=True)
class GridCell:
    """Where two permissions meet: `apart`, `free`, or `self` on the diagonal; with the reason where they stay apart."""

    state: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A permission against all others of the grid."""

    permission: str
    words: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True)
class MitigationRow:
    """What keeps watch over somebody who holds two duties. The addresses are empty where the reader may not."""

    person: Person
    first_words: str
    second_words: str
    control: str
    state: str
    until: datetime
    asked_by: Person
    approve_href: str
    end_href: str


@dataclass(frozen=True, slots=True)
class DutiesView(View):
    """The matrix of duties in force, what waits for a decision, and what is allowed in spite of it. `permissions` and
    `pairs` are choices of forms, empty for who may not use them."""

    template: ClassVar[str] = "duties.html"
    nav: ClassVar[str] = "people"

    version: int
    rules: tuple[DutyRow, ...]
    columns: tuple[str, ...]
    grid: tuple[GridRow, ...]
    proposal: MatrixProposal | None
    mitigations: tuple[MitigationRow, ...] = ()
    permissions: tuple[Option, ...] = ()
    pairs: tuple[Option, ...] = ()
    error: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    people: tuple[Option, ...] = ()
