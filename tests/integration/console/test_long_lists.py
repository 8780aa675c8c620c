"""Lists of ten thousand rows: what a page costs, how one walks through them, and what is chosen of them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from psycopg.rows import tuple_row

from headgate.console.app import create_console
from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.store import Database
from tests.conftest import NOW, create_tenant
from tests.integration.console.long_books import fill_books
from tests.integration.console.long_lists import MANY, fill
from tests.integration.console.site import Visitor, open_accounts, words
from tests.scenarios.channel import open_channel

pytestmark = pytest.mark.slow
PAGE = 50
# Of the page itself; what belongs to every page comes once and is measured in the browser.
PAGE_BYTES = 250_000
# A plan that sorts so many rows has read the whole list to show fifty of it.
WHOLE = MANY // 2
# Statements of a page, the transaction's own included.
BUDGETS = {
    "/orders": 17,
    "/orders?status=held": 17,
    "/orders?partner=P-1": 17,
    "/orders?q=copy+77": 17,
    "/work": 15,
    "/work?scope=team": 14,
    "/cases": 17,
    "/cases?status=closed": 17,
    "/partners": 15,
    "/returns": 14,
    "/returns?status=expected": 14,
    "/deals": 14,
    "/deals?status=approved": 14,
    "/approvals": 18,
}
# Those that others read.
BOOKS = {
    "ada": {"/audit": 22, "/audit?action=probe.1": 22, "/audit?q=A-00077": 22, "/audit?actor=carl": 23},
    "desk": {"/quarantine": 14, "/quarantine?reason=reason+1": 14},
}
# What looks at everything that is open because its answer depends on it: which task of several is the reader's to do,
# and what each partner ordered in twelve weeks.
RANKED = ("select q.task", "select count(*) filter (where q.assignee", "select * from ( select p.partner")
LISTS = ("/orders", "/work?scope=team", "/cases", "/cases?status=closed", "/partners", "/returns", "/deals")


@pytest.fixture(scope="module")
def long(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A channel after ten thousand orders, all held, with their cases, approvals and tasks; and as many closed cases,
    partners, returns and deals. Nobody has counted the tables yet, as after a large import."""
    database = Database(module_settings.app_database_url)
    channel = open_channel(database, create_tenant(database), FixedClock(NOW), tmp_path_factory.mktemp("channel"))
    visitor = Visitor(channel, create_console(channel.app), open_accounts(channel))
    channel.order("O-1", ("S-1", "10", "8.00"), ("S-2", "1", "100.00"), customer_reference="PO 1")
    channel.govern()
    fill(channel, "O-1")
    fill_books(channel)
    yield visitor.enter("carl")
    database.close()


@contextmanager
def sorts(found: list[tuple[int, str]]) -> Iterator[None]:
    """Explain every query that is asked meanwhile: the most rows that it sorts at once, and its text."""
    plain = psycopg.Cursor.execute

    def explained(cursor: psycopg.Cursor[Any], query: Any, params: Any = None, **more: Any) -> psycopg.Cursor[Any]:
        text = " ".join(str(query).split())
        if text.startswith("select") and " update " not in text:
            with cursor.connection.cursor(row_factory=tuple_row) as asking:
                row = plain(asking, f"explain (analyze, format json) {text}", params).fetchone()
            assert row is not None
            (plan,) = row[0] if isinstance(row[0], list) else json.loads(row[0])
            found.append((_sorted(plan["Plan"]), text))
        return plain(cursor, query, params, **more)

    with patch.object(psycopg.Cursor, "execute", explained):
        yield


def _sorted(node: dict[str, Any]) -> int:
    below = node.get("Plans", [])
    inner = max((_sorted(each) for each in below), default=0)
    return max(inner, int(below[0]["Actual Rows"])) if node["Node Type"] == "Sort" and below else inner


@pytest.fixture(scope="module")
def counted(long: Visitor, module_settings: Settings) -> Visitor:
    """The same once the database has counted: before, it guesses that a status leaves one row, which is soon sorted."""
    with psycopg.connect(module_settings.database_url, autocommit=True) as owner:
        owner.execute("analyze")
    return long


@pytest.mark.parametrize("reader", ["carl", *BOOKS])
def test_a_page_of_a_long_list_costs_as_much_as_one_of_a_short_list(long: Visitor, reader: str) -> None:
    over, heavy = {}, {}
    long.enter(reader)
    for path, budget in BOOKS.get(reader, BUDGETS).items():
        long.get(path)
        with long.counted():
            answer = long.get(path)
        assert answer.status_code == 200, path
        if long.queries > budget:
            over[path] = long.queries
        if len(answer.content) > PAGE_BYTES:
            heavy[path] = len(answer.content)
    assert (over, heavy) == ({}, {})


@pytest.mark.parametrize("reader", ["carl", *BOOKS])
def test_no_page_sorts_the_whole_list_to_show_fifty_of_it(counted: Visitor, reader: str) -> None:
    sorted_whole = set[str]()
    counted.enter(reader)
    for path in BOOKS.get(reader, BUDGETS):
        found: list[tuple[int, str]] = []
        with sorts(found):
            assert counted.get(path).status_code == 200, path
        assert len(found) > 3, "the queries were seen"
        sorted_whole |= {text[:90] for rows, text in found if rows > WHOLE and not text.startswith(RANKED)}
    assert sorted_whole == set()


@pytest.mark.parametrize("reader", ["carl", *BOOKS])
def test_long_lists_are_walked_by_the_key_of_their_last_row(long: Visitor, reader: str) -> None:
    long.enter(reader)
    for path in (each for each in BOOKS.get(reader, LISTS) if "q=" not in each):
        seen: list[str] = []
        at, part = path, ""
        for _ in range(4):
            page = long.get(at, part=part).text
            seen += re.findall(r'<tr data-href="([^"]+)"', page)
            further = re.search(r'href="([^"]+)"[^>]* data-more', page)
            assert further, path
            at, part = html.unescape(further[1]), "rows"
        assert len(seen) == len(set(seen)) == 4 * PAGE, path


def test_how_many_there_are_is_said_and_where_choosing_them_all_ends(long: Visitor) -> None:
    assert f"{MANY:,} items" in words(long.enter("desk").get("/quarantine"))
    long.enter("carl")
    assert f"of all {MANY + 1:,} orders that match" in words(long.get("/orders"))
    assert f"{MANY + 1:,} cases" in words(long.get("/cases"))
    assert f"{MANY:,} returns" in words(long.get("/returns"))
    assert f"{MANY:,} deals" in words(long.get("/deals"))
    page = long.get("/approvals?all=1")
    assert "The 100 most urgent are shown. The next come when these are decided." in words(page)
    picks = re.findall(r'name="pick:([^"]+)" value="([^"]+)"[^>]*checked', page.text)
    assert len({approval for approval, _ in picks}) == 100
    assert all(digest for _, digest in picks), "each is chosen with exactly what it asks"
    page = long.get("/work?all=1")
    assert "Chosen are the most urgent 100 of" in words(page)
    assert len(re.findall(r'name="task" value="[^"]+"[^>]* checked', page.text)) == 100
