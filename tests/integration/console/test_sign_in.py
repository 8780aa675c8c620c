"""Signing in and out: what the browser is given, what is refused, where people are sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from headgate import access
from headgate.access.lockout import LOCK
from headgate.access.sessions import IDLE
from headgate.console.app import create_console
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import PASSWORD, Visitor, add, words
from tests.scenarios.channel import person


def test_the_right_password_leads_to_where_one_wanted_to_go(visitor: Visitor) -> None:
    first = visitor.get("/orders?status=held")
    assert first.status_code == 303
    assert first.headers["location"] == "/sign-in?then=/orders%3Fstatus%3Dheld"
    done = visitor.sign_in("carl", then="/orders?status=held")
    assert (done.status_code, done.headers["location"]) == (303, "/orders?status=held")
    assert "Orders" in words(visitor.get("/orders?status=held"))


def test_a_wrong_password_an_unknown_address_and_an_unknown_organisation_are_told_alike(visitor: Visitor) -> None:
    answers = [
        visitor.sign_in("carl", "wrong"),
        visitor.sign_in("nobody"),
        visitor.sign_in("carl", slug="nowhere"),
    ]
    assert [a.status_code for a in answers] == [401, 401, 401]
    texts = {re.search(r'role="alert".*?<p>(.*?)</p>', a.text, re.DOTALL)[1] for a in answers}  # type: ignore[index]
    assert len(texts) == 1
    assert visitor.get("/").status_code == 303
    assert PASSWORD not in answers[0].text


def test_five_wrong_passwords_lock_the_account_for_the_right_one_too(visitor: Visitor) -> None:
    for _ in range(5):
        visitor.sign_in("carl", "wrong")
    assert visitor.sign_in("carl").status_code == 401
    visitor.channel.clock.move(LOCK)
    assert visitor.sign_in("carl").status_code == 303


def test_many_attempts_from_one_address_are_stopped_before_a_password_is_looked_at(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.console.pages.entrance.monotonic", lambda: 1000.0)
    settings = replace(visitor.channel.app.settings, sign_ins_per_minute=3)
    console = create_console(replace(visitor.channel.app, settings=settings))
    one = Visitor(visitor.channel, console, visitor.slug)
    # Each on another account, so that no account is locked: one password tried on everybody.
    assert [one.sign_in(name, "wrong").status_code for name in ("carl", "cora", "fay")] == [401, 401, 401]
    monkeypatch.setattr("headgate.console.pages.entrance.authenticate", None)
    refused = one.sign_in("fiona")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 20
    assert "Too many attempts" in words(refused)
    assert one.get("/").status_code == 303


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = visitor.sign_in("carl").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    app = replace(visitor.channel.app, settings=replace(visitor.channel.app.settings, secure_cookies=True))
    safe = Visitor(visitor.channel, create_console(app), visitor.slug)
    safe.client.base_url = "https://localhost"
    answer = safe.sign_in("carl")
    assert "__Host-headgate_session=" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert safe.get("/").status_code == 200


def test_signing_in_again_ends_the_session_before(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    old = visitor.session
    assert visitor.get("/sign-in").status_code == 303, "who is signed in is sent on"
    other = Visitor(visitor.channel, visitor.console, visitor.slug)
    form = {"email": "fay@nordwind.example", "password": PASSWORD, "then": "/", "tenant": visitor.slug}
    csrf = other.token("/sign-in")
    before = next(c.value for c in other.client.cookies.jar if c.name == "headgate_sign_in")
    cookie = f"headgate_sign_in={before}; headgate_session={old}"
    other.client.cookies.clear()
    other.client.post("/sign-in", data={**form, "csrf": csrf}, headers={"cookie": cookie}, follow_redirects=False)
    assert other.session
    assert other.session != old
    assert visitor.get("/").status_code == 303


def test_signing_out_ends_the_session_in_the_database_too(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    token = visitor.session
    assert visitor.post("/sign-out", follow=False).headers["location"] == "/sign-in"
    assert visitor.session == ""
    visitor.session = token
    assert visitor.get("/").status_code == 303


def test_a_session_ends_when_it_is_not_used(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    visitor.channel.clock.move(IDLE / 2)
    assert visitor.get("/").status_code == 200, "its use is noted, also by pages that only read"
    visitor.channel.clock.move(IDLE * 0.75)
    assert visitor.get("/").status_code == 200
    visitor.channel.clock.move(IDLE)
    assert visitor.get("/").status_code == 303


def test_a_suspended_person_is_out_at_once(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        access.suspend(conn, visitor.channel.context(SYSTEM), person("carl"))
    assert visitor.get("/").status_code == 303
    assert visitor.sign_in("carl").status_code == 401


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/sign-in",
        "/orders\r\nSet-Cookie: a=b",
        "evil",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(visitor: Visitor, then: str) -> None:
    assert visitor.sign_in("carl", then=then).headers["location"] == "/"
    visitor.client.cookies.clear()
    assert "evil" not in visitor.client.get("/sign-in", params={"then": then}).text


def test_a_sign_in_form_of_another_browser_is_not_taken(visitor: Visitor) -> None:
    token = visitor.token("/sign-in")
    other = Visitor(visitor.channel, visitor.console, visitor.slug)
    form = {"email": "carl@nordwind.example", "password": PASSWORD, "tenant": visitor.slug, "csrf": token}
    answer = other.client.post("/sign-in", data=form)
    assert answer.status_code == 403
    assert "out of date" in words(answer)
    assert other.session == ""


def test_people_of_a_partner_are_not_let_in(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        add(channel, conn, "petra", "partner_user", partner="P-1")
        access.set_password(conn, channel.context(SYSTEM), person("petra"), PASSWORD)
        fresh = access.start_session(conn, channel.context(SYSTEM), person("petra"))
    answer = visitor.sign_in("petra")
    assert answer.status_code == 403
    assert "organisation's own people" in words(answer)
    visitor.session = fresh.token
    assert visitor.get("/").status_code == 403
    assert visitor.get("/orders").status_code == 403


def test_the_organisation_is_asked_for_where_there_are_several(visitor: Visitor) -> None:
    page = visitor.get("/sign-in").text
    assert 'name="tenant"' in page
    visitor.sign_in("carl")
    visitor.post("/sign-out")
    assert f'value="{visitor.slug}"' in visitor.get("/sign-in").text, "it is remembered in this browser"


def test_nobody_enters_without_a_password_where_there_is_no_demo(visitor: Visitor) -> None:
    token = visitor.token("/sign-in")
    data = {"csrf": token, "demo": "carl@nordwind.example", "tenant": visitor.slug}
    assert visitor.client.post("/sign-in", data=data).status_code == 401
    assert visitor.session == ""


def test_the_people_of_a_demo_can_be_tried_also_where_it_has_clients(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    button = 'name="demo"'
    assert button not in visitor.get("/sign-in").text, "this is no demo"
    monkeypatch.setattr("headgate.access.tenants.DEMO_SLUG", visitor.slug)
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        access.set_tenant(conn, visitor.channel.context(SYSTEM), settings={"demo": "loaded"})
    near = Visitor(visitor.channel, create_console(visitor.channel.app), visitor.slug)
    near.client = TestClient(near.console, base_url="http://localhost", client=("127.0.0.1", 1), follow_redirects=False)
    page = near.get("/sign-in").text
    assert 'autocomplete="organization"' in page, "there are several tenants, so whose account it is is asked for"
    assert button in page
    assert 'href="/portal/sign-in"' in page, "its partners enter elsewhere"
    form = {"csrf": near.token("/sign-in"), "demo": "carl@nordwind.example"}
    assert near.client.post("/sign-in", data=form).status_code == 401, "whose Carl was not said"
    named = re.search(r'name="tenant" value="([^"]+)">\s*<button name="demo"', page)
    assert named is not None
    done = near.client.post("/sign-in", data={**form, "tenant": named[1]})
    assert done.status_code == 303
    assert near.get("/").status_code == 200
    assert button not in visitor.get("/sign-in").text, "from another machine nobody is let in without a password"


@pytest.mark.parametrize("garbage", ["x", "0" * 32 + "." + "a" * 43, "é", "0" * 5000])
def test_a_made_up_session_is_no_session(visitor: Visitor, garbage: str) -> None:
    answer = visitor.client.get("/", headers=[(b"cookie", f"headgate_session={garbage}".encode())])
    assert answer.status_code == 303


def test_a_session_of_one_tenant_shows_nothing_of_another(held: Visitor, make_tenant: Callable[[], UUID]) -> None:
    held.sign_in("carl")
    assert held.get("/orders/O-1").status_code == 200
    held.session = f"{make_tenant().hex}.{held.session.partition('.')[2]}"
    assert held.get("/orders/O-1").status_code == 303
