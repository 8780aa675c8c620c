"""What of a list's address can be kept as a view, and what a view of old has lost."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from headgate.access.saved import LONGEST_QUERY, SavedView
from headgate.console.app import DOORS
from headgate.console.present import returns, work
from headgate.console.present.orders import COLUMNS, FIXED
from headgate.identity.saved.shelf import FILTERS
from headgate.portal.app import DOORS as PORTAL_DOORS
from headgate.portal.pages.saved import in_words
from headgate.ui import listed as catalogue
from headgate.ui.format import Formatter
from headgate.ui.listed import LISTS, LONGEST_TEXT, PORTAL_LISTS, address_of_view, kept, kept_query, list_at, lost_of


def view(query: str, list_: str = "orders") -> SavedView:
    return SavedView(UUID(int=7), "user:ana", list_, "Mine", query, shared=False, is_default=False)


def test_only_what_the_list_knows_is_kept_and_in_one_order() -> None:
    query = "after=abc&since=2026-03-02&status=held&q=&csrf=x&view=7&status=nonsense&undo=1"
    assert kept("orders", query) == (("status", "held"), ("since", "2026-03-02"))
    assert kept_query("orders", query) == "status=held&since=2026-03-02"


@pytest.mark.parametrize(
    ("list_", "query"),
    [
        ("orders", "since=2026-02-30"),
        ("orders", "status=gone"),
        ("orders", "column=gone"),
        ("orders", f"q={'x' * (LONGEST_TEXT + 1)}"),
        ("orders", "q=%00"),
        ("cases", "status=open"),
        ("work", "scope=everybody"),
        ("deals", "status=held"),
        ("partners", "status=held"),
        ("audit", "until=yesterday"),
        ("orders", "&".join("q=1" for _ in range(500))),
    ],
)
def test_a_value_that_the_filter_cannot_take_is_not_kept(list_: str, query: str) -> None:
    assert kept(list_, query) == ()


def test_the_last_of_a_filter_counts_and_columns_are_several() -> None:
    assert kept("orders", "q=a&q=b&column=total&column=status&column=status") == (
        ("q", "b"),
        ("column", "status"),
        ("column", "total"),
    )
    assert kept("orders", "&".join(f"column={each}" for each in COLUMNS)) == (), "all of them is no choice"
    boxes = "&".join(f"column={each}" for each in COLUMNS if each != "total")
    assert kept("orders", f"{boxes}&status=held") == (("status", "held"),), "as the form sends them"


def test_the_longest_filters_fit() -> None:
    longest = {name: "x" * LONGEST_TEXT for name in LISTS["audit"].filters if name not in ("since", "until")}
    assert len(kept_query("audit", "&".join(f"{k}={v}" for k, v in longest.items()))) <= LONGEST_QUERY


def test_a_view_tells_which_filters_its_list_has_no_more_and_leads_to_the_rest() -> None:
    old = view("status=held&tier=gold&since=soon&tier=silver")
    assert lost_of(old) == ("tier", "since")
    assert parse_qsl(urlsplit(address_of_view(old)).query) == [("status", "held"), ("view", str(UUID(int=7)))]
    assert lost_of(view("status=held")) == ()


def test_every_list_has_a_page_for_the_same_people_and_words_for_its_filters() -> None:
    pages = {door.path: door.needs for door in DOORS if door.method == "GET"}
    for name, listed in LISTS.items():
        assert pages[listed.path] == listed.needs
        assert list_at(listed.path) == name
        assert listed.filters.keys() <= FILTERS.keys()
    assert list_at("/orders/O-1") == ""


def test_every_list_of_the_portal_has_a_page_for_the_same_people_and_words_for_its_states() -> None:
    pages = {door.path: door.needs for door in PORTAL_DOORS if door.method == "GET"}
    fmt = Formatter("en_GB", ZoneInfo("UTC"), datetime(2026, 3, 2, tzinfo=UTC))
    for name, listed in PORTAL_LISTS.items():
        assert (pages[listed.path],) == listed.needs
        assert list_at(listed.path) == name
        assert listed.filters.keys() <= FILTERS.keys()
        assert kept(name, "q=a&status=returned&since=2026-03-02&until=soon&partner=P-2")[0] == ("q", "a")
    assert in_words(fmt, "portal_returns", "status", "open") == "Under way"
    assert in_words(fmt, "portal_orders", "status", "cancelled") == "Cancelled"
    assert in_words(fmt, "portal_orders", "since", "2026-03-02") == "2 Mar 2026"
    assert not PORTAL_LISTS.keys() & LISTS.keys(), "what partners keep is not taken for the console's"


def test_the_names_that_lists_take_are_those_of_the_pages() -> None:
    assert tuple(COLUMNS) == catalogue.ORDER_COLUMNS
    assert tuple(FIXED) == catalogue.FIXED_COLUMNS
    assert tuple(work.SCOPES) == catalogue.SCOPES
    assert returns.views() == catalogue.RETURN_VIEWS
