"""What the portal's pages about returns show. Values only; templates write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from headgate.kernel.money import Money
from headgate.portal.views import FileRow, Stage, Step, Thread, View


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return in the list. `need` says what is needed from the partner, '' where nothing is."""

    rma: str
    order: str
    status: str
    need: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class ReturnableOrder:
    """An order of which something was delivered."""

    order: str
    reference: str
    total: Money
    placed: datetime


@dataclass(frozen=True, slots=True)
class ReturnOrdersView(View):
    """Which order the goods belong to: the first step of a return."""

    template: ClassVar[str] = "return_orders.html"
    nav: ClassVar[str] = "returns"

    orders: tuple[ReturnableOrder, ...]
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ReturnField:
    """A delivered line in the form; `place` numbers its fields. `left` can still come back."""

    place: int
    line: str
    product: str
    name: str
    unit: str
    price: Money
    delivered: Decimal
    left: Decimal


@dataclass(frozen=True, slots=True)
class ReturnFormView(View):
    """The form of a return: lines with quantities and reasons. `errors` by field."""

    template: ClassVar[str] = "return_form.html"
    nav: ClassVar[str] = "returns"

    rma: str
    order: str
    lines: tuple[ReturnField, ...]
    reasons: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    errors: Mapping[str, str]
    files: tuple[FileRow, ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class ReturnLineRow:
    """A line of a return: what is asked for, what arrived, and what became of it."""

    product: str
    name: str
    unit: str
    quantity: Decimal
    reason: str
    note: str
    received: Decimal
    credit: Money | None
    fee: Money | None
    outcomes: tuple[tuple[Decimal, str, str], ...]


@dataclass(frozen=True, slots=True)
class ReturnView(View):
    """One return. `acts` are those that can be done now: pictures, sent, withdraw. `whose` says who is next."""

    template: ClassVar[str] = "return.html"
    nav: ClassVar[str] = "returns"
    live: ClassVar[bool] = True

    rma: str
    order: str
    status: str
    explains: str
    whose: str
    told: tuple[str, ...]
    wanted: str
    send_by: datetime | None
    carrier: str
    tracking: str
    note: str
    credit: Money | None
    milestones: tuple[Stage, ...]
    lines: tuple[ReturnLineRow, ...]
    files: tuple[FileRow, ...]
    steps: tuple[Step, ...]
    acts: frozenset[str]
    thread: Thread
    fields: Mapping[str, str]
    errors: Mapping[str, str]
