"""The door of the console: in, out, and what happens when a session is over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from headgate.access.sessions import IDLE
from tests.browser.stage import Stage
from tests.integration.console.site import PASSWORD

pytestmark = pytest.mark.slow


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page and send it with Enter."""
    page.get_by_label("E-mail").fill(f"{name}@nordwind.example")
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def test_a_person_signs_in_after_a_slip_and_signs_out_again(stage: Stage) -> None:
    page = stage.tab()
    page.goto("/orders?status=held")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, "carl", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("carl@nordwind.example")
    expect(page.get_by_label("Password")).to_have_value("")
    sign_in(page, "carl")
    page.wait_for_url("**/orders?status=held")
    page.get_by_role("button", name="carl").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.go_back()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_an_ended_session_leads_to_the_sign_in_page_and_back(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(f"/orders/{order}")
    stage.channel.clock.move(IDLE)
    # A part that scripts ask for must not put the sign-in page into the drawer.
    page.get_by_role("link", name=re.compile(r"^10\.00 ?, explain")).first.click()
    page.wait_for_url(f"**/sign-in?then=*{order}*")
    sign_in(page, "carl")
    page.wait_for_url(f"{stage.base}/orders/{order}")
    stage.channel.clock.move(IDLE)
    page.reload()
    page.wait_for_url("**/sign-in?then=**")


def test_what_was_typed_into_an_ended_session_is_there_again_after_signing_in(stage: Stage) -> None:
    order = stage.order()
    page = stage.tab("carl")
    page.goto(stage.approval_of(order))
    page.get_by_label("Why", exact=True).fill("agreed with the partner")
    stage.channel.clock.move(IDLE)
    page.get_by_role("button", name="Approve 20 % below contract").click()
    page.wait_for_url("**/sign-in?then=**")
    sign_in(page, "carl")
    expect(page.get_by_label("Why", exact=True)).to_have_value("agreed with the partner")
    assert stage.channel.approval(order).votes == ()
    page.reload()
    expect(page.get_by_label("Why", exact=True)).to_have_value("")


def test_an_address_that_leads_nowhere_says_so_within_the_frame(stage: Stage) -> None:
    page = stage.tab("carl")
    for address in ("/nothing-here", "/orders/none", "/cases/none", "/policies/none"):
        page.goto(address)
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("link", name="Go to home").click()
    page.wait_for_url("**/")
    page.goto("/orders/")
    page.wait_for_url("**/orders")


def test_what_a_role_does_not_include_is_refused_in_plain_words(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/audit")
    expect(page.get_by_role("heading", name="You may not open this")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("ask your administrator")
    nav = page.get_by_role("navigation", name="Main")
    expect(nav.get_by_role("link", name="Orders")).to_be_visible()
    expect(nav.get_by_role("link", name="Audit")).to_have_count(0)


def test_a_theme_that_was_chosen_stays(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/")
    ground = page.locator("body")
    expect(ground).to_have_css("background-color", "rgb(255, 255, 255)")
    page.get_by_role("button", name="carl").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(ground).not_to_have_css("background-color", "rgb(255, 255, 255)")
    page.goto("/orders")
    expect(ground).not_to_have_css("background-color", "rgb(255, 255, 255)")
