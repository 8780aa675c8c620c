"""Saved views as a person keeps and finds them, by keyboard and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.test_portal import phone
from tests.integration.portal.site import open_partners

pytestmark = pytest.mark.slow


def keep_held(page: Page, name: str) -> None:
    """Filter the orders and keep that."""
    page.goto("/orders")
    page.get_by_role("combobox", name="Status").select_option("held")
    page.get_by_role("link", name="Save this view").click()
    page.locator("#name").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders?status=held&view=*")


def test_a_filtered_list_is_kept_and_found_by_keyboard(stage: Stage) -> None:
    stage.order()
    page = stage.tab("carl")
    keep_held(page, "Held by us")
    expect(page.get_by_text("The view is saved.")).to_be_visible()
    page.goto("/orders")
    menu = page.locator(".saved summary")
    menu.focus()
    page.keyboard.press("Enter")
    choice = page.get_by_role("link", name="Held by us")
    expect(choice).to_be_visible()
    page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(choice).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders?status=held&view=*")
    expect(page.get_by_role("combobox", name="Status")).to_have_value("held")
    page.keyboard.press("Control+k")
    page.keyboard.type("held by")
    expect(page.get_by_role("option", name="Held by us")).to_be_visible()


def test_on_a_phone_the_menu_stays_on_the_screen(stage: Stage) -> None:
    stage.order()
    page = stage.tab("fay", phone=True, dark=True)
    page.goto("/saved-views?list=orders&query=status%3Dheld")
    page.locator("#name").fill("Held, over the credit limit, in Austria and beyond it")
    page.get_by_role("button", name="Save the view").click()
    page.locator(".saved summary").click()
    box = page.locator(".saved .menu").bounding_box()
    width = page.evaluate("window.innerWidth")
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_a_partner_keeps_a_list_on_a_phone_and_reads_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.portal.pages.orders.PAGE", 2)
    open_partners(stage.channel)
    for number in range(5):
        stage.channel.order(f"PV-{number}", ("S-1", str(number + 1), "10.00"), customer_reference=f"Shelf {number}")
    stage.channel.govern()
    page = phone(stage, "pia")
    page.goto("/portal/orders")
    page.locator("#text").fill("PV-")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/portal/orders?q=PV-*")  # the list without a filter has as many rows
    rows = page.locator("#rows > li")
    expect(rows).to_have_count(2)
    for there in (4, 5):
        page.get_by_role("link", name="Load more").click()
        expect(rows).to_have_count(there)
    expect(page.get_by_role("link", name="Load more")).to_have_count(0)
    page.get_by_role("link", name="Save this view").click()
    page.locator("#name").fill("Shelves of the spring, in Austria and beyond it")
    page.get_by_label("Open the list with it").check()
    page.get_by_role("button", name="Save the view").click()
    page.wait_for_url("**/portal/orders?q=PV-&view=*")
    page.goto("/portal/")
    page.get_by_role("link", name="Orders", exact=True).click()
    page.wait_for_url("**/portal/orders?q=PV-&view=*")
    page.locator(".saved summary").click()
    box = page.locator(".saved .menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.evaluate("window.innerWidth")
    page.keyboard.press("Escape")
    page.get_by_text("More filters").click()
    page.locator("#since").fill("2030-01-01")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Show all orders").click()
    expect(page).to_have_url(re.compile("/portal/orders$"))
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
