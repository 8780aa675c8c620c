"""Exports of all that the tenant has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from headgate.console.views.common import Person, View


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An export. `megabytes` are those of the file, as far as it is written; `ended_by` is nobody where its time was
    over."""

    name: str
    status: str
    by: Person
    at: datetime
    tables: int
    tables_done: int
    rows: int
    entries: int
    megabytes: Decimal
    digest: str
    sha256: str
    error: str
    until: datetime | None
    ended_by: Person | None
    ended_at: datetime | None
    download: str
    end: str


@dataclass(frozen=True, slots=True)
class ExportsView(View):
    """The page: the one under way, if any, and those before it."""

    template: ClassVar[str] = "exports.html"
    nav: ClassVar[str] = "exports"
    parts: ClassVar[Mapping[str, str]] = {"progress": "exports_progress.html"}

    here: str
    exports: tuple[ExportRow, ...]
    may_ask: bool
    days: int
    most: int
    error: str = ""

    @property
    def under_way(self) -> ExportRow | None:
        """The one that is waited for."""
        return next((each for each in self.exports if each.status in ("queued", "running")), None)

    @property
    def over(self) -> tuple[ExportRow, ...]:
        """Those that came to an end."""
        return tuple(each for each in self.exports if each.status not in ("queued", "running"))

    @property
    def ready(self) -> int:
        """How many can be downloaded."""
        return sum(each.status == "ready" for each in self.exports)
