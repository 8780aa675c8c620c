"""Lists of ten thousand rows as people use them: walked, searched, worked by keyboard, on a desk and on a phone."""

from __future__ import annotations

import re

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from headgate.store import embedded
from tests.browser.stage import Stage
from tests.browser.weight import FIRST_LOAD_BYTES, weigh
from tests.integration.console.long_books import fill_books
from tests.integration.console.long_lists import MANY, fill

pytestmark = pytest.mark.slow
PAGE = 50
LISTS = {
    "/orders": "carl",
    "/work?scope=team": "carl",
    "/cases": "carl",
    "/cases?status=closed": "carl",
    "/partners": "carl",
    "/returns": "carl",
    "/deals": "carl",
    "/audit": "ada",
    "/quarantine": "desk",
}
# What is listed here has no content of its own behind its row.
COPIES = {"/returns", "/deals"}


@pytest.fixture(scope="module", autouse=True)
def _many(opened: Stage, cluster: embedded.Server) -> None:
    """Ten thousand of everything, and counted, as a server of its own does within seconds."""
    fill(opened.channel, opened.order())
    fill_books(opened.channel)
    with opened.channel.app.database.transaction(opened.channel.tenant) as conn:
        (name,) = conn.execute("select current_database()").fetchone() or ("",)
    with psycopg.connect(cluster.admin_dsn(name), autocommit=True) as admin:
        admin.execute("analyze")


def rows(page: Page) -> Locator:
    """The rows of the list."""
    return page.locator("tbody#rows > tr")


def addresses(page: Page) -> list[str]:
    """Where the rows lead, from the first to the last."""
    found: list[str] = rows(page).evaluate_all("all => all.map(row => row.dataset.href)")
    return found


@pytest.mark.parametrize("address", LISTS)
def test_a_long_list_is_light_and_walked_by_mouse_and_keyboard(stage: Stage, address: str) -> None:
    page = stage.tab(LISTS[address])
    assert 10_000 < weigh(page, address) < FIRST_LOAD_BYTES
    expect(rows(page)).to_have_count(PAGE)
    page.get_by_role("link", name="Load more").click()
    expect(rows(page)).to_have_count(2 * PAGE)
    expect(rows(page).nth(PAGE).locator("[data-row]")).to_be_focused()
    expect(rows(page).nth(PAGE).locator("[data-row]")).to_be_in_viewport()
    page.keyboard.press("m")
    expect(rows(page)).to_have_count(3 * PAGE)
    assert len(set(addresses(page))) == 3 * PAGE, "nothing is shown twice"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows(page).nth(2 * PAGE + 1).locator("[data-row]")).to_be_focused()
    head = page.locator("table.table-sticky thead th").first.bounding_box()
    here = rows(page).nth(2 * PAGE + 1).bounding_box()
    assert head is not None
    assert here is not None
    assert here["y"] >= head["y"] + head["height"] - 1, "the row is not beneath the header"
    if address not in COPIES:
        wanted = addresses(page)[2 * PAGE + 1]
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{wanted}")


@pytest.mark.parametrize("address", LISTS)
def test_a_long_list_fits_a_phone_and_goes_on_under_the_thumb(stage: Stage, address: str) -> None:
    page = stage.tab(LISTS[address], phone=True)
    page.goto(address)
    expect(rows(page)).to_have_count(PAGE)
    page.get_by_role("link", name="Load more").tap()
    expect(rows(page)).to_have_count(2 * PAGE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_one_of_ten_thousand_is_found_in_every_list(stage: Stage) -> None:
    for reader, address, sought, says in (
        ("carl", "/orders", "M-07777", "M-07777"),
        ("carl", "/cases", "M-07777", "M-07777"),
        ("carl", "/partners", "Buyer 7777", "Buyer 7777"),
        ("carl", "/deals", "D-07777", "Customer 7777"),
        ("carl", "/returns", "R-07777", "R-07777"),
        ("ada", "/audit", "A-07777", "A-07777"),
    ):
        page = stage.tab(reader)
        page.goto(address)
        page.get_by_label("Search", exact=True).fill(sought)
        page.keyboard.press("Enter")
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text(says)
        page.reload()
        expect(rows(page)).to_have_count(1)


def test_filters_of_the_audit_trail_and_the_quarantine_stand_in_the_address(stage: Stage) -> None:
    page = stage.tab("ada")
    page.goto("/audit")
    page.get_by_role("combobox", name="Action").select_option("probe.3")
    page.wait_for_url("**action=probe.3*")
    expect(rows(page).filter(has_text="Probe: 3")).to_have_count(PAGE)
    page.get_by_role("link", name="Load more").click()
    expect(rows(page).filter(has_text="Probe: 3")).to_have_count(2 * PAGE)
    page.get_by_label("Who").fill("carl")
    page.keyboard.press("Enter")
    page.wait_for_url("**actor=carl*")
    expect(rows(page).filter(has_text="Probe: 3")).to_have_count(PAGE)
    page.go_back()
    page.wait_for_url(lambda url: "actor=carl" not in url)
    expect(page.get_by_role("combobox", name="Action")).to_have_value("probe.3")
    desk = stage.tab("desk")
    desk.goto("/quarantine")
    expect(desk.locator("#live-head")).to_contain_text(f"{MANY:,} items")
    desk.get_by_label("Reason").select_option("reason 3")
    desk.wait_for_url("**reason=reason*3*")
    expect(desk.locator("#live-head")).to_contain_text(f"{MANY // 4:,} items")
    expect(rows(desk).filter(has_text=re.compile("reason 3", re.IGNORECASE))).to_have_count(PAGE)
