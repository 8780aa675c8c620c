"""The navigation alone, for pages that are open for long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class NavView(View):
    """`at`: the entry of the page that asks."""

    template: ClassVar[str] = "live_nav.html"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"nav": template})

    at: str = ""
