"""What partners wrote and nobody has answered yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import PartnerName, View


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """The newest message about a case, and how many wait with it. `href` is where it is answered."""

    case_id: UUID
    href: str
    partner: PartnerName
    author: str
    text: str
    messages: int
    about: str
    since: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class MessagesView(View):
    """Messages of partners, the longest wait first. `can_answer`: the reader may write to partners."""

    template: ClassVar[str] = "messages.html"
    nav: ClassVar[str] = "work"
    live: ClassVar[bool] = True

    rows: tuple[WaitingRow, ...]
    waiting: int
    can_answer: bool
