"""Chromium in front of a served console. One server and one browser per file, a fresh profile per journey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.store import Database
from scripts.browser import ADVICE, FLAGS, find_chromium
from tests.browser.stage import PATIENCE_MS, Stage, served
from tests.conftest import NOW, create_tenant
from tests.integration.console.site import open_accounts
from tests.scenarios.channel import account, open_channel, partner, stock


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Not for the whole run: while it is open, the main thread's event loop belongs to it."""
    path = find_chromium()
    if path is None:
        pytest.skip(ADVICE)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The channel and its server, shared by the journeys of a file: each brings orders of its own.

    Partner P-1 may owe a billion, partner P-2 next to nothing.
    """
    database = Database(module_settings.app_database_url, pool_size=10)
    tenant = create_tenant(database)
    channel = open_channel(database, tenant, FixedClock(NOW), tmp_path_factory.mktemp("channel"))
    slug = open_accounts(channel)
    channel.send("credit_account.recorded", items=[account("A-1", "1000000000"), account("A-2", "100")])
    channel.send("partner.recorded", items=[partner("P-1", "A-1", name="Amberlo Networks"), partner("P-2", "A-2")])
    channel.send("stock.recorded", items=[stock("S-1", "100000000"), stock("S-2", "1000")])
    channel.govern()
    with served(channel) as base:
        yield Stage(channel, base, slug, browser)
    database.close()


@pytest.fixture
def stage(opened: Stage) -> Iterator[Stage]:
    """The stage for one journey. Fails when a page had a script error, broke the content policy or answered 5xx."""
    yield opened
    assert opened.close_tabs() == []
