"""The packs of an organisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack. `version` is 0 for one that is offered and not here yet, `newer` the number of one that could be had,
    from `newer_from` or, where that is empty, from this installation. Policies and processes are address and title;
    the address is empty where the reader may not go."""

    name: str
    title: str
    description: str
    version: int
    origin: str
    newer: int
    newer_from: str
    policies: tuple[tuple[str, str], ...]
    processes: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PacksView(View):
    """Which packs are installed. `tenant` is the short name that the command line wants."""

    template: ClassVar[str] = "packs.html"
    nav: ClassVar[str] = "policies"

    packs: tuple[PackRow, ...]
    tenant: str
