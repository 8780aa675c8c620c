"""A link of a mail that leads nowhere any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headgate.console.views.common import View


@dataclass(frozen=True, slots=True)
class LinkOverView(View):
    """`why`: used, late, other (somebody else's) or unknown; `href` is the request for whom it was sent to."""

    template: ClassVar[str] = "link_over.html"
    nav: ClassVar[str] = "work"

    why: str
    href: str
