"""What the portal's page about the partner's own company shows. Values only; templates write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from headgate.portal.views import View


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A colleague. `state`: active, invited or deactivated; `me`: the reader."""

    principal: str
    name: str
    email: str
    role: str
    state: str
    seen: datetime | None
    me: bool


@dataclass(frozen=True, slots=True)
class CompanyView(View):
    """The partner's company: its people, the way to its data. `link` is shown once, after inviting."""

    template: ClassVar[str] = "company.html"
    nav: ClassVar[str] = "company"

    name: str
    code: str
    people: tuple[PersonRow, ...]
    can_manage: bool
    fields: Mapping[str, str]
    errors: Mapping[str, str]
    link: str = ""
    link_for: str = ""
    link_until: datetime | None = None
