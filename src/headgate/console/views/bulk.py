"""Many approvals decided at once: which, what each would lead to, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Change, Clock, FormError, Option, PartnerName, Person, View
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase

OUTCOMES = (
    Option("approve", phrase("Approve")),
    Option("reject", phrase("Reject")),
    Option("return", phrase("Return for correction")),
)


@dataclass(frozen=True, slots=True)
class HeldNews:
    """One line over a list: a decision of the reader's that waits to count (`due_at`), or one of which something was
    not decided (no `due_at`)."""

    held: UUID
    text: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ManyRow:
    """An approval that the reader may decide. `digest` is exactly what they see; `acting_for` whose word it would be
    where it is not the reader's own."""

    approval: UUID
    digest: str
    ask: str
    subject: str
    href: str
    partner: PartnerName | None
    stake: Money | None
    clock: Clock | None
    level: int
    levels: int
    acting_for: Person | None
    picked: bool = False
    being: str = ""  # what the reader is deciding about it at this moment


@dataclass(frozen=True, slots=True)
class ManyView(View):
    """The list to choose from. `matching` counts all that wait for the reader, also those beyond the list."""

    template: ClassVar[str] = "approvals.html"
    nav: ClassVar[str] = "work"

    rows: tuple[ManyRow, ...]
    matching: int
    stake: Money
    outcome: str = "approve"
    justification: str = ""
    errors: tuple[FormError, ...] = ()
    news: tuple[HeldNews, ...] = ()

    @property
    def outcomes(self) -> tuple[Option, ...]:
        """What can be decided for many at once."""
        return OUTCOMES

    @property
    def all_picked(self) -> bool:
        """Whether everything that is listed is picked."""
        return bool(self.rows) and all(row.picked for row in self.rows if not row.being)

    def error(self, field: str) -> str:
        """What is wrong with a field, or ''."""
        return next((each.message for each in self.errors if each.field == field), "")


@dataclass(frozen=True, slots=True)
class Foretold:
    """An approval and what the decision leads to."""

    row: ManyRow
    then: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An approval that was picked and is not decided: why, what is different now, and where that is asked."""

    ask: str
    subject: str
    href: str
    why: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ManyCheckView(View):
    """What would be decided, before it is. `button` says the act; '' when nothing is left to decide."""

    template: ClassVar[str] = "approvals_check.html"
    nav: ClassVar[str] = "work"

    outcome: str
    title: str
    button: str
    justification: str
    items: tuple[Foretold, ...]
    left_out: tuple[LeftOut, ...]
    stake: Money


@dataclass(frozen=True, slots=True)
class ManyDoneView(View):
    """What became of each."""

    template: ClassVar[str] = "approvals_done.html"
    nav: ClassVar[str] = "work"

    title: str
    items: tuple[Foretold, ...]
    left_out: tuple[LeftOut, ...]
    stake: Money
