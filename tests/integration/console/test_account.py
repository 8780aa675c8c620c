"""One's own account in the console: the second factor at sign-in, sessions, and proofs before sensitive acts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pyotp
import pytest

from headgate import access
from headgate.access import SecurityRules
from headgate.connectors.mail.post import opened
from headgate.console import urls
from headgate.console.app import DOORS
from headgate.kernel.context import SYSTEM
from headgate.ledger import audit_list, outbox_list
from tests.integration.console.site import PASSWORD, Visitor, words
from tests.integration.console.test_approving import let_go
from tests.scenarios.channel import person

STEP = timedelta(seconds=30)
AFTER = timedelta(minutes=16)


def rules(visitor: Visitor, **more: object) -> None:
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        access.set_security(conn, visitor.channel.context(SYSTEM), replace(SecurityRules(), **more))  # type: ignore[arg-type]


def code(visitor: Visitor, secret: str) -> str:
    """The code of the next step: each is taken once."""
    visitor.channel.clock.move(STEP)
    return pyotp.TOTP(secret).at(visitor.channel.clock.now())


def set_up(visitor: Visitor) -> tuple[str, list[str]]:
    """Set up an app as whoever is signed in; its secret and the recovery codes."""
    page = visitor.post("/account/authenticator", token=visitor.token("/account"))
    found = re.search(r'class="app-key">([A-Z2-7 ]+)<', page.text)
    assert found, words(page)
    secret = found[1].replace(" ", "")
    token = visitor.token("/account")
    assert "does not fit" in words(visitor.post("/account/authenticator/confirm", {"code": "000000"}, token=token))
    done = visitor.post("/account/authenticator/confirm", {"code": code(visitor, secret)}, token=token)
    return secret, re.findall(r"<li><code>([a-z2-7-]{19})</code>", done.text)


def second(visitor: Visitor, given: str, then: str = "/") -> object:
    token = visitor.token("/sign-in/second")
    fields = {"csrf": token, "code": given, "then": then}
    return visitor.client.post("/sign-in/second", data=fields, follow_redirects=False)


def test_with_an_app_a_password_alone_lets_nobody_in(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    secret, codes = set_up(visitor)
    assert len(codes) == 10
    asked = visitor.sign_in("carl", then="/orders")
    assert asked.headers["location"] == "/sign-in/second?then=%2Forders"
    assert visitor.session == ""
    assert visitor.get("/").status_code == 303
    wrong = second(visitor, "000000")
    assert wrong.status_code == 401  # type: ignore[attr-defined]
    done = second(visitor, code(visitor, secret), "/orders")
    assert (done.status_code, done.headers["location"]) == (303, "/orders")  # type: ignore[attr-defined]
    assert visitor.get("/orders").status_code == 200
    visitor.sign_in("carl")
    assert second(visitor, pyotp.TOTP(secret).at(visitor.channel.clock.now())).status_code == 401, "used"  # type: ignore[attr-defined]
    assert second(visitor, codes[0]).status_code == 303  # type: ignore[attr-defined]
    visitor.sign_in("carl")
    assert second(visitor, codes[0]).status_code == 401  # type: ignore[attr-defined]


def test_five_wrong_codes_end_the_sign_in(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    secret, _ = set_up(visitor)
    visitor.sign_in("carl")
    token = visitor.token("/sign-in/second")
    answers = [
        visitor.client.post("/sign-in/second", data={"csrf": token, "code": "000000"}, follow_redirects=False)
        for _ in range(6)
    ]
    assert [a.status_code for a in answers[:4]] == [401] * 4
    assert "Begin again" in words(answers[5])
    last = {"csrf": token, "code": code(visitor, secret)}
    assert visitor.client.post("/sign-in/second", data=last, follow_redirects=False).status_code == 401
    assert visitor.session == ""


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-in/second"])
def test_no_step_of_a_sign_in_leads_to_another_site(visitor: Visitor, then: str) -> None:
    visitor.sign_in("carl")
    secret, _ = set_up(visitor)
    visitor.sign_in("carl", then=then)
    page = visitor.client.get("/sign-in/second", params={"then": then})
    assert re.findall(r'name="then" value="([^"]*)"', page.text) == ["/"]
    assert second(visitor, code(visitor, secret), then).headers["location"] == "/"  # type: ignore[attr-defined]
    asked = visitor.client.get("/account/confirm", params={"then": then}).text.partition("<main")[2]
    assert "evil" not in asked
    confirmed = visitor.post("/account/confirm", {"code": code(visitor, secret), "then": then}, follow=False)
    assert confirmed.headers["location"] == "/"


def test_a_role_that_needs_a_second_factor_sets_one_up_before_anything_else(visitor: Visitor) -> None:
    rules(visitor, second_factor_roles=frozenset({"channel_manager"}))
    assert visitor.sign_in("carl", then="/orders").headers["location"] == "/account"
    for path in ("/", "/orders", "/search?q=x", "/cases"):
        assert visitor.get(path).headers["location"] == "/account", path
    assert "Your role needs one" in words(visitor.get("/account"))
    set_up(visitor)
    assert visitor.get("/orders").status_code == 200
    visitor.sign_in("fay")
    assert visitor.get("/orders").status_code == 200, "another role does not need one"


def test_a_rule_that_comes_later_counts_for_who_is_signed_in_already(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    assert visitor.get("/orders").status_code == 200
    rules(visitor, second_factor_roles=frozenset({"channel_manager"}))
    assert visitor.get("/orders").headers["location"] == "/account"
    assert "Your role needs one" in words(visitor.get("/account"))
    set_up(visitor)
    assert visitor.get("/orders").status_code == 200
    visitor.post("/account/authenticator/remove")
    assert visitor.get("/orders").headers["location"] == "/account", "the last factor is gone: first another one"
    rules(visitor)
    assert visitor.get("/orders").status_code == 200
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        access.grant_role(conn, visitor.channel.context(SYSTEM), person("carl"), "support")
    rules(visitor, second_factor_roles=frozenset({"support"}))
    assert visitor.get("/orders").headers["location"] == "/account", "a role that came later counts as well"


def mailed(visitor: Visitor) -> list[tuple[str, str, dict[str, str]]]:
    """To whom mails about an account went, what they say first, and their facts; by what they say."""
    app = visitor.channel.app
    with app.database.transaction(visitor.channel.tenant) as conn:
        letters = [opened(app.envelope, m.payload)[0] for m in outbox_list(conn, limit=50) if m.type == "mail.send"]
    found = [(w.to, w.paragraphs[0], dict(w.facts)) for w in letters if w.subject == "Your account was changed"]
    return sorted(found, key=lambda each: each[1])


def test_whatever_changes_a_way_of_signing_in_is_told_its_owner_by_mail(visitor: Visitor) -> None:
    visitor.client.headers["user-agent"] = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
    )
    visitor.sign_in("carl")
    set_up(visitor)
    visitor.post("/account/recovery-codes")
    visitor.post("/account/authenticator/remove")
    visitor.post("/account/authenticator/remove")
    fresh = "a quite different lot of words"
    visitor.post("/account/password", {"password": "wrong", "fresh": fresh, "again": fresh})
    visitor.post("/account/password", {"password": PASSWORD, "fresh": fresh, "again": fresh})
    found = mailed(visitor)
    assert {to for to, _, _ in found} == {"carl@nordwind.example"}
    assert [said for _, said, _ in found] == [
        "An authenticator app was set up for your account.",
        "New recovery codes were made for your account; those of before are worth nothing any more.",
        "The authenticator app of your account was removed.",
        "Your password was changed.",
    ]
    assert {facts["Browser"] for _, _, facts in found} == {"Firefox on Windows"}


# Every door that wants a fresh proof. A new entry here is a decision.
SENSITIVE = {
    "/account/authenticator",
    "/account/authenticator/confirm",
    "/account/authenticator/remove",
    "/account/recovery-codes",
    "/account/passkeys",
    "/account/passkeys/{passkey}/remove",
}


def test_every_sensitive_act_wants_a_fresh_proof_and_gives_the_session_another_token(visitor: Visitor) -> None:
    assert {door.path for door in DOORS if door.fresh} >= SENSITIVE
    visitor.sign_in("carl")
    visitor.channel.clock.move(AFTER)
    for door in DOORS:
        # Who may not at all is told that first.
        if door.fresh and door.needs == ("signed in",):
            path = re.sub(r"\{\w+\}", "x", door.path.replace("%7B", "{").replace("%7D", "}"))
            answer = visitor.post(path, follow=False) if door.method == "POST" else visitor.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/account/confirm?"), path
    before = visitor.session
    assert visitor.post("/account/confirm", {"password": "wrong"}).status_code == 401
    assert visitor.session == before
    assert visitor.post("/account/confirm", {"password": PASSWORD, "then": "/account"}, follow=False).status_code == 303
    after = visitor.session
    assert after != before
    assert visitor.post("/account/authenticator", follow=False).status_code == 200
    visitor.session = before
    assert visitor.get("/").status_code == 303, "the token before is worth nothing"
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        assert [e.body["proof"] for e in audit_list(conn, action="session.proved")] == ["password"]


def test_with_a_second_factor_the_password_is_no_proof(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    secret, _ = set_up(visitor)
    visitor.channel.clock.move(AFTER)
    assert visitor.post("/account/confirm", {"password": PASSWORD}).status_code == 401
    given = {"code": code(visitor, secret), "then": "/account"}
    assert visitor.post("/account/confirm", given, follow=False).status_code == 303
    assert "removed" in words(visitor.post("/account/authenticator/remove"))
    assert visitor.sign_in("carl").headers["location"] == "/"


def test_a_session_that_was_put_into_a_browser_is_not_gone_on_in(visitor: Visitor) -> None:
    """Session fixation: whoever planted a token has nothing of the session that somebody else starts."""
    visitor.sign_in("fay")
    planted = visitor.session
    other = Visitor(visitor.channel, visitor.console, visitor.slug)
    token = other.token("/sign-in")
    other.client.cookies.set("headgate_session", planted, domain="localhost.local")
    form = {"email": "carl@nordwind.example", "password": PASSWORD, "tenant": visitor.slug, "csrf": token}
    other.client.post("/sign-in", data=form, follow_redirects=False)
    started = [c.value for c in other.client.cookies.jar if c.name == "headgate_session"]
    assert planted not in started
    assert visitor.get("/").status_code == 303, "the planted one is over"


def test_sessions_are_listed_and_ended_one_by_one_or_all_others(visitor: Visitor) -> None:
    def browser(agent: str) -> Visitor:
        made = Visitor(visitor.channel, visitor.console, visitor.slug)
        made.client.headers["user-agent"] = agent
        made.sign_in("carl")
        return made

    phone = browser("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1")
    laptop = browser("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0")
    visitor.sign_in("carl")
    page = visitor.get("/account")
    assert "Safari on iPhone" in words(page)
    assert "Firefox on Windows" in words(page)
    acts = re.findall(r'action="(/account/sessions/[0-9a-f]{64}/end)"', page.text)
    assert len(acts) == 2
    visitor.post(acts[0])
    assert sorted([phone.get("/").status_code, laptop.get("/").status_code]) == [200, 303]
    assert "signed out everywhere else" in words(visitor.post("/account/sessions/end-others"))
    assert {phone.get("/").status_code, laptop.get("/").status_code} == {303}
    assert visitor.get("/").status_code == 200
    visitor.enter("fay")
    others = visitor.session
    visitor.sign_in("carl")
    foreign = access.parse_session_token(others)[1].hex()
    assert visitor.post(f"/account/sessions/{foreign}/end").status_code == 404


def test_another_password_ends_every_session_but_this_one(visitor: Visitor) -> None:
    elsewhere = Visitor(visitor.channel, visitor.console, visitor.slug)
    elsewhere.sign_in("carl")
    visitor.sign_in("carl")
    before, fresh = visitor.session, "a quite different lot of words"
    change = {"password": PASSWORD, "fresh": fresh, "again": fresh}
    assert "differ" in words(visitor.post("/account/password", {**change, "again": "x"}))
    assert "not your password" in words(visitor.post("/account/password", {**change, "password": "x"}))
    assert "shorter" in words(visitor.post("/account/password", {**change, "fresh": "x", "again": "x"}))
    assert "Your password is changed" in words(visitor.post("/account/password", change))
    assert visitor.session != before
    assert elsewhere.get("/").status_code == 303
    assert visitor.sign_in("carl").status_code == 401
    assert visitor.sign_in("carl", fresh).status_code == 303


def test_time_outs_are_the_tenants_and_count_for_sessions_that_go_on(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    rules(visitor, session_hours=1, idle_minutes=30)
    visitor.channel.clock.move(timedelta(minutes=29))
    assert visitor.get("/").status_code == 200
    visitor.channel.clock.move(timedelta(minutes=30))
    assert visitor.get("/").status_code == 303
    visitor.sign_in("carl")
    for _ in range(2):
        visitor.channel.clock.move(timedelta(minutes=25))
        assert visitor.get("/").status_code == 200
    visitor.channel.clock.move(timedelta(minutes=10))
    assert visitor.get("/").status_code == 303


def test_a_second_step_of_nobody_leads_to_the_first(visitor: Visitor) -> None:
    assert visitor.get("/sign-in/second?then=/orders").headers["location"] == "/sign-in?then=%2Forders"
    token = visitor.token("/sign-in")
    assert visitor.client.post("/sign-in/second", data={"csrf": token, "code": "1"}).status_code == 403
    assert visitor.client.post("/sign-in/second", data={"code": "1"}).status_code == 403
    assert visitor.client.post("/sign-in/passkey", data={"response": "{}"}).status_code == 403
    for odd in (
        "{}",
        "[]",
        "x",
        '{"response": {"userHandle": "é"}}',
        '{"rawId": 7, "response": {"userHandle": "AAAA"}}',
    ):
        answer = visitor.client.post("/sign-in/passkey", data={"csrf": token, "response": odd, "sealed": odd})
        assert answer.status_code == 401, odd


def test_approving_above_the_tenants_limit_asks_for_a_fresh_proof(held: Visitor) -> None:
    rules(held, step_up_amount=Decimal(1))
    held.sign_in("carl")
    held.channel.clock.move(AFTER)
    page = held.approval_of("O-1")
    digest = re.search(r'name="digest" value="([^"]+)"', held.get(page).text)
    assert digest
    choice = {"digest": digest[1], "outcome": "approve", "justification": "agreed with the partner"}
    asked = held.post(f"{page}/decision", choice, follow=False)
    assert asked.headers["location"].startswith("/account/confirm?then=")
    many = {f"pick:{page.rpartition('/')[2]}": digest[1], "outcome": "approve", "justification": "agreed"}
    assert held.post(urls.APPROVALS_DECIDE, many, follow=False).headers["location"].startswith("/account/confirm")
    assert held.channel.approval("O-1").votes == ()
    held.post("/account/confirm", {"password": PASSWORD, "then": page})
    let_go(held, held.post(f"{page}/decision", choice))
    assert [v.principal for v in held.channel.approval("O-1").votes] == [person("carl")]
    rules(held, step_up_amount=Decimal(1000000))
    held.sign_in("fiona")
    held.channel.clock.move(AFTER)
    assert held.decide("O-1").status_code == 200
