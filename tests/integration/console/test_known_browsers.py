"""Known browsers as people meet them: the cookie, the lock that spares them, and the page of one's account."""

from __future__ import annotations

import re
from typing import Any

import pytest

from headgate.access.devices import device_mark
from headgate.ledger import audit_list
from tests.integration.console.site import PASSWORD, Visitor, words
from tests.integration.console.test_account import code, second, set_up
from tests.scenarios.channel import person


def cookie_of(visitor: Visitor, name: str) -> str:
    """The name of the cookie by which a browser is known."""
    return f"headgate_device_{device_mark(visitor.channel.tenant, person(name))}"


def again(visitor: Visitor, name: str, password: str = PASSWORD) -> Any:
    """Sign in with the cookies that the browser has, but for the session."""
    jar = visitor.client.cookies
    kept = {c.name: c.value or "" for c in jar.jar if "device" in c.name}
    jar.clear()
    for key, value in kept.items():
        jar.set(key, value, domain="localhost.local", path="/sign-in")
    form = {"email": f"{name}@nordwind.example", "password": password, "tenant": visitor.slug}
    return visitor.client.post("/sign-in", data={**form, "csrf": visitor.token("/sign-in")}, follow_redirects=False)


def lock(visitor: Visitor, name: str) -> None:
    """Somebody else guesses."""
    stranger = Visitor(visitor.channel, visitor.console, visitor.slug)
    for _ in range(5):
        stranger.sign_in(name, "wrong")
    assert stranger.sign_in(name).status_code == 401


def test_the_cookie_is_out_of_reach_and_goes_to_the_sign_in_only(visitor: Visitor) -> None:
    sent = visitor.sign_in("carl").headers.get_list("set-cookie")
    [cookie] = [each for each in sent if each.startswith(cookie_of(visitor, "carl"))]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie, "it comes along when an identity provider sends the browser back"
    assert "Path=/sign-in" in cookie
    assert "carl" not in cookie


def test_who_was_here_before_gets_in_while_others_have_locked_the_account(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    lock(visitor, "carl")
    before = {c.name: c.value for c in visitor.client.cookies.jar}
    assert again(visitor, "carl").status_code == 303
    assert again(visitor, "fay", "wrong").status_code == 401
    thief = Visitor(visitor.channel, visitor.console, visitor.slug)
    name = cookie_of(visitor, "carl")
    thief.client.cookies.set(name, before[name] or "", domain="localhost.local", path="/sign-in")
    assert again(thief, "carl").status_code == 401, "the copy was replaced when its owner signed in"
    with visitor.channel.app.database.transaction(visitor.channel.tenant, read_only=True) as conn:
        assert len(audit_list(conn, action="device.spared")) == 1


def test_the_second_factor_is_asked_for_and_taken_there_too(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    secret, _ = set_up(visitor)
    lock(visitor, "carl")
    assert "/sign-in/second" in again(visitor, "carl").headers["location"]
    assert second(visitor, "000000").status_code == 401  # type: ignore[attr-defined]
    assert second(visitor, code(visitor, secret)).status_code == 303  # type: ignore[attr-defined]
    assert visitor.get("/").status_code == 200


def test_a_browser_that_was_forgotten_is_like_any_other(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    page = visitor.get("/account")
    assert "Known browsers" in words(page)
    [forget] = re.findall(r'action="(/account/browsers/[^"]+/forget)"', page.text)
    assert visitor.enter("fay").post(forget).status_code == 404, "nobody forgets another's"
    visitor.sign_in("carl")
    known = re.findall(r'action="(/account/browsers/[^"]+/forget)"', visitor.get("/account").text)
    for each in known:
        assert "That browser is forgotten" in words(visitor.post(each))
    lock(visitor, "carl")
    assert again(visitor, "carl").status_code == 401


@pytest.mark.parametrize("bad", ["x", "00000000-0000-0000-0000-000000000000"])
def test_a_browser_that_there_is_not_is_not_forgotten(visitor: Visitor, bad: str) -> None:
    visitor.sign_in("carl")
    assert visitor.post(f"/account/browsers/{bad}/forget").status_code == 404


def test_a_shared_browser_keeps_the_cookies_of_a_few(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    jar = visitor.client.cookies
    for number in range(10):
        jar.set(f"headgate_device_{number:016}", "x", domain="localhost.local", path="/sign-in")
    sent = again(visitor, "carl").headers.get_list("set-cookie")
    dropped = [each for each in sent if each.startswith("headgate_device_0") and "Max-Age=0" in each]
    assert len(dropped) == 3
