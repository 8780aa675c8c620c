"""Buttons that ask a system outside say so until the answer is there, and ask once."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from headgate.access.domains import claim_domain
from headgate.kernel.context import SYSTEM
from tests.browser.stage import PATIENCE_MS, Stage
from tests.domains import FakeDns

pytestmark = pytest.mark.slow


def test_a_check_says_that_it_is_asking_and_asks_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, answered = stage.channel, threading.Event()

    def hold(name: str) -> None:
        answered.wait(PATIENCE_MS / 1000)

    dns = FakeDns(on_ask=hold)
    monkeypatch.setattr("headgate.connectors.dns.resolver.TxtResolver.__call__", lambda self, name: dns(name))
    name = f"d-{channel.tenant.hex[:12]}.example"
    with channel.app.database.transaction(channel.tenant) as conn:
        claim_domain(conn, channel.context(SYSTEM), name)
    page = stage.tab("tom")
    page.goto("/settings/domains")
    button = page.locator("button[data-meanwhile]")
    expect(button).to_have_accessible_name(f"Check now {name}")
    button.click(no_wait_after=True)
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_name("Asking the name servers …")
    expect(page.locator("form [role=status]")).to_have_text("Asking the name servers …")
    page.locator("form", has=button).evaluate("form => form.requestSubmit()")
    answered.set()
    expect(page.get_by_text("There is no such domain").first).to_be_visible()
    expect(page.locator("button[data-meanwhile]")).to_be_enabled()
    assert dns.asked.count(f"_headgate-challenge.{name}") == 1
