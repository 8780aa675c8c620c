"""Rows and events that could not be taken as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Option, Person, Tab, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One item. kind: row (of a file) or event; `place` is 'orders-2025-11.csv, row 1,204' or the event's id."""

    item: UUID
    kind: str
    source: str
    place: str
    reason: str
    field: str
    amount: Money | None
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QuarantineView(View):
    """`reasons` group the open items, most frequent first; `amount` sums what is known, in the tenant's currency."""

    template: ClassVar[str] = "quarantine.html"
    nav: ClassVar[str] = "quarantine"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"rows": "quarantine_rows.html"})

    tabs: tuple[Tab, ...]
    reasons: tuple[Option, ...]
    reason: str
    items: tuple[QuarantineRow, ...]
    matching: int
    amount: Money | None
    more: str = ""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: the value as it came, the message, and how to mend it."""

    field: str
    value: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class FixField:
    """A field of the fix form: its name, what it holds now, and what is wrong with it ('' when fine)."""

    name: str
    value: str
    problem: str = ""
    hint: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class QuarantineItemView(View):
    """One item with the form to fix and replay it. `fields` is empty when the raw text cannot be split into fields;
    then `raw` itself is edited. `raw` is shown exactly as it came."""

    template: ClassVar[str] = "quarantine_item.html"
    nav: ClassVar[str] = "quarantine"

    item: UUID
    kind: str
    source: str
    file: str
    row_number: int | None
    event_seq: int | None
    status: str
    reason: str
    problems: tuple[FieldProblem, ...]
    raw: str
    fields: tuple[FixField, ...]
    amount: Money | None
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: Person | None
    alike: int
    alike_href: str
    can_fix: bool
