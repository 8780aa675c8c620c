"""Journeys that cross people, devices and broken lines."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.stage import Stage
from tests.scenarios.channel import person

pytestmark = pytest.mark.slow
BECAUSE = "agreed with the partner"


def ready(page: Page, address: str) -> Page:
    """An approval with a reason written."""
    page.goto(address)
    page.locator("textarea[name=justification]").fill(BECAUSE)
    return page


def approve(page: Page) -> None:
    """Press the button that says what is approved."""
    page.get_by_role("button", name="Approve 20 % below contract").last.click()


def test_a_decision_that_could_not_be_sent_decides_nothing_and_can_be_made_again(stage: Stage) -> None:
    order = stage.order()
    phone = ready(stage.tab("carl", phone=True), address := stage.approval_of(order))
    phone.context.set_offline(True)
    approve(phone)
    phone.wait_for_url("chrome-error://**")
    assert stage.channel.status(order) == "held"
    phone.context.set_offline(False)
    ready(phone, address)
    approve(phone)
    stage.let_go(phone)
    expect(phone.locator("#main")).to_contain_text("You approved it.")
    stage.complaints.clear()  # the browser's own words about the line


def test_a_decision_whose_answer_was_lost_counts_once(stage: Stage) -> None:
    order = stage.order()
    page = ready(stage.tab("carl"), address := stage.approval_of(order))

    def arrive_and_be_lost(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/decision", arrive_and_be_lost)
    approve(page)
    page.wait_for_url("chrome-error://**")
    page.unroute("**/decision")
    page.goto(address)
    expect(page.locator("#main")).to_contain_text("You are deciding this.")
    stage.let_go(page)
    expect(page.locator("#main")).to_contain_text("approved it, level 1")
    expect(page.get_by_role("button", name="Approve 20 % below contract")).to_have_count(0)
    assert stage.channel.status(order) == "held", "the finance director's level is still to come"
    stage.channel.decide("fiona", order)
    assert stage.channel.status(order) == "released"
    stage.complaints.clear()


def test_tasks_are_chosen_by_a_long_press_on_a_phone_and_taken_together(stage: Stage) -> None:
    first, second = stage.order(), stage.order()
    page = stage.tab("carl", phone=True)
    page.goto("/work?scope=unassigned")
    rows = page.locator("#rows > tr")
    expect(rows.first.get_by_role("checkbox")).to_be_hidden()
    held, tapped = rows.filter(has_text=first), rows.filter(has_text=second)
    held.locator(".lead").dispatch_event("pointerdown", {"pointerType": "touch"})
    expect(held.get_by_role("checkbox")).to_be_checked()
    held.locator(".lead").dispatch_event("pointerup", {"pointerType": "touch"})
    held.locator(".lead a").dispatch_event("click")  # the end of the same touch
    expect(held.get_by_role("checkbox")).to_be_checked()
    tapped.locator(".lead a").click()
    expect(tapped.get_by_role("checkbox")).to_be_checked()
    expect(page.locator("#bulk")).to_contain_text("2 tasks chosen")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#bulk").get_by_role("button", name="Take").click()
    expect(page.locator("#main")).to_contain_text(second)
    page.get_by_role("button", name="Take").click()
    expect(page.locator(".notices")).to_contain_text("2 tasks are yours now.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".notices")).to_contain_text("Undone")


def test_the_queue_speaks_german_and_keeps_its_language(stage: Stage) -> None:
    stage.order()
    page = stage.tab("carl")
    page.goto("/work?scope=unassigned")
    page.locator("button[name=language][value=de]").evaluate("button => button.click()")
    page.wait_for_url("**/work**")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^de"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Meine Arbeit")
    expect(page.locator("#bulk").get_by_text("Zurückstellen")).to_have_count(1)


def test_a_deputy_decides_on_a_phone_while_somebody_is_away(stage: Stage) -> None:
    order = stage.order()
    away = stage.tab("carl")
    away.goto("/delegations")
    away.get_by_label("Who decides instead").select_option(person("fay"))
    away.get_by_label("Channel manager").check()
    away.get_by_label("Why").fill("on holiday")
    away.get_by_role("button", name="Let them decide").click()
    expect(away.get_by_role("row").filter(has_text="on holiday")).to_contain_text("In force")
    deputy = ready(stage.tab("fay", phone=True), stage.approval_of(order))
    assert deputy.evaluate("document.documentElement.scrollWidth <= innerWidth")
    deputy.get_by_label("Decide as").select_option(person("carl"))
    approve(deputy)
    stage.let_go(deputy)
    expect(deputy.locator("#main")).to_contain_text("You approved it.")
    expect(deputy.locator(".levels")).to_contain_text("fay for carl")
    stage.channel.decide("fiona", order)
    assert stage.channel.status(order) == "released"
    away.get_by_role("button", name="End it").click()
    expect(away.get_by_text("Nobody decides for anybody else")).to_be_visible()
    next_one = stage.approval_of(stage.order())
    deputy.goto(next_one)
    expect(deputy.get_by_role("heading", name="You cannot decide this")).to_be_visible()


def test_a_role_that_conflicts_with_what_somebody_holds_is_refused_with_the_reason(stage: Stage) -> None:
    page = stage.tab("tom")
    page.goto(f"/people/{person('desk')}")
    page.get_by_label("Grant a role").select_option("finance")
    page.get_by_role("button", name="Grant the role").click()
    expect(page.get_by_role("alert")).to_contain_text("who enters orders does not approve their exceptions")
    expect(page.get_by_role("button", name="Take away Order desk")).to_be_visible()
    expect(page.get_by_role("button", name="Take away Finance")).to_have_count(0)
    page.goto(f"/people/{person('desk')}")
    expect(page.get_by_role("button", name="Take away Order desk")).to_be_visible()
    expect(page.get_by_role("button", name="Take away Finance")).to_have_count(0)
