"""Processes: the list with what is underway, and one version as a picture with live counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from markupsafe import Markup

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process by its version in force. `age_hours` is the median age of open cases."""

    process: str
    title: str
    version: int
    status: str
    since: datetime | None
    open: int
    late: int
    age_hours: int | None


@dataclass(frozen=True, slots=True)
class ProcessesView(View):
    """Every process of the tenant."""

    template: ClassVar[str] = "processes.html"
    nav: ClassVar[str] = "processes"

    processes: tuple[ProcessRow, ...]


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage beside the picture, for those who do not see it: clock, where it leads, and how many are there."""

    title: str
    clock: str
    leads: tuple[str, ...]
    kind: str  # straight | exception | final
    open: int
    late: int
    href: str


@dataclass(frozen=True, slots=True)
class ProcessVersionRow:
    """A version in the list of versions."""

    version: int
    status: str
    since: datetime | None
    until: datetime | None
    href: str


@dataclass(frozen=True, slots=True)
class ProcessView(View):
    """`svg` is the picture, escaped where it was made."""

    template: ClassVar[str] = "process.html"
    nav: ClassVar[str] = "processes"

    process: str
    title: str
    version: int
    status: str
    owner: str
    svg: Markup
    open: int
    late: int
    stages: tuple[StageRow, ...]
    versions: tuple[ProcessVersionRow, ...]
    files: tuple[tuple[str, str], ...]  # what each is, and where
    may_move: bool = False
