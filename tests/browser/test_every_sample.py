"""Every page in every state that has a sample: usable by everybody, in both themes, on a desk and on a phone.

A view without a sample fails another test, so that no page of the console is left out here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from scripts.preview_console import render_all, serve
from tests.browser.stage import DESK, PHONE, REFUSED
from tests.browser.test_every_page import AXE, RUN
from tests.unit.ui.samples import SAMPLES

pytestmark = pytest.mark.slow

RENDERED = render_all()
WHOLE = sorted(name for name, sample in SAMPLES.items() if not sample.target and "<html" in RENDERED[name])


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The samples, served with the product's own security headers."""
    server = serve(RENDERED)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", params=["desk-light", "phone-dark"])
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A browser of one kind, kept from page to page, and what it complains about."""
    where, theme = request.param.split("-")
    context = browser.new_context(
        viewport=PHONE if where == "phone" else DESK,
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=where == "phone",
        locale="en-GB",
        reduced_motion="reduce",
    )
    context.add_init_script(AXE)
    page, complaints = context.new_page(), list[str]()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSED.search(message.text):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    context.close()


@pytest.mark.parametrize("name", WHOLE)
def test_nobody_is_kept_out_by_the_sample(name: str, tab: tuple[Page, list[str]], base: str) -> None:
    page, complaints = tab
    complaints.clear()
    page.goto(f"{base}/{name}")
    found = [str(each) for each in page.evaluate(RUN)]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"wider than the screen: {page.evaluate('document.documentElement.scrollWidth')} px")
    assert found + complaints == []
