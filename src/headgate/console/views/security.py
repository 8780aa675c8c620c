"""What a tenant asks of sign-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role that may need a second factor. `without`: how many hold it and have none yet."""

    role: str
    title: str
    picked: bool
    without: int = 0


@dataclass(frozen=True, slots=True)
class SecurityView(View):
    """The rules as they are or as somebody typed them, with errors by field. `values` are texts of number fields and
    'on' or '' of switches, by name; `bounds` the least and most of each number."""

    template: ClassVar[str] = "security.html"
    nav: ClassVar[str] = "security"

    values: Mapping[str, str]
    bounds: Mapping[str, tuple[int, int]]
    roles: tuple[RoleChoice, ...]
    currency: str
    seen: str
    break_glass: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
