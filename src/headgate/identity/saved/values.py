"""What is shown of saved views. Each edge puts it into its own frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from headgate.identity.where import Where


@dataclass(frozen=True, slots=True)
class SavedTab:
    """A saved view of a list. `own`: the reader's; `opens`: their list opens with it."""

    label: str
    href: str
    own: bool = True
    opens: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class SavedBar:
    """The saved views above a list. `current` names the one that is shown; `save`: where the list as it is can be kept,
    empty where it is already; `manage`: where views are renamed and removed; `lost`: filters of the view shown that
    the list does not have any more. `mark` names the view in addresses of this list. Where the list was filtered anew
    since that view was opened, `changed` says so; one's own can take these filters (`query` of `list`) at `replace`."""

    views: tuple[SavedTab, ...]
    current: str
    save: str
    manage: str
    lost: tuple[str, ...] = ()
    mark: str = ""
    changed: bool = False
    replace: str = ""
    list: str = ""
    query: str = ""


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
class ListTab:
    """A list whose views can be kept."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """The reader's views of a list. `query` is the list as it was, to be kept; empty where the page only keeps order.
    What was typed comes back with what is wrong in it (`errors`, by field; '' is the form as a whole)."""

    where: Where
    list: str
    label: str
    back: str
    tabs: tuple[ListTab, ...]
    own: tuple[ViewRow, ...]
    others: tuple[ViewRow, ...]
    can_share: bool
    query: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    name: str = ""
    shared: bool = False
    is_default: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
