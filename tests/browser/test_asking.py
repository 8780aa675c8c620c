"""Buttons that ask a system outside say so until the answer is there, and ask once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from headgate.access.domains import claim_domain
from headgate.kernel.context import SYSTEM
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow


def test_a_check_says_that_it_is_asking_and_asks_once(stage: Stage) -> None:
    channel, sent = stage.channel, list[str]()
    name = f"d-{channel.tenant.hex[:12]}.example"
    with channel.app.database.transaction(channel.tenant) as conn:
        claim_domain(conn, channel.context(SYSTEM), name)

    def hold(route: Route) -> None:
        """Take the question and let the page stay as it is while it waits."""
        sent.append(route.request.post_data or "")
        route.fulfill(status=204)

    page = stage.tab("tom")
    page.route("**/settings/domains/check", hold)
    page.goto("/settings/domains")
    button = page.locator("button[data-meanwhile]")
    expect(button).to_have_accessible_name(f"Check now {name}")
    button.click()
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_name("Asking the name servers …")
    expect(page.locator("form [role=status]")).to_have_text("Asking the name servers …")
    page.locator("form", has=page.locator("button[data-meanwhile]")).evaluate("form => form.requestSubmit()")
    page.goto("/settings/domains")
    expect(button).to_be_enabled()
    assert len(sent) == 1
    assert f"domain={name}" in sent[0], "what the button says is sent although it is switched off"
