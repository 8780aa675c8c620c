"""Three requests approved together, undone by a key, approved again and let go."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from headgate.process.carrying import carry_out_due
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow


def approve_all(page: Page) -> None:
    """Pick everything, look at what it leads to, and approve it."""
    page.goto("/approvals?all=1")
    expect(page.locator("[data-pick]:checked")).to_have_count(3)
    page.get_by_label("Why", exact=True).fill("agreed for the round")
    page.get_by_role("button", name="See what it would decide").click()
    page.get_by_role("button", name=re.compile("Approve 3")).click()
    expect(page.get_by_role("heading", name="3 requests are being approved")).to_be_visible()


def test_three_are_approved_undone_approved_again_and_released(stage: Stage) -> None:
    channel = stage.channel
    orders = [stage.order(("S-1", quantity, "9.00")) for quantity in ("13", "14", "15")]
    page = stage.tab("carl")
    approve_all(page)
    expect(page.locator("time[data-due]")).to_have_text(re.compile(r"Undo within \d+ s"))
    expect(page.locator("[data-tell]")).to_contain_text("You can undo it until")
    page.goto("/work")
    expect(page.get_by_text("Being approved", exact=True)).to_have_count(3)
    page.keyboard.press("z")
    expect(page.get_by_text("Nothing was decided; the requests are open again.")).to_be_visible()
    expect(page.get_by_text("Being approved", exact=True)).to_have_count(0)
    assert [channel.status(order) for order in orders] == ["held"] * 3
    approve_all(page)
    channel.pass_time(seconds=channel.app.settings.undo_seconds)
    carry_out_due(channel.app.database, channel.app.engine, channel.clock, channel.tenant)
    channel.govern()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="3 requests approved")).to_be_visible()
    assert [channel.status(order) for order in orders] == ["released"] * 3
