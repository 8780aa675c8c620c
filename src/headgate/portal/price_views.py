"""What the portal's pages about price exceptions show. Values only; templates write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from headgate.kernel.money import Money
from headgate.portal.views import Choice, FileRow, Step, Thread, View


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price exception that was asked for; `due` is when it lapses unless it is sent again."""

    request: str
    product: str
    name: str
    status: str
    price: Money
    until: datetime
    changed: datetime
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class PriceView(View):
    """One price exception. `told` is why it was sent back, `due` when it lapses then; `acts` are those that can be done
    now: change, evidence, withdraw."""

    template: ClassVar[str] = "price.html"
    nav: ClassVar[str] = "prices"
    live: ClassVar[bool] = True

    request: str
    product: str
    name: str
    status: str
    explains: str
    price: Money
    usual: Money | None
    quantity: Decimal | None
    since: datetime
    until: datetime
    reason: str
    order: str
    changed: datetime
    told: str
    due: datetime | None
    files: tuple[FileRow, ...]
    acts: frozenset[str]
    steps: tuple[Step, ...]
    thread: Thread
    fields: Mapping[str, str]
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PriceFormView(View):
    """Ask for a price. `sent`: it came back and is being changed, because of what was `told`; `waits`: it was sent and
    is being taken in."""

    template: ClassVar[str] = "price_form.html"
    nav: ClassVar[str] = "prices"

    request: str
    fields: Mapping[str, str]
    errors: Mapping[str, str]
    currencies: tuple[Choice, ...]
    products: tuple[Choice, ...]
    today: date
    waits: bool = False
    sent: bool = False
    name: str = ""
    told: str = ""
    files: tuple[FileRow, ...] = ()
