"""Open pages stay true by themselves: counts, states and rows; what would jump under a thumb waits to be asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _told(stage: Stage) -> Iterator[None]:
    """Changes are told, as they are where `headgate serve` runs."""
    stage.channel.app.news.open()
    yield
    stage.channel.app.news.close()


def followed(page: Page, address: str) -> Page:
    """A page that is told of changes."""
    page.goto(address)
    page.wait_for_selector("body[data-told]")
    return page


def test_the_queue_counts_by_itself_and_offers_what_is_new(stage: Stage) -> None:
    stage.order()
    page = followed(stage.tab("carl"), "/work?scope=unassigned")
    before = page.locator("#rows > tr").count()
    number = stage.order()
    expect(page.locator("#live")).to_contain_text("1 new")
    expect(page.locator("#live-head")).to_contain_text(f"{before + 1} tasks")
    assert page.locator("#rows > tr").count() == before, "nothing jumps"
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#rows > tr")).to_have_count(before + 1)
    expect(page.locator("#rows")).to_contain_text(number)
    expect(page.locator("#live")).to_be_hidden()


def test_what_is_chosen_stays_chosen_and_a_claim_elsewhere_is_seen(stage: Stage) -> None:
    mine, taken = stage.order(), stage.order()
    page = followed(stage.tab("carl"), "/work?scope=unassigned")
    page.locator("#rows > tr", has_text=mine).get_by_role("checkbox").check()
    elsewhere = stage.tab("carl", phone=True)
    elsewhere.goto("/work?scope=unassigned")
    elsewhere.locator("#rows > tr", has_text=taken).get_by_role("button", name="Take").click()
    expect(elsewhere.get_by_text("The task is yours now.")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("This has changed")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#rows > tr", has_text=taken)).to_have_count(0)
    expect(page.locator("#rows > tr", has_text=mine).get_by_role("checkbox")).to_be_checked()


def test_an_order_page_shows_its_new_state_and_an_approval_under_the_thumb_does_not_move(stage: Stage) -> None:
    number = stage.order()
    approval = stage.approval_of(number)
    phone = followed(stage.tab("carl", phone=True), approval)
    order = followed(stage.tab("rita"), f"/orders/{number}")
    expect(order.locator("#live-head")).to_contain_text("Held")
    stage.channel.decide("carl", number)
    stage.channel.decide("fiona", number)
    expect(order.locator("#live-head")).to_contain_text("Released")
    expect(phone.locator("#live")).to_contain_text("This has changed")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("button", name="Show").click()
    expect(phone.locator("#main")).to_contain_text("Approved")


def test_counts_in_the_navigation_change_on_pages_that_do_not_ask_for_themselves(stage: Stage) -> None:
    page = followed(stage.tab("carl"), "/policies")
    count = page.locator("#nav-cases .count")
    before = int(count.inner_text().split()[0]) if count.count() else 0
    stage.order()
    expect(count).to_contain_text(str(before + 1))
    assert page.url.endswith("/policies")


def test_a_page_that_nobody_looks_at_hangs_up_and_comes_back_with_what_it_missed(stage: Stage) -> None:
    page = stage.tab("carl")
    followed(page, "/work?scope=unassigned")
    hide = """hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange')); }"""
    page.evaluate(hide, True)
    page.wait_for_selector("body:not([data-told])")
    stage.order()
    page.evaluate(hide, False)
    expect(page.locator("#live")).to_contain_text("1 new")


def test_signing_out_elsewhere_says_so_and_leads_to_the_sign_in_page(stage: Stage) -> None:
    page = stage.tab("fay")
    followed(page, "/orders")
    other = page.context.new_page()
    other.goto("/account")
    other.locator("#sign-out").evaluate("button => button.click()")
    expect(page.locator("#live")).to_contain_text("You are signed out")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sign-in**")


def test_without_the_stream_the_page_is_as_it_was(stage: Stage) -> None:
    page = stage.tab("carl", script="delete window.EventSource;")
    page.goto("/work?scope=unassigned")
    before = page.locator("#rows > tr").count()
    stage.order()
    page.reload()
    expect(page.locator("#rows > tr")).to_have_count(before + 1)
    expect(page.locator("#live")).to_be_hidden()
