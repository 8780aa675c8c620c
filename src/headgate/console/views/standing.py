"""Where a case stands: its branches, the cases around it, and stepping in by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import FormError, Option, Person, View


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A branch that waits. `skip` and `retry` are addresses, empty where the reader may not or it makes no sense."""

    path: str
    name: str
    waits_for: str
    status: str  # waiting | stuck
    why: str
    skip: str = ""
    retry: str = ""


@dataclass(frozen=True, slots=True)
class AroundRow:
    """A case that this one started, or that started it. `href` is empty for one that has not begun."""

    subject: str
    process: str
    stage: str
    status: str
    outcome: str
    href: str
    parent: bool


@dataclass(frozen=True, slots=True)
class AskedRow:
    """An intervention that waits for a second person, in words. `mine`: the reader asked for it."""

    intervention: UUID
    what: str
    reason: str
    by: Person
    at: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it for the page of a case. `may`: the reader may step in."""

    branches: tuple[BranchRow, ...]
    around: tuple[AroundRow, ...]
    asked: tuple[AskedRow, ...]
    may: bool


@dataclass(frozen=True, slots=True)
class StepInView(View):
    """What stepping in would do, before it is done. Without `at` a stage is still to be chosen."""

    template: ClassVar[str] = "step_in.html"
    nav: ClassVar[str] = "cases"

    case_id: UUID
    case_title: str
    kind: str
    at: str
    title: str
    stages: tuple[Option, ...]
    will: tuple[str, ...]
    will_not: tuple[str, ...]
    second: bool
    blocked: str
    take_back: bool
    can_take_back: bool
    seen: str
    reason: str = ""
    errors: tuple[FormError, ...] = ()

    def error(self, field: str) -> str:
        """What is wrong with a field, or ''."""
        return next((e.message for e in self.errors if e.field == field), "")
