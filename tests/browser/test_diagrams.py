"""The picture of a process on a phone: it begins where the case is, and can be made smaller, larger and whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from scripts.preview_console import render_all, serve
from tests.browser.stage import PHONE

BOX = ".diagram-box"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The samples, served with the product's own security headers."""
    server = serve(render_all())
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page as wide as a phone."""
    context = browser.new_context(viewport=PHONE)
    yield context.new_page()
    context.close()


def inside(page: Page, stage: str) -> bool:
    """Whether the middle of a stage is to be seen within the box."""
    box, found = page.locator(BOX).bounding_box(), page.locator(stage).first.bounding_box()
    assert box is not None
    assert found is not None
    middle = found["x"] + found["width"] / 2
    return box["x"] < middle < box["x"] + box["width"]


@pytest.mark.slow
def test_the_picture_of_a_case_begins_where_the_case_is(phone: Page, base: str) -> None:
    phone.goto(f"{base}/case-standing")
    assert inside(phone, f"{BOX} .current rect")


@pytest.mark.slow
def test_a_picture_is_made_whole_and_larger_again_by_keyboard(phone: Page, base: str) -> None:
    phone.goto(f"{base}/process")
    hidden = f"document.querySelector('{BOX}').scrollWidth - document.querySelector('{BOX}').clientWidth"
    assert phone.evaluate(hidden) > 100
    phone.locator("[data-zoom=whole]").focus()
    phone.keyboard.press("Enter")
    assert phone.evaluate(hidden) <= 1
    phone.locator("[data-zoom=in]").press("Enter")
    assert phone.evaluate(hidden) > 1
    phone.locator("[data-zoom=out]").press("Enter")
    assert phone.evaluate(hidden) <= 1
