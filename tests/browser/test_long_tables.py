"""A decision table of five thousand rows is edited by keyboard, of which only a window stands on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from headgate.policy.core.editing import MOST_ROWS
from tests.browser.stage import Stage
from tests.scenarios.channel import AUTHOR

pytestmark = pytest.mark.slow
PAGE = "/policies/slabs/versions/1/edit"
SLOW = 90_000  # milliseconds for the server to check such a table on a machine that is busy


def long_text(rows: int) -> str:
    written = "".join(
        f'  - {{id: r{n}, when: {{amount: "[{n}..{n + 1})"}}, then: {{rate: {n % 9}}}}}\n' for n in range(rows)
    )
    return f"""\
policy: slabs
version: 1
title: Rates by amount
owner: pricing
hit: unique
inputs:
  - {{name: amount, type: number, min: 0, max: {rows - 1}}}
outputs:
  - {{name: rate, type: integer}}
rows:
{written}tests:
  - {{name: the third, given: {{amount: "2.5"}}, expect: {{rate: 2}}}}
  - {{name: the fourth, given: {{amount: "3.5"}}, expect: {{rate: 3}}}}
"""


def test_a_row_in_the_middle_of_five_thousand_is_edited_by_keyboard_linted_and_saved(stage: Stage) -> None:
    channel = stage.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.app.policies.draft(conn, channel.context(AUTHOR), long_text(MOST_ROWS))
    page = stage.tab("carl")
    loaded = page.goto(PAGE)
    assert loaded is not None
    assert len(loaded.body()) < 500_000
    grid = page.get_by_role("grid", name="The rules")
    expect(grid).to_have_attribute("aria-rowcount", str(MOST_ROWS + 1), timeout=SLOW)
    assert grid.locator("tbody tr").count() < 400, "the others are not on the page"

    page.get_by_label("Find in the rules").fill("r2499")
    page.keyboard.press("Enter")
    expect(page.locator("td:focus")).to_have_text("r2499")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("td:focus")).to_have_text("[2500..2501)")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("[2500..2501.5)")
    page.keyboard.press("Enter")
    lints = page.get_by_role("list", name="What the lints say")
    overlap = lints.locator("li", has_text="overlaps row r2500")
    expect(overlap).to_be_visible(timeout=SLOW)

    page.locator("td:focus").press("Control+End")
    expect(page.locator("td:focus")).to_be_in_viewport()
    expect(grid.locator("td.name", has_text=f"r{MOST_ROWS - 1}")).to_be_in_viewport()
    overlap.get_by_role("button", name="Go there").click()
    expect(page.locator("td:focus")).to_be_in_viewport()
    expect(page.locator("tr:has(td:focus) td.name")).to_have_text("r2501")
    head, here = grid.locator("thead th").first.bounding_box(), page.locator("td:focus").bounding_box()
    assert head is not None
    assert here is not None
    assert here["y"] >= head["y"] + head["height"] - 1, "it is not beneath the header"

    page.keyboard.press("Control+s")
    expect(page.locator(".editor-bar [role=status]")).to_contain_text("Saved.", timeout=SLOW)
    with channel.app.database.transaction(channel.tenant) as conn:
        text = channel.app.policies.text(conn, "slabs", 1)
    assert "[2500..2501.5)" in text
    assert text.count("- id: r") == MOST_ROWS
    grid.evaluate("grid => { grid.parentElement.scrollTop = grid.parentElement.scrollHeight / 5 }")
    expect(grid.locator("td.name", has_text="r1000").first).to_be_attached()
