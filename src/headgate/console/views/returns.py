"""Returns of goods that partners ask for: the list of the order desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Fact, PartnerName, Tab, TimelineEntry, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return in the list. `href` leads to its page; `wanted` is credit or replace. `send_by` is until when the goods
    are expected, while they are. `amount` is what was credited, or what is at stake until it is settled.
    """

    rma: str
    href: str
    order: str
    partner: PartnerName
    status: str
    wanted: str
    send_by: datetime | None
    amount: Money | None
    changed: datetime


@dataclass(frozen=True, slots=True)
class ReturnsView(View):
    """Returns, last changed first. `matching` says how many there are; above `counted_to`, that there are more."""

    template: ClassVar[str] = "returns.html"
    nav: ClassVar[str] = "returns"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "returns_rows.html"})

    tabs: tuple[Tab, ...]
    text: str
    status: str
    returns: tuple[ReturnRow, ...]
    more: str = ""
    matching: int = 0
    counted_to: int = 0


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """A line with how much of it was announced, arrived, and is still to come or to be looked at. `outcomes`: quantity,
    condition as found, and what became of it with its reason."""

    line: str
    product: str
    name: str
    unit: str
    reason: str
    note: str
    quantity: Decimal
    received: Decimal
    to_receive: Decimal
    to_inspect: Decimal
    outcomes: tuple[tuple[Decimal, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnPage(View):
    """One return. `books` and `inspects`: the reader may book goods in, or tell what was found, now. `once` and
    `opened` go with either form, so that it books once however often it is sent; `fields` is what was entered.
    """

    template: ClassVar[str] = "return.html"
    nav: ClassVar[str] = "returns"
    live: ClassVar[bool] = True

    rma: str
    order: str
    status: str
    partner: PartnerName
    facts: tuple[Fact, ...]
    lines: tuple[ReturnedLine, ...]
    case_href: str
    timeline: tuple[TimelineEntry, ...]
    books: bool
    inspects: bool
    once: UUID
    opened: str
    conditions: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    error: str = ""
