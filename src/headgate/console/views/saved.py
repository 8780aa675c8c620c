"""The page on which saved views are kept in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headgate.console.views.common import View
from headgate.identity.saved.values import Shelf


@dataclass(frozen=True, slots=True)
class SavedViewsView(View):
    """The reader's views of a list."""

    template: ClassVar[str] = "saved_views.html"

    shelf: Shelf
