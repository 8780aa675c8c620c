"""The design system on one page: tokens as the stylesheet states them, and every component in its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from headgate.console.views.common import (
    AppliedFilter,
    Clock,
    Fact,
    Option,
    Person,
    PolicyRef,
    SumRow,
    Tab,
    TimelineEntry,
    View,
)
from headgate.kernel.money import Money
from headgate.ui.tokens import TokenGroup
from headgate.ui.words import StateWord


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a chart over time: `stopped` of the `orders`."""

    orders: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Specimens:
    """Made-up values that the components are shown with."""

    amounts: tuple[Money | None, ...]
    clocks: tuple[Clock, ...]
    people: tuple[Person, ...]
    facts: tuple[Fact, ...]
    sums: tuple[SumRow, ...]
    policies: tuple[PolicyRef, ...]
    timeline: tuple[TimelineEntry, ...]
    tabs: tuple[Tab, ...]
    filters: tuple[AppliedFilter, ...]
    options: tuple[Option, ...]
    bars: tuple[Bar, ...]
    shares: tuple[tuple[str, str, Money, str], ...]
    long_ago: datetime


@dataclass(frozen=True, slots=True)
class StyleguideView(View):
    """`states` by what they are states of. Both themes stand side by side whatever the reader's own is."""

    template: ClassVar[str] = "styleguide.html"

    tokens: tuple[TokenGroup, ...]
    states: Mapping[str, Mapping[str, StateWord]]
    show: Specimens
    icons: tuple[str, ...]
