"""A review of access as people walk through it: opened, decided, reminded, handed on, signed, exported."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headgate.access.reviews import check_review_file
from headgate.connectors.mail.reminding import write_to_reviewers
from headgate.kernel.context import SYSTEM
from tests.browser.stage import Stage
from tests.scenarios.channel import person

pytestmark = pytest.mark.slow


def reminded(stage: Stage) -> int:
    """How many letters to reviewers are due now."""
    channel = stage.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        return write_to_reviewers(conn, channel.context(SYSTEM), replace(channel.app.mailroom, base=stage.base))


def test_a_review_is_walked_from_its_opening_to_the_auditors_file(stage: Stage, tmp_path: Path) -> None:
    channel = stage.channel
    last = (channel.clock.now() + timedelta(days=10)).date().isoformat()
    tom = stage.tab("tom")
    tom.goto("/access-reviews")
    tom.get_by_label("Name", exact=True).fill("First quarter")
    tom.get_by_label("Last day").fill(last)
    tom.get_by_label("Whose access").select_option("staff")
    for name in ("carl", "fiona"):
        tom.locator(f'input[name="reviewer:{person(name)}"]').check()
    tom.get_by_role("button", name="Open the review").click()
    expect(tom.get_by_text("The review is open")).to_be_visible()
    address = tom.url
    assert reminded(stage) == 0, "it is not due yet"

    carl = stage.tab("carl")
    carl.goto(address)
    carl.get_by_role("checkbox", name="Order desk of Desk").check()
    carl.get_by_label("Why").first.fill("left the company in spring")
    carl.get_by_role("button", name="Revoke what is picked").click()
    expect(carl.get_by_text("1 revoked.", exact=True)).to_be_visible()

    channel.clock.move(timedelta(days=8))
    assert reminded(stage) == 2
    tom.context.add_cookies([{"name": "headgate_session", "value": stage.session("tom"), "url": stage.base}])
    tom.goto(address)
    tom.get_by_text("Let others decide").click()
    tom.locator(f'input[name="reviewer:{person("carl")}"]').uncheck()
    tom.locator(f'input[name="reviewer:{person("rita")}"]').check()
    tom.get_by_role("button", name="Let them decide").click()
    expect(tom.get_by_text("Others decide from now on.")).to_be_visible()
    late = stage.tab("carl")
    late.goto(address)
    expect(late.get_by_role("heading", name="Your decision")).to_have_count(0)

    for name in ("rita", "fiona"):
        page = stage.tab(name)
        page.goto(address)
        page.get_by_role("link", name="Pick all that are not decided").click()
        page.get_by_label("Why").first.fill("they all still do this work")
        page.get_by_role("button", name="Keep what is picked").click()
        expect(page.get_by_text(re.compile(r"^\d+ kept\.$"))).to_be_visible()

    tom.goto(address)
    tom.get_by_label("What you confirm").fill("all grants were looked at by those who answer for them")
    tom.get_by_role("button", name="Sign and close the review").click()
    expect(tom.get_by_text("The review is signed and closed.")).to_be_visible()
    with tom.expect_download() as file:
        tom.get_by_role("link", name="JSON with digest").click()
    file.value.save_as(tmp_path / "review.json")
    signed = check_review_file(json.loads((tmp_path / "review.json").read_text()))
    assert signed["signed_by"] == person("tom")
