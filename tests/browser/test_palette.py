"""Going anywhere by keyboard: the command palette in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Stage
from tests.browser.test_every_page import AXE, RUN

pytestmark = pytest.mark.slow


def test_ctrl_k_finds_an_order_and_opens_it(stage: Stage) -> None:
    number = stage.order()
    page = stage.tab("carl", script=AXE)
    page.goto("/policies")
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Commands and search")
    expect(dialog.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    assert page.evaluate(RUN) == []
    page.keyboard.type(number.lower())
    expect(dialog.get_by_role("option", name=number).first).to_have_attribute("aria-selected", "true")
    assert page.evaluate(RUN) == []
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{number}")


def test_the_palette_is_left_as_it_was_found(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/orders")
    page.get_by_role("link", name="My work").focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or type a command")
    second = page.get_by_role("listbox", name="Found").get_by_role("option").nth(1)
    expect(field).to_be_focused()
    expect(second).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", second.get_attribute("id") or "")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(page.get_by_role("link", name="My work")).to_be_focused()


def test_an_act_of_the_palette_presses_what_does_it(stage: Stage) -> None:
    page = stage.tab("carl", phone=True)
    page.goto("/orders")
    page.locator(".topbar [data-opens=palette]").tap()
    page.get_by_role("combobox", name="Search or type a command").fill("dark")
    page.get_by_role("option", name="Use the dark theme").tap()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
