"""What an organisation has from those above it, and what it offers to those below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import Option, View


@dataclass(frozen=True, slots=True)
class InheritedRow:
    """Something from above. `here` is the number its copy has here, 0 without one; `href` leads to it, empty where
    there is no page; `follow_href` is where one goes back to it, empty where that cannot be done."""

    kind: str
    name: str
    title: str
    href: str
    provider: str
    version: int
    taken: int
    here: int
    locked: bool
    state: str
    problem: str
    starts: datetime | None
    follow_href: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """Something that is offered to those below."""

    kind: str
    name: str
    title: str
    href: str
    version: int
    locked: bool
    starts: datetime
    waits: bool
    by: str
    withdraw_href: str
    taken: int = 0
    clients: int = 0


@dataclass(frozen=True, slots=True)
class FateRow:
    """How an offer stands at one client. `has` is the older version it has, 0 for none."""

    client: str
    href: str
    title: str
    kind: str
    version: int
    state: str
    has: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class InheritanceView(View):
    """Both sides of it. `offers_shown`: the organisation has others below it, and the reader operates them. `choices`
    are what can be offered, as kind:name. `fates` are how what is offered stands at clients:
    the first of `all_fates`."""

    template: ClassVar[str] = "inheritance.html"
    nav: ClassVar[str] = "inheritance"

    rows: tuple[InheritedRow, ...]
    offers: tuple[OfferRow, ...] = ()
    offers_shown: bool = False
    choices: tuple[Option, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    fates: tuple[FateRow, ...] = ()
    all_fates: int = 0

    @property
    def troubled(self) -> int:
        """How many could not be copied."""
        return sum(each.state == "troubled" for each in self.rows)

    @property
    def followed(self) -> int:
        """How many count here as they are offered."""
        return sum(each.state == "following" for each in self.rows)
