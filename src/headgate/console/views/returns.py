"""Returns of goods that partners ask for: the list of the order desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import PartnerName, Tab, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return in the list. `href` leads to its case; `wanted` is credit or replace. `send_by` is until when the goods
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
    """Returns, last changed first."""

    template: ClassVar[str] = "returns.html"
    nav: ClassVar[str] = "returns"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "returns_rows.html"})

    tabs: tuple[Tab, ...]
    text: str
    status: str
    returns: tuple[ReturnRow, ...]
    more: str = ""
