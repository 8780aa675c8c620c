"""The page on which saved views are kept in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import FormError, Tab, View


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view. `filters` in words; `lost` are those that the list does not have any more; `owner` is empty for
    one's own, `can_delete` whether the reader may remove it."""

    view: UUID
    name: str
    href: str
    filters: tuple[tuple[str, str], ...]
    shared: bool
    is_default: bool
    lost: tuple[str, ...] = ()
    owner: str = ""
    can_delete: bool = True


@dataclass(frozen=True, slots=True)
class SavedViewsView(View):
    """`query` is the list as it was, to be kept; empty where the page only keeps order. What was typed comes back with
    what is wrong in it (`errors`)."""

    template: ClassVar[str] = "saved_views.html"

    list: str
    label: str
    back: str
    tabs: tuple[Tab, ...]
    own: tuple[ViewRow, ...]
    others: tuple[ViewRow, ...]
    can_share: bool
    query: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    name: str = ""
    shared: bool = False
    is_default: bool = False
    errors: tuple[FormError, ...] = ()

    def error(self, field: str) -> str:
        """What is wrong with a field; '' is the form as a whole."""
        return next((each.message for each in self.errors if each.field == field), "")
