"""Decisions that are held before they count: what can be undone, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from headgate.console.views.bulk import Foretold, LeftOut
from headgate.console.views.common import View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class HeldView(View):
    """A held decision. `due_at` while it can be undone; afterwards what became of each."""

    template: ClassVar[str] = "held.html"
    nav: ClassVar[str] = "work"

    held: UUID
    title: str
    status: str
    due_at: datetime | None
    justification: str
    items: tuple[Foretold, ...]
    left_out: tuple[LeftOut, ...]
    stake: Money

    @property
    def waits(self) -> bool:
        """Whether it can still be undone."""
        return self.due_at is not None
