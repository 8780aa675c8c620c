"""Finding things: long lists, filters in the address, search, and what is said where there is nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.slow
MANY = 2000


@pytest.fixture(scope="module", autouse=True)
def _many(opened: Stage) -> None:
    """Some thousand orders that went through, and one that is held."""
    opened.many(MANY)
    opened.order()


def rows(page: Page) -> Locator:
    """The rows of the list."""
    return page.locator("tbody#rows > tr")


def test_thousands_of_orders_are_walked_page_by_page(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/orders")
    expect(rows(page)).to_have_count(50)
    expect(page.locator(".totals")).to_contain_text(f"of all {MANY + 1:,} orders that match")
    page.get_by_role("link", name="Load more").click()
    expect(rows(page)).to_have_count(100)
    expect(rows(page).nth(50).get_by_role("link")).to_be_focused()
    page.keyboard.press("m")
    expect(rows(page)).to_have_count(150)
    numbers = page.locator("tbody#rows a[data-row]").all_inner_texts()
    assert len(set(numbers)) == 150, "no order is shown twice"
    page.keyboard.press("p")
    expect(page.get_by_role("dialog", name="Explanation")).to_contain_text(f"Order {numbers[100]}")


def test_filters_stand_in_the_address_and_survive_reload_and_back(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/orders")
    page.get_by_role("combobox", name="Status").select_option("held")
    page.wait_for_url("**/orders?*status=held*")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Search", exact=True).fill("nothing-like-this")
    page.wait_for_url("**q=nothing-like-this*")
    expect(page.get_by_role("heading", name="No order matches")).to_be_visible()
    page.reload()
    expect(page.get_by_role("combobox", name="Status")).to_have_value("held")
    expect(page.get_by_label("Search", exact=True)).to_have_value("nothing-like-this")
    page.go_back()
    page.wait_for_url(lambda url: "nothing" not in url)
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("Search", exact=True)).to_have_value("")
    rows(page).get_by_role("link").click()
    page.wait_for_url("**/orders/T-*")
    page.go_back()
    expect(page.get_by_role("combobox", name="Status")).to_have_value("held")
    page.get_by_role("link", name=re.compile("Status: Held")).click()
    expect(rows(page)).to_have_count(50)


def test_one_box_finds_orders_partners_and_policies(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("amberlo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=amberlo")
    results = page.get_by_role("main").get_by_role("listitem")
    expect(results.first).to_contain_text("Amberlo Networks")
    results.first.get_by_role("link").click()
    page.wait_for_url("**/partners/P-1")
    page.goto("/search?q=M-00042")
    expect(results.first).to_contain_text("M-00042")
    page.goto("/search?q=margin")
    expect(results.filter(has_text="margin_floor").first).to_be_visible()
    page.goto("/search?q=zzzz")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_a_list_without_entries_says_what_would_stand_there(stage: Stage) -> None:
    page = stage.tab("fay")  # finance: nothing of this needs her
    for address, says in {
        "/": "Nothing waits for you",
        "/work": "Nothing here",
        "/cases?status=closed&q=zzz": "No case here",
        "/agreements?q=zzz": "No agreement matches",
        "/partners?q=zzz": "No partner matches",
        "/audit?q=zzz": "No entry matches",
    }.items():
        page.goto(address)
        expect(page.get_by_role("heading", name=says)).to_be_visible()
    desk = stage.tab("desk")
    desk.goto("/quarantine")
    expect(desk.get_by_role("heading", name="Nothing in quarantine")).to_be_visible()


def test_columns_are_chosen_and_stay_in_the_address(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/orders")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Storefront").uncheck()
    page.wait_for_url("**column=*")
    expect(page.get_by_role("columnheader", name="Storefront")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("columnheader", name="Storefront")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="Partner")).to_have_count(1)


def test_on_a_phone_filters_wait_behind_a_button(stage: Stage) -> None:
    page = stage.tab("carl", phone=True)
    page.goto("/orders")
    status = page.get_by_role("combobox", name="Status")
    expect(status).to_be_hidden()
    page.get_by_text("More filters").tap()
    expect(status).to_be_visible()
    status.select_option("held")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Menu").tap()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Partners").tap()
    page.wait_for_url("**/partners")
