"""Signing in by an identity provider, and support's banner, as people meet them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from playwright.sync_api import Page, expect

from headgate.access.support import begin_look, consent
from headgate.connectors.delivery import Fetcher, Rules, Wire
from headgate.kernel.clock import SystemClock
from headgate.kernel.context import SYSTEM, Principal
from tests.browser.stage import Stage
from tests.provider.running import real_provider
from tests.scenarios.channel import person

pytestmark = pytest.mark.slow

KIM = Principal("operator:kim", "system", "kim")


@pytest.fixture
def issuer(stage: Stage) -> Iterator[str]:
    """A real provider that the server may reach; its tokens have the real time."""
    rules = Rules((ip_network("127.0.0.1/32"),))
    stage.channel.app.discovery.fetch = Fetcher(rules, Wire(rules))
    stage.channel.clock.move(SystemClock().now() - stage.channel.clock.now())
    with real_provider(f"{stage.base}/sign-in/back") as running:
        yield running


def agree(page: Page) -> None:
    """What a person does at the provider."""
    page.locator("input[name=login]").fill("ana")
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()


def test_an_administrator_sets_a_provider_up_and_a_person_signs_in_by_it(stage: Stage, issuer: str) -> None:
    admin = stage.tab("tom")
    admin.goto("/identity/sign-on")
    admin.get_by_label("Short name").fill("idp")
    admin.get_by_label("Name on the sign-in page").fill("Contoso")
    admin.get_by_label("Issuer").fill(issuer)
    admin.get_by_label("Client id").fill("headgate")
    admin.get_by_label("Client secret").fill("a secret: with & odd chars")
    admin.get_by_label("Further scopes").fill("profile email groups")
    admin.get_by_role("button", name="Add the provider").click()
    admin.get_by_role("link", name="Test the sign-in").click()
    agree(admin)
    expect(admin.get_by_role("heading", name="The sign-in works")).to_be_visible()
    admin.get_by_role("link", name="Back to Sign-on").click()
    admin.get_by_text("Linked people").click()
    admin.get_by_label("Subject").fill("ana")
    admin.get_by_label("Account", exact=True).fill(person("carl"))
    admin.get_by_role("button", name="Link").click()
    admin.get_by_role("button", name="Switch on").click()
    page = stage.tab(phone=True)
    page.goto("/orders")
    page.get_by_role("link", name="Sign in with Contoso").click()
    agree(page)
    page.wait_for_url("**/orders")
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


def test_support_looks_under_a_banner_on_every_page_and_stops(stage: Stage) -> None:
    channel = stage.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        consent(conn, channel.context(SYSTEM), person("carl"), reason="ticket 4711", hours=4)
        link = begin_look(conn, channel.context(KIM), person("carl"), reason="totals look wrong")
    page = stage.tab()
    page.goto(f"/support/{link}")
    page.get_by_role("button", name="Look now").click()
    for path in ("/", "/orders", "/policies"):
        page.goto(path)
        banner = page.get_by_text("Support is looking")
        expect(banner).to_be_in_viewport()
    page.get_by_role("button", name="Stop looking").click()
    page.wait_for_url("**/sign-in")
