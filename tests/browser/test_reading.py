"""A reader whose machine stands in another zone than their organisation: the browser tells, the person can choose."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.test_sign_in import sign_in

pytestmark = pytest.mark.slow


def drawn(page: Page) -> list[str]:
    """What the times of a page say when a pointer rests on them."""
    return page.locator("time[title]").evaluate_all("all => all.map(each => each.title)")


def test_times_are_on_the_clock_of_the_browser_and_then_on_the_one_that_was_chosen(stage: Stage) -> None:
    number = stage.order()
    page = stage.tab(zone="America/New_York")
    page.goto("/orders")
    sign_in(page, "carl")
    page.wait_for_url("**/orders")
    told = drawn(page)
    assert told
    assert all("(America/New_York) · " in each and each.endswith("CET (Europe/Berlin)") for each in told)
    page.goto(f"/orders/{number}")
    assert all("(America/New_York)" in each for each in drawn(page))
    page.goto("/account")
    expect(page.get_by_text(re.compile("now America/New_York"))).to_be_visible()
    page.get_by_label("Time zone", exact=True).fill("Asia/Tokyo")
    page.get_by_label("Numbers and dates as in").select_option("US")
    page.get_by_role("button", name=re.compile("Keep this choice.*times and numbers")).click()
    expect(page.get_by_text("Times and numbers come as you chose")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Mar 2, 2026, \d\d:\d\d JST")).first).to_be_visible()
    other = stage.tab("carl", zone="Europe/Lisbon")
    other.goto("/orders")
    assert all("JST (Asia/Tokyo)" in each for each in drawn(other)), "the choice goes with the person"


def test_a_machine_that_moves_is_followed_and_one_of_the_tenants_zone_needs_no_second_clock(stage: Stage) -> None:
    stage.order()
    home = stage.tab("rita")
    home.goto("/orders")
    home.reload()
    told = drawn(home)
    assert told
    assert not [each for each in told if "·" in each]
    assert {cookie["name"]: cookie["value"] for cookie in home.context.cookies()}["headgate_zone"] == "Europe/Berlin"
    away = stage.tab("rita", zone="Asia/Kolkata")
    away.context.add_cookies([{"name": "headgate_zone", "value": "Europe/Berlin", "url": stage.base}])
    away.goto("/orders")
    away.reload()
    assert all("(Asia/" in each for each in drawn(away)), "the browser told of its new place"
