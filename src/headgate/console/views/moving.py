"""Moving cases to another version of their process: the rehearsal, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import FormError, Option, Person, View


@dataclass(frozen=True, slots=True)
class Question:
    """A name that the new version does not have: a stage, or what a step kept. `field` is the form's."""

    field: str
    name: str
    title: str
    cases: int
    choices: tuple[Option, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class MovedCase:
    """A case of a group: what it has open, and what is worth knowing."""

    subject: str
    href: str
    open: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Cases that go the same way, or stay for the same reasons."""

    version: int
    stage: str
    to: str
    count: int
    why: tuple[str, ...]
    cases: tuple[MovedCase, ...]


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """What is different in the new version."""

    where: str
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class PastMove:
    """An earlier migration of the process."""

    href: str
    to: int
    status: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class MoveView(View):
    """The rehearsal. `rehearsed` is False until a version is chosen; `under_way` is a migration that is not through.

    `only` is the version whose cases alone are meant.
    """

    template: ClassVar[str] = "process_move.html"
    nav: ClassVar[str] = "processes"

    process: str
    title: str
    versions: tuple[Option, ...]
    to: int | None
    rehearsed: bool
    only: str = ""
    movable: int = 0
    staying: int = 0
    groups: tuple[GroupRow, ...] = ()
    questions: tuple[Question, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    past: tuple[PastMove, ...] = ()
    under_way: str = ""
    reason: str = ""
    errors: tuple[FormError, ...] = ()

    def error(self, field: str) -> str:
        """What is wrong with a field, or ''."""
        return " ".join(each.message for each in self.errors if each.field == field)


@dataclass(frozen=True, slots=True)
class StayRow:
    """Why cases were not moved, and how many."""

    why: str
    count: int
    status: str


@dataclass(frozen=True, slots=True)
class MigrationView(View):
    """How far a migration is: `more` says whether there may be cases left to queue, `left` how many, `waiting` how many
    are on their way."""

    template: ClassVar[str] = "migration.html"
    nav: ClassVar[str] = "processes"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"progress": "migration_progress.html"})

    migration: str
    process: str
    title: str
    to: int
    status: str
    reason: str
    by: Person
    at: datetime
    moved: int
    stayed: int
    waiting: int
    back: int
    more: bool
    stays: tuple[StayRow, ...]
    may_act: bool
    left: int = 0

    @property
    def under_way(self) -> bool:
        """Whether there is still something to come."""
        return self.more or self.waiting > 0

    @property
    def done(self) -> int:
        """How many have an answer."""
        return self.moved + self.stayed + self.back
