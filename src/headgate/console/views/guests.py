"""Guests in the client's console: people of the provider who may work here, and who asked to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class GuestRow:
    """A guest. `act_href` leads to grant, refuse and revoke; `can` are those of them that can be done now."""

    id: str
    name: str
    person: str
    provider: str
    roles: tuple[str, ...]
    reason: str
    state: str
    until: datetime
    asked_at: datetime
    by: str
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuestsView(View):
    """Everybody of a provider who asked to work here."""

    template: ClassVar[str] = "guests.html"
    nav: ClassVar[str] = "guests"

    rows: tuple[GuestRow, ...]
    error: str = ""

    @property
    def waiting(self) -> int:
        """How many wait for an answer."""
        return sum(each.state == "asked" for each in self.rows)

    @property
    def inside(self) -> int:
        """How many may come in now."""
        return sum(each.state == "in_force" for each in self.rows)
