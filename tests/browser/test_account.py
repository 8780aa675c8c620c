"""One's own account in a real browser: passkeys by a virtual authenticator, the first sign-in with a second factor."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from headgate import access
from headgate.access import SecurityRules
from headgate.kernel.context import SYSTEM
from tests.browser.stage import Stage
from tests.browser.test_sign_in import sign_in

pytestmark = pytest.mark.slow


def with_authenticator(page: Page) -> Any:
    """Give a browser a device of its own that is unlocked whenever it is asked (CDP domain WebAuthn)."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, made["authenticatorId"]


def local(stage: Stage, address: str) -> str:
    """Passkeys belong to names, and an address is none."""
    return stage.base.replace("127.0.0.1", "localhost") + address


def test_a_passkey_is_made_used_named_and_removed(stage: Stage) -> None:
    page = stage.tab()
    cdp, device = with_authenticator(page)
    page.goto(local(stage, "/account"))
    sign_in(page, "rita")
    page.get_by_label("Name of the new passkey").fill("Work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Keep these recovery codes")).to_be_visible()
    expect(page.get_by_label("Name of passkey 1")).to_have_value("Work laptop")
    assert len(cdp.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1
    page.context.clear_cookies()
    page.goto(local(stage, "/orders"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1, name="Orders")).to_be_visible()
    page.goto(local(stage, "/account"))
    page.get_by_label("Name of passkey 1").fill("Old laptop")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Name of passkey 1")).to_have_value("Old laptop")
    # A device that is cancelled leaves the page as it is, and says so.
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.context.clear_cookies()
    page.goto(local(stage, "/orders"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1, name="Orders")).to_be_visible()
    page.goto(local(stage, "/account"))
    page.get_by_role("button", name="Remove Old laptop").click()
    expect(page.get_by_role("status").filter(has_text="removed")).to_be_visible()


def test_the_first_sign_in_sets_up_a_second_factor_on_a_phone_and_the_next_one_asks_for_it(stage: Stage) -> None:
    channel = stage.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        rules = replace(SecurityRules(), second_factor_roles=frozenset({"finance"}))
        access.set_security(conn, channel.context(SYSTEM), rules)
    page = stage.tab(phone=True)
    page.goto("/orders")
    sign_in(page, "fay")
    page.wait_for_url("**/account")
    expect(page.get_by_text("Set up a second factor to go on")).to_be_visible()
    page.get_by_role("button", name="Set up an app").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    secret = (page.locator(".app-key").text_content() or "").replace(" ", "")
    page.get_by_label("Code that the app shows now").fill(pyotp.TOTP(secret).at(channel.clock.now()))
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    code = page.locator(".recovery-codes li").first.text_content() or ""
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_url(re.compile(r":\d+/$"))
    page.context.clear_cookies()
    page.goto("/orders")
    sign_in(page, "fay")
    page.wait_for_url("**/sign-in/second**")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Code").fill(code)
    page.get_by_label("Code").press("Enter")
    expect(page.get_by_role("heading", level=1, name="Orders")).to_be_visible()
