"""The lists whose views can be kept, and what of their addresses counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

from headgate.access.saved import SavedView
from headgate.channel.deals import STATUSES
from headgate.console import urls
from headgate.console.present import returns
from headgate.console.present.orders import COLUMNS, FIXED
from headgate.console.present.work import SCOPES
from headgate.ui.words import STATES

MOST_PARAMETERS = 60
LONGEST_TEXT = 200
# Names the view that an address shows; lists do not look at it.
MARK = "view"
_SEVERAL = "column"
_Check: TypeAlias = Callable[[str], bool]


def _text(value: str) -> bool:
    return len(value) <= LONGEST_TEXT and "\0" not in value


def _day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _one_of(values: Collection[str]) -> _Check:
    return lambda value: value in values


@dataclass(frozen=True, slots=True)
class Listed:
    """A list whose views can be kept: where it is, its name, who may see it, and what its address may hold."""

    path: str
    label: str
    needs: tuple[str, ...]
    filters: Mapping[str, _Check]


_PERIOD: Mapping[str, _Check] = {"since": _day, "until": _day}
LISTS: Mapping[str, Listed] = MappingProxyType(
    {
        "orders": Listed(
            urls.ORDERS,
            "Orders",
            ("orders.read",),
            {
                "q": _text,
                "status": _one_of(STATES["order"]),
                **dict.fromkeys(("partner", "storefront", "exception"), _text),
                **_PERIOD,
                _SEVERAL: _one_of(COLUMNS),
            },
        ),
        "cases": Listed(
            urls.CASES,
            "Cases",
            ("cases.read",),
            {
                **dict.fromkeys(("q", "partner", "process", "stage"), _text),
                "status": _one_of(("closed",)),
                "clock": _one_of(("at_risk",)),
            },
        ),
        "work": Listed(urls.WORK, "My work", ("cases.read",), {"scope": _one_of(SCOPES)}),
        "deals": Listed(urls.DEALS, "Deals", ("deals.read",), {"q": _text, "status": _one_of(STATUSES)}),
        "returns": Listed(urls.RETURNS, "Returns", ("orders.read",), {"q": _text, "status": _one_of(returns.views())}),
        "partners": Listed(urls.PARTNERS, "Partners", ("orders.read",), {"q": _text}),
        "audit": Listed(
            urls.AUDIT,
            "Audit",
            ("audit.read",),
            {**dict.fromkeys(("q", "actor", "action", "subject_type", "subject"), _text), **_PERIOD},
        ),
    }
)
_BY_PATH = {found.path: name for name, found in LISTS.items()}


def list_at(path: str) -> str:
    """The list whose address this is, or ''."""
    return _BY_PATH.get(path, "")


def kept(list_: str, query: str) -> tuple[tuple[str, str], ...]:
    """What counts of an address's query: the filters that the list has, with values they can take, in one order."""
    filters = LISTS[list_].filters
    good = [(name, value) for name, value in _pairs(query) if name in filters and filters[name](value)]
    columns = list(dict.fromkeys(value for name, value in good if name == _SEVERAL))
    if not COLUMNS.keys() - set(FIXED) - set(columns):
        columns = []  # all that can be chosen, as without a choice
    last = {name: value for name, value in good if name != _SEVERAL}
    found = [(name, last[name]) for name in filters if name in last]
    return (*found, *((_SEVERAL, column) for column in COLUMNS if column in columns))


def kept_query(list_: str, query: str) -> str:
    """The same as it stands in an address."""
    return urlencode(kept(list_, query))


def lost_of(view: SavedView) -> tuple[str, ...]:
    """The filters of a view that its list does not have any more, or whose values they cannot take any more."""
    filters = LISTS[view.list].filters
    return tuple(
        dict.fromkeys(name for name, value in _pairs(view.query) if name not in filters or not filters[name](value))
    )


def address_of_view(view: SavedView) -> str:
    """Where a view is looked at; whoever gets the address sees the same filters, with or without the view."""
    return urls.query(LISTS[view.list].path, [*kept(view.list, view.query), (MARK, str(view.view))])


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return []
