"""What the command palette offers while somebody types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the palette. `href` is where it leads; `press` names a control of the page that it presses instead
    (only scripts can). `keys` is the shortcut that does the same."""

    label: str
    icon: str
    href: str = ""
    detail: str = ""
    press: str = ""
    keys: str = ""
    state_kind: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Choices of one kind under their heading."""

    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class PaletteView(View):
    """`words` is what was typed."""

    template: ClassVar[str] = "palette.html"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"palette-results": "palette_results.html"})

    words: str
    groups: tuple[ChoiceGroup, ...]
