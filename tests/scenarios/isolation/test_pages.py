"""Every way into the console, with another tenant's ids: nothing is told and nothing changes. And every page of one's
own opens, in few questions to the database.

The ways in come from the console's list of doors, so a new page is tried without anybody thinking of it; a new kind
of id fails here until the test knows where to find one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import psycopg
import pytest
from starlette.testclient import TestClient

from headgate import access
from headgate.access.support import consent
from headgate.console import auth, urls
from headgate.console.app import DOORS
from headgate.console.visit import Door
from headgate.entry.web import create_web
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.scenarios.api.world import World, new_tenant, open_world
from tests.scenarios.channel import person
from tests.scenarios.isolation.test_routes import CANARY, IDS, NOW, PEOPLE, Houses, access_as, furnish

pytestmark = pytest.mark.slow

# Where an id of the other tenant is found, by the name of the parameter.
FOUND = {
    **{name: query for (part, name), query in IDS.items() if part not in ("tenants", "offers", "subscriptions")},
    "of backtest": IDS["backtests", "run"],
    "run": IDS["provisioning", "run"],
    "offer": IDS["offers", "offer"],
    "tenant": IDS["tenants", "tenant"],
    "line": "select '1'",
    "check": "select 'price:1'",
    "item": "select id from quarantine",
    "person": f"select principal from principals where principal = '{person('carl')}'",
    "policy": "select 'price_deviation'",
    "candidate": "select 1",
    "delivery": "select id from outbox",
    "review": f"select id from access_reviews where title = '{CANARY}'",
    "consent": f"select id from support_consents where reason = '{CANARY}'",
    "key": "select key_id from api_keys limit 1",
    "session": "select encode(token_hash, 'hex') from sessions where principal = 'user:carl@nordwind.example' limit 1",
    "client": "select 'hgc_00000000000000000000000000000001'",
    "provider": "select 'none'",
    "passkey": "select 'bm9uZQ'",
    "device": "select '00000000-0000-0000-0000-000000000001'",
    "file": "select '00000000-0000-0000-0000-000000000001'",
    "token": "select 'none'",
    "form": "select 'yaml'",
    "act": "select 'withdraw'",
    "process": "select process from cases order by process limit 1",
    "of process": "select version from cases order by process limit 1",
}
# What a page is about where the common one will not do: a draft, a version that waits for a review, a form of a file.
WAITS, DRAFTED = "price_deviation", "margin_floor"
ABOUT: dict[str, dict[str, str]] = {
    "/policies/{policy}/versions/{version}/diff": {"version": "2"},
    "/policies/{policy}/versions/{version}/review": {"version": "2"},
    "/policies/{policy}/versions/{version}/edit": {"policy": DRAFTED, "version": "2"},
    "/policies/{policy}/versions/{version}/edit-grid": {"policy": DRAFTED, "version": "2"},
    "/processes/{process}/versions/{version}": {"version": "of process"},
    "/processes/{process}/versions/{version}/files/{form}": {"version": "of process", "form": "bpmn"},
    "/access-reviews/{review}/export.{form}": {"form": "csv"},
    "/backtests/{run}": {"run": "of backtest"},
    "/backtests/{run}/flips/{candidate}/{place}": {"run": "of backtest"},
}
# Both tenants have things under these names and numbers: what is asked for is then one's own.
SHARED = {"policy", "version", "process", "form", "act", "kind", "person", "month", "place", "candidate", "seq"}
# Of these the other tenant has none either; that they are not found proves nothing, but does no harm.
NOWHERE = {"client", "provider", "passkey", "device", "file", "token", "deal", "subscription"}
# What leads on to a page, is a stream, or is not there before somebody has brought it.
NO_PAGES = {urls.WORK_ACT, urls.LIVE_NEWS, urls.LOGO, urls.AUDIT_VERIFY}
# What a page brings of its own, before it is compressed; what all share is weighed in a browser.
OWN_BYTES = 150_000
# Statements of a page, the transaction's own included; those that need more have a budget of their own.
BUDGET = 18
BUDGETS = {
    "/approvals/{approval}": 31,
    "/orders/{order}": 26,
    "/cases/{case}": 26,
    "/partners/{partner}": 22,
    "/orders/{order}/peek": 21,
    "/audit": 22,
    "/backtests/{run}/flips/{candidate}/{place}": 20,
    "/operations": 19,
}
EVERYWHERE = [door for door in DOORS if door.path not in (urls.ANYWHERE, urls.SIGN_OUT)]


def plain(door: Door) -> str:
    return door.path.replace("%7B", "{").replace("%7D", "}")


def named(door: Door) -> list[str]:
    return re.findall(r"\{(\w+)(?::\w+)?\}", plain(door))


def ids_in(conn: psycopg.Connection) -> dict[str, str]:
    """An id of every kind."""
    return {name: _id_in(conn, name, query) for name, query in FOUND.items()}


def _id_in(conn: psycopg.Connection, name: str, query: str) -> str:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None, f"A has no {name}"
    return str(row[0])


def address(door: Door, ids: Mapping[str, str]) -> str:
    """A door with ids in it."""
    path = plain(door)
    about = ABOUT.get(path, {})
    for name in named(door):
        assert name in FOUND, f"say where an id for {{{name}}} in {path} is found"
        value = about.get(name, ids[name])
        path = re.sub(r"\{" + name + r"(:\w+)?\}", quote(ids.get(value, value), safe=""), path)
    return path


def furnish_pages(world: World, mark: str) -> None:
    """One of each thing, and what only pages show: a consent, a version that waits for its review, a draft."""
    furnish(world, mark)
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        adam, prue = (access_as(conn, who, world.channel.tenant) for who in ("adam", "prue"))
        consent(conn, adam, person("carl"), reason=mark, hours=2)
        policies = world.channel.app.policies
        for name in (WAITS, DRAFTED):
            policies.draft(conn, prue, policies.text(conn, name, 1).replace("version: 1", "version: 2", 1))
        policies.submit(conn, prue, WAITS, 2)


class Site:
    """The console, with sessions of everybody in both houses."""

    def __init__(self, houses: Houses) -> None:
        self.houses = houses
        self.client = TestClient(create_web(houses.b.channel.app), base_url="http://localhost", follow_redirects=False)
        self.sessions = {house: self._sessions(getattr(houses, house)) for house in "ab"}
        with houses.a.channel.app.database.transaction(houses.a.channel.tenant) as conn:
            self.ids = ids_in(conn)

    def _sessions(self, world: Any) -> dict[str, str]:
        with world.channel.app.database.transaction(world.channel.tenant) as conn:
            known = [who for who in PEOPLE if who != "erp"]
            return {who: access.start_session(conn, world.context(), person(who)).token for who in known}

    def ask(self, house: str, who: str, method: str, path: str) -> Any:
        """What somebody of a house is answered."""
        token = self.sessions[house][who]
        headers = {"cookie": f"{auth.COOKIES.prefix}_session={token}"}
        if method == "GET":
            return self.client.get(path, headers=headers)
        ids = f"{self.ids['approval']} {self.ids['task']}"
        fields = {"reason": "some reason", "justification": "some reason", "outcome": "approve", "act": "claim"}
        more = {"tasks": ids, "approvals": ids, "ids": ids, "picked": ids, "digest": "", "name": "x", "list": "orders"}
        return self.client.post(path, data={**fields, **more, "csrf": auth.csrf_of(token)}, headers=headers)


@pytest.fixture(scope="module")
def site(
    database: Database, cluster: Any, worker_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Two tenants that have the same, but A's own things bear a canary."""
    a, b = (
        open_world(
            database,
            new_tenant(database, NOW),
            FixedClock(NOW),
            tmp_path_factory.mktemp(name),
            outbound_allow=("127.0.0.1/32",),
        )
        for name in "ab"
    )
    for world, mark in ((a, CANARY), (b, "of-b")):
        furnish_pages(world, mark)
    with psycopg.connect(cluster.admin_dsn(worker_database), autocommit=True) as conn:
        yield Site(Houses(a, b, conn))


def test_no_way_into_the_console_tells_or_changes_what_is_another_tenants(site: Site) -> None:
    houses = site.houses
    addresses = {(door.method, door.path): address(door, site.ids) for door in EVERYWHERE}
    before = houses.belongings()
    wrong = []
    for door in EVERYWHERE:
        path, theirs = addresses[door.method, door.path], set(named(door)) - SHARED - NOWHERE
        for who in site.sessions["b"]:
            answer = site.ask("b", who, door.method, path)
            said = (answer.text + answer.headers.get("location", "")).replace(path, "")
            for own in re.findall(r"[\w-]*" + CANARY, path):
                said = said.replace(own, "")
            if any(each in said for each in (CANARY, str(houses.a.channel.tenant), houses.a.slug)):
                wrong.append(f"{who} was told by {door.method} {path}")
            refused = (403, 404) if door.method == "GET" else (303, 400, 403, 404, 409, 422)
            if answer.status_code >= 500 or (theirs and answer.status_code not in refused):
                wrong.append(f"{who}: {door.method} {path}: {answer.status_code}")
            if answer.status_code != 403:
                break
    assert wrong == []
    assert houses.belongings() == before


def test_every_page_of_ones_own_opens_in_few_questions_and_few_bytes(site: Site) -> None:
    """Otherwise the refusals above would prove nothing. What asks more than its budget looks things up in a loop."""
    asked, heavy, closed = {}, {}, []
    for door in EVERYWHERE:
        if door.method != "GET" or door.path in NO_PAGES or NOWHERE.intersection(named(door)):
            continue
        path = address(door, site.ids)
        reader = next((who for who in site.sessions["a"] if site.ask("a", who, "GET", path).status_code == 200), None)
        if reader is None:
            closed.append(plain(door))
            continue
        with counted() as statements:
            answer = site.ask("a", reader, "GET", path)
        asked[plain(door)] = statements[0]
        if len(answer.content) > OWN_BYTES:
            heavy[plain(door)] = len(answer.content)
    assert closed == []
    assert heavy == {}
    assert {path: n for path, n in asked.items() if n > BUDGETS.get(path, BUDGET)} == {}
    assert BUDGETS.keys() <= asked.keys(), "a budget of no page"


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many statements are sent to the database meanwhile, but those that read whose host is whose now and then."""
    execute, count = psycopg.Cursor.execute, [0]

    def counting(cursor: Any, *args: Any, **kwargs: Any) -> Any:
        count[0] += 1
        return execute(cursor, *args, **kwargs)

    standing = patch("headgate.portal.hosts.monotonic", lambda: 0.0)
    with patch.object(psycopg.Cursor, "execute", counting), standing:
        yield count
