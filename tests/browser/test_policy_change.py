"""A rule is changed in the browser: proposed, edited by keyboard, mended, reviewed by another, in force at its date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.slow
NAME = "price_deviation"


def at(page: Page, row: int, column: int) -> None:
    """Walk to a cell from the first one, by arrows only."""
    page.locator(".editor-grid").first.locator("tbody td").first.focus()
    page.keyboard.press("Control+Home")
    for _ in range(row):
        page.keyboard.press("ArrowDown")
    for _ in range(column):
        page.keyboard.press("ArrowRight")


def write(page: Page, row: int, column: int, text: str) -> None:
    """Type into a cell and leave it with Enter."""
    at(page, row, column)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_limit_is_lowered_by_two_people_and_decides_from_its_date(stage: Stage) -> None:
    before = stage.order(("S-1", "20", "9.85"))  # 1.5 % below contract
    author = stage.tab("carl")
    author.goto(f"/policies/{NAME}")
    author.get_by_role("button", name="Propose a change").click()
    expect(author.get_by_role("heading", level=1)).to_have_text("Edit version 2")
    grid = author.get_by_role("grid", name="The rules")
    state = author.locator(".editor-bar [role=status]")
    expect(state).to_have_text("Saved. No errors; 10 tests pass.")

    write(author, 3, 2, "[-2..1")  # the tolerance, and a slip
    expect(grid.locator("td[aria-invalid=true]")).to_have_text("[-2..1")
    expect(author.get_by_role("list", name="What the lints say")).to_contain_text("row within_tolerance")
    write(author, 3, 2, "[-2..1]")
    expect(grid.locator("td[aria-invalid=true]")).to_have_count(0)
    expect(state).to_contain_text("2 errors keep it from review, 1 of them a failing test.")
    expect(author.get_by_role("list", name="What the lints say")).to_contain_text("fails")
    for row, text in ((5, "(1..5]"), (6, "(1..10]"), (8, "(1..15]")):
        write(author, row, 2, text)
    tests = author.get_by_role("grid", name="The tests")
    tests.locator("tbody tr").nth(1).locator("td").nth(2).dblclick()
    author.keyboard.press("Control+a")
    author.keyboard.type("1")
    author.keyboard.press("Enter")
    expect(state).to_have_text("Not saved yet. No errors; 10 tests pass.")
    author.keyboard.press("Control+s")
    expect(state).to_have_text("Saved. No errors; 10 tests pass.")
    author.get_by_role("link", name="To the version").click()
    author.get_by_role("button", name="Send to review").click()
    expect(author.locator(".notices").get_by_role("status")).to_contain_text("It is handed in")
    expect(author.get_by_role("main")).to_contain_text("It waits for somebody else")

    approver = stage.tab("fiona")
    approver.goto(f"/policies/{NAME}/versions/2")
    approver.get_by_role("link", name="Review the change").click()
    changes = approver.get_by_role("region", name="Changes in the decision table")
    expect(changes.locator("tr", has_text="within_tolerance").locator("del")).to_have_text("was [-2..2]")
    expect(changes.locator("tr", has_text="within_tolerance").locator("ins")).to_have_text("now [-2..1]")
    approver.get_by_label("Why", exact=True).fill("agreed in the pricing round")
    start = stage.channel.clock.now() + timedelta(days=1)
    approver.get_by_label("Decides from").fill(f"{start:%Y-%m-%d}T23:00")
    approver.get_by_role("button", name="Approve version 2").click()
    expect(approver.locator(".head .pill")).to_have_text("Scheduled")

    still = stage.order(("S-1", "20", "9.85"))
    stage.channel.clock.move(timedelta(days=2))
    after = stage.order(("S-1", "20", "9.85"))
    assert [stage.channel.status(o) for o in (before, still, after)] == ["released", "released", "flagged"]
    reader = stage.tab("fiona")  # two days later the session before has ended
    for order, version, decided in ((before, 1, "within_tolerance"), (after, 2, "top_tier_margin")):
        reader.goto(f"/orders/{order}/checks/price:1")
        expect(reader.get_by_role("main")).to_contain_text(f"{NAME}@{version}")
        expect(reader.get_by_role("main")).to_contain_text(decided)


def test_the_second_of_two_editors_is_told_and_may_choose(stage: Stage) -> None:
    first, second = stage.tab("carl"), stage.tab("rita")
    first.goto("/policies/margin_floor")
    first.get_by_role("button", name="Propose a change").click()
    first.wait_for_url("**/edit")
    second.goto(first.url)
    write(first, 0, 0, "renamed_by_carl")
    first.keyboard.press("Control+s")
    expect(first.locator(".editor-bar [role=status]")).to_contain_text("Saved.")
    write(second, 0, 0, "renamed_by_rita")
    second.keyboard.press("Control+s")
    expect(second.get_by_role("alert")).to_contain_text("was saved by user:carl@nordwind.example")
    second.get_by_role("button", name="Save mine over theirs").click()
    expect(second.locator(".editor-bar [role=status]")).to_contain_text("Saved.")
    first.reload()
    expect(first.get_by_role("grid", name="The rules")).to_contain_text("renamed_by_rita")


def test_cells_of_a_spreadsheet_are_pasted_and_taken_back(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto("/policies/credit_release")
    page.get_by_role("button", name="Propose a change").click()
    grid = page.get_by_role("grid", name="The rules")
    rows = grid.locator("tbody tr")
    expect(rows.first).to_be_visible()
    had = rows.count()
    at(page, had - 1, 0)
    page.evaluate(
        """() => { const data = new DataTransfer(); data.setData("text/plain", "one\\t1\\ntwo\\t2\\nthree\\t3\\n");
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true})); }"""
    )
    expect(rows).to_have_count(had + 2)
    expect(rows.nth(had).locator("td").first).to_contain_text("two")
    page.keyboard.press("Control+z")
    expect(rows).to_have_count(had)
    at(page, 1, 0)
    name = rows.nth(1).locator("td").first.inner_text().splitlines()[0]
    page.keyboard.press("Control+ArrowUp")
    expect(rows.nth(0).locator("td").first).to_contain_text(name)


def test_a_case_beside_the_table_shows_the_row_that_decides(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto(f"/policies/{NAME}")
    page.get_by_role("button", name="Propose a change").click()
    page.get_by_label("Price below contract, in %").fill("20")
    page.get_by_label("Amount of the line in the tenant's currency").fill("500")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".editor-result")).to_contain_text("deep_discount")
    expect(page.locator(".editor-result")).to_contain_text("20 % below contract is more than 15 %")
    expect(page.locator("tr.fires td").first).to_contain_text("deep_discount")
    tests = page.get_by_role("grid", name="The tests").locator("tbody tr")
    had = tests.count()
    page.get_by_role("button", name="Keep it as a test").click()
    expect(tests).to_have_count(had + 1)
    expect(tests.last).to_contain_text("passes")


def test_without_scripts_a_draft_is_edited_as_text(stage: Stage) -> None:
    page = stage.tab("carl")
    page.goto(f"/policies/{NAME}")
    page.get_by_role("button", name="Propose a change").click()
    page.wait_for_url("**/edit")
    plain = stage.browser.new_context(
        base_url=stage.base, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    stage.contexts.append(plain)
    text = plain.new_page()
    text.goto(page.url)
    field = text.get_by_label("The policy as text")
    field.fill(field.input_value().replace("title: How far", "title: So far"))
    text.get_by_role("button", name="Save the text").click()
    expect(text.locator(".notices")).to_contain_text("Saved.")
    field.fill("policy: [")
    text.get_by_role("button", name="Save the text").click()
    expect(text.locator(".notices")).to_contain_text("It was not saved.")
    expect(field).to_have_value("policy: [")
