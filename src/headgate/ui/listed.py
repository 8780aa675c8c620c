"""The lists whose views can be kept: where each is, who may see it, and what its address may hold.

Console and API both keep views of `LISTS`, so that what one of them keeps the other can show; `PORTAL_LISTS` are those
of partners' portals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

from headgate.access.saved import SavedView
from headgate.channel.deals import STATUSES as DEAL_STATUSES
from headgate.channel.returns import STATUSES as RETURN_STATUSES
from headgate.ui.words import STATES

MOST_PARAMETERS = 60
LONGEST_TEXT = 200
# Names the view that an address shows; lists do not look at it.
MARK = "view"
SEVERAL = "column"
# What pages have under these names; `tests/unit/ui/test_lists.py` holds them to it.
ORDER_COLUMNS = ("order", "status", "partner", "storefront", "placed", "exceptions", "lines", "margin", "total")
FIXED_COLUMNS = ("order", "total")
SCOPES = ("mine", "team", "unassigned", "snoozed")
RETURN_VIEWS = frozenset({"", "deciding", "expected", "received", "settled", *RETURN_STATUSES})
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
            "/orders",
            "Orders",
            ("orders.read",),
            {
                "q": _text,
                "status": _one_of(STATES["order"]),
                **dict.fromkeys(("partner", "storefront", "exception"), _text),
                **_PERIOD,
                SEVERAL: _one_of(ORDER_COLUMNS),
            },
        ),
        "cases": Listed(
            "/cases",
            "Cases",
            ("cases.read",),
            {
                **dict.fromkeys(("q", "partner", "process", "stage"), _text),
                "status": _one_of(("closed",)),
                "clock": _one_of(("at_risk",)),
            },
        ),
        "work": Listed("/work", "My work", ("cases.read",), {"scope": _one_of(SCOPES)}),
        "deals": Listed("/deals", "Deals", ("deals.read",), {"q": _text, "status": _one_of(DEAL_STATUSES)}),
        "returns": Listed("/returns", "Returns", ("orders.read",), {"q": _text, "status": _one_of(RETURN_VIEWS)}),
        "partners": Listed("/partners", "Partners", ("orders.read",), {"q": _text}),
        "audit": Listed(
            "/audit",
            "Audit",
            ("audit.read",),
            {**dict.fromkeys(("q", "actor", "action", "subject_type", "subject"), _text), **_PERIOD},
        ),
    }
)
OPEN_RETURNS = "open"
PORTAL_LISTS: Mapping[str, Listed] = MappingProxyType(
    {
        f"portal_{name}": Listed(
            f"/portal/{name}", label, (needs,), {"q": _text, "status": _one_of(statuses), **_PERIOD}
        )
        for name, label, needs, statuses in (
            ("deals", "Deals", "deals.read", DEAL_STATUSES),
            ("orders", "Orders", "orders.read", frozenset(STATES["order"])),
            ("prices", "Prices", "prices.request", frozenset(STATES["price_exception"])),
            ("returns", "Returns", "returns.request", frozenset({OPEN_RETURNS, *RETURN_STATUSES})),
        )
    }
)
_EVERY = {**LISTS, **PORTAL_LISTS}
# Who sees any of the lists.
NEEDS = tuple(sorted({need for listed in LISTS.values() for need in listed.needs}))
_BY_PATH = {found.path: name for name, found in _EVERY.items()}


def list_at(path: str) -> str:
    """The list whose address this is, or ''."""
    return _BY_PATH.get(path, "")


def kept(list_: str, query: str) -> tuple[tuple[str, str], ...]:
    """What counts of an address's query: the filters that the list has, with values they can take, in one order."""
    filters = _EVERY[list_].filters
    good = [(name, value) for name, value in _pairs(query) if name in filters and filters[name](value)]
    columns = list(dict.fromkeys(value for name, value in good if name == SEVERAL))
    if not set(ORDER_COLUMNS) - set(FIXED_COLUMNS) - set(columns):
        columns = []  # all that can be chosen, as without a choice
    last = {name: value for name, value in good if name != SEVERAL}
    found = [(name, last[name]) for name in filters if name in last]
    return (*found, *((SEVERAL, column) for column in ORDER_COLUMNS if column in columns))


def kept_query(list_: str, query: str) -> str:
    """The same as it stands in an address."""
    return urlencode(kept(list_, query))


def lost_of(view: SavedView) -> tuple[str, ...]:
    """The filters of a view that its list does not have any more, or whose values they cannot take any more."""
    filters = _EVERY[view.list].filters
    return tuple(
        dict.fromkeys(name for name, value in _pairs(view.query) if name not in filters or not filters[name](value))
    )


def address_of_view(view: SavedView) -> str:
    """Where a view is looked at; whoever gets the address sees the same filters, with or without the view."""
    return f"{_EVERY[view.list].path}?{urlencode([*kept(view.list, view.query), (MARK, str(view.view))])}"


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return []
