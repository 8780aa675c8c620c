"""A partner's open pages stay true by themselves, and are not even told that something happened to another partner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from headgate import access
from headgate.access import load_principal
from headgate.kernel.context import SYSTEM
from headgate.process import messages
from tests.browser.stage import Stage
from tests.integration.portal.site import mail, open_partners
from tests.scenarios.channel import person

pytestmark = pytest.mark.slow
# Writes down what a page is told; the first thing said to a page is no news of anybody.
EAR = """
  window.told = [];
  window.EventSource = class extends window.EventSource {
    constructor(address) {
      super(address);
      this.addEventListener("news", event => window.told.push(event.data));
    }
  };
"""


@pytest.fixture(scope="module")
def partners(opened: Stage) -> Stage:
    """The stage with people of two partners."""
    open_partners(opened.channel)
    return opened


@pytest.fixture
def scene(partners: Stage, stage: Stage) -> Iterator[Stage]:
    """Changes are told, as they are where `headgate serve` runs."""
    partners.channel.app.news.open()
    yield stage
    partners.channel.app.news.close()


def followed(stage: Stage, name: str, address: str) -> Page:
    """A page of somebody of a partner, on a phone, that is told of changes."""
    channel = stage.channel
    page = stage.tab(phone=True, script=EAR)
    with channel.app.database.transaction(channel.tenant) as conn:
        token = access.start_session(conn, channel.context(SYSTEM), f"user:{mail(name)}").token
    page.context.add_cookies([{"name": "headgate_portal_session", "value": token, "url": stage.base}])
    page.goto(address)
    page.wait_for_selector("body[data-told]")
    page.evaluate("window.sameDocument = true")
    return page


def told(page: Page) -> list[str]:
    """What a page was told since it began to listen."""
    return [each for each in page.evaluate("window.told") if "anything" not in each]


def buy(stage: Stage, number: str, partner: str, quantity: str) -> str:
    """An order of a partner that waits for a decision on its price, and is like no other one."""
    stage.channel.order(number, ("S-1", quantity, "8.00"), partner=partner, customer_reference=f"for {number}")
    stage.channel.govern()
    stage.channel.app.news.flush()  # told now, and not to a page that is opened a moment later
    return number


def test_a_milestone_and_a_message_appear_while_a_partner_looks(scene: Stage) -> None:
    channel, number = scene.channel, buy(scene, "LIVE-1", "P-1", "10")
    page = followed(scene, "pia", f"/portal/orders/{number}")
    expect(page.locator("#live-head .pill")).to_contain_text("Held")
    page.get_by_label("Write to us").fill("half a sentence")
    carl = person("carl")
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(load_principal(conn, carl, channel.clock.now()))
        about = messages.About(channel.found(number)["case_id"], "order", number, "P-1")
        messages.send_message(conn, ctx, about, "We look at it this morning")
    expect(page.locator("#live-thread")).to_contain_text("We look at it this morning")
    expect(page.get_by_label("Write to us")).to_have_value("half a sentence")
    channel.decide("carl", number)
    channel.decide("fiona", number)
    channel.govern()
    expect(page.locator("#live-head .pill")).to_contain_text("Released")
    expect(page.locator("#live-stages [aria-current=step]")).not_to_contain_text("Decision")
    expect(page.get_by_text("A price is below your contract")).to_have_count(0)
    assert page.evaluate("window.sameDocument"), "nobody loaded the page again"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_label("Write to us")).to_have_value("half a sentence")


def test_nothing_is_told_of_another_partner(scene: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.store.news.GATHER_SECONDS", 3600.0)  # told when this says so, however long it takes
    mine = buy(scene, "LIVE-2", "P-1", "11")
    pia = followed(scene, "pia", f"/portal/orders/{mine}")
    otto = followed(scene, "otto", "/portal/orders")
    before = told(pia)
    theirs = buy(scene, "LIVE-3", "P-2", "12")
    expect(otto.locator("#live-show")).to_be_visible()
    assert told(pia) == before, "otto was told, and pia was not"
    # What is told is told in order: this comes last, and nothing came before it.
    for who in ("carl", "fiona"):
        scene.channel.decide(who, mine)
        scene.channel.app.news.flush()
    expect(pia.locator("#live-head .pill")).to_contain_text("Released")
    heard = told(pia)[len(before) :]
    assert heard
    assert len(heard) <= 2, "one for each decision on the own order"
    otto.get_by_role("button", name="Show").click()
    expect(otto.locator("#main")).to_contain_text(theirs)
    assert mine not in otto.content()
    assert theirs not in pia.content()
