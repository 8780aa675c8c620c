"""The clock of a case that waits for its partner, and moving cases to a new version, as people live them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from headgate.console import urls
from headgate.kernel.context import SYSTEM
from headgate.packs import find_pack, read_pack
from headgate.process import case_of_subject, install
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow

TEXT = dict(read_pack(find_pack("order_governance")).processes)["processes/order_to_release.yaml"]


def case_of(stage: Stage, order: str) -> str:
    """The address of an order's case."""
    with stage.channel.app.database.transaction(stage.channel.tenant) as conn:
        found = case_of_subject(conn, "order", order)
    assert found is not None
    return urls.case(found["case_id"])


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


@pytest.mark.parametrize("phone", [False, True])
def test_a_question_to_the_partner_stops_the_clock_until_they_answer(stage: Stage, phone: bool) -> None:
    here = case_of(stage, stage.order())
    page = stage.tab("carl", phone=phone)
    page.goto(here)
    page.get_by_label("Write to the partner").fill("Which project is this for?")
    page.get_by_label("Wait for the partner’s answer").check()
    page.get_by_role("button", name="Send to the partner").click()
    expect(page.locator(".notices")).to_contain_text("The clock of this stage pauses until they answer.")
    stage.channel.govern()
    page.reload()
    level = page.get_by_role("region", name="Service level")
    expect(level).to_contain_text("waiting for the partner")
    fits(page)
    level.get_by_role("button", name="They answered in another way").click()
    expect(page.locator(".notices")).to_contain_text("The clock of this stage runs on.")
    stage.channel.govern()
    page.reload()
    expect(level).not_to_contain_text("waiting for the partner")


def test_cases_are_rehearsed_and_moved_to_a_new_version_of_their_process(stage: Stage) -> None:
    order = stage.order()
    newer = TEXT.replace("version: 2", "version: 3", 1).replace("target: 8", "target: 6", 1)
    with stage.channel.app.database.transaction(stage.channel.tenant) as conn:
        install(
            conn,
            stage.channel.context(SYSTEM),
            newer,
            "order_to_release.yaml",
            stage.channel.app.policies,
            stage.channel.app.actions,
        )
    page = stage.tab("tom")
    page.goto("/processes/order_to_release")
    page.get_by_role("link", name="Move cases to another version").click()
    page.get_by_label("Version", exact=True).select_option("3")
    page.get_by_label("Cases of").select_option("2")
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.get_by_role("heading", name="can be moved")).to_be_visible()
    page.get_by_label("Why", exact=True).fill("half a day less is aimed for")
    page.get_by_role("button", name="Move ").click()
    expect(page.get_by_text("Through")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    page.goto(case_of(stage, order))
    expect(page.get_by_role("main")).to_contain_text("@3")
