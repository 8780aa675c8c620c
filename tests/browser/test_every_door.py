"""Every page of the console, from its list of doors: usable by everybody, in both themes, on a phone, light to load.

A new page is looked at without anybody thinking of it. `test_every_page.py` looks at the same pages in other states.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from headgate import access
from headgate.console import auth, urls
from headgate.console.app import DOORS
from headgate.entry.web import create_web
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM
from headgate.kernel.settings import Settings
from headgate.store import Database
from tests.browser.stage import Stage, served
from tests.browser.test_every_page import AXE, RUN
from tests.browser.weight import FIRST_LOAD_BYTES, weigh
from tests.scenarios.api.world import new_tenant, open_world
from tests.scenarios.channel import person
from tests.scenarios.isolation.test_pages import NOWHERE, address, furnish_pages, ids_in, named, plain
from tests.scenarios.isolation.test_routes import CANARY, NOW, PEOPLE

pytestmark = pytest.mark.slow
# Files, styles, streams, and parts that the scripts of a page ask for.
NO_PAGES = {
    urls.WORK_ACT,
    urls.LIVE_NEWS,
    urls.LOGO,
    urls.AUDIT_VERIFY,
    urls.ANYWHERE,
    "/orders.csv",
    "/orders/{order}/peek",
    "/policies/{policy}/versions/{version}/edit-grid",
    "/policies/{policy}/versions/{version}/export/{form}",
    "/processes/{process}/versions/{version}/files/{form}",
    "/access-reviews/{review}/export.{form}",
    "/new-role/effect",
    "/settings/brand/preview.css",
    "/live/navigation",
    "/brand.css",
}
PAGES = {
    plain(door): door
    for door in DOORS
    if door.method == "GET" and plain(door) not in NO_PAGES and not NOWHERE.intersection(named(door))
}
READERS = [who for who in PEOPLE if who != "erp"]


@dataclass(slots=True)
class House:
    """A tenant that has one of everything, its ids, and what its people look at."""

    stage: Stage
    ids: dict[str, str]
    client: TestClient
    sessions: dict[str, str]
    phones: dict[str, Page] = field(default_factory=dict)

    def reader_of(self, path: str) -> str:
        """Somebody who may read a page."""
        for who, token in self.sessions.items():
            cookie = {"cookie": f"{auth.COOKIES.prefix}_session={token}"}
            if self.client.get(path, headers=cookie, follow_redirects=False).status_code == 200:
                return who
        raise AssertionError(f"nobody may read {path}")


@pytest.fixture(scope="module")
def house(browser: Browser, module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The tenant behind a server."""
    database = Database(module_settings.app_database_url, pool_size=10)
    home = tmp_path_factory.mktemp("house")
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), home, outbound_allow=("127.0.0.1/32",))
    furnish_pages(world, CANARY)
    channel = world.channel
    with database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        sessions = {who: access.start_session(conn, ctx, person(who)).token for who in READERS}
        ids = ids_in(conn)  # a session is one of them
    client = TestClient(create_web(channel.app), base_url="http://localhost")
    with served(channel) as base:
        yield House(Stage(channel, base, world.slug, browser), ids, client, sessions)
    database.close()


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_kept_out_by(path: str, house: House) -> None:
    """On a desk in light, where nothing is cached, and on a phone in dark; no page is wider than either."""
    stage, there = house.stage, address(PAGES[path], house.ids)
    reader = house.reader_of(there)
    stage.complaints.clear()
    desk = stage.tab(reader, script=AXE)
    phone = house.phones.get(reader) or stage.tab(reader, phone=True, dark=True, script=AXE)
    house.phones[reader] = phone
    assert 10_000 < weigh(desk, there) <= FIRST_LOAD_BYTES
    phone.goto(there)
    found = []
    for where, page in (("desk", desk), ("phone", phone)):
        assert page.locator("main").count() == 1, "a page, and no part of one"
        found += [f"{where}: {each}" for each in page.evaluate(RUN)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"wider than a {where}")
    desk.context.close()
    stage.contexts.remove(desk.context)
    assert found == []
    assert stage.complaints == []
