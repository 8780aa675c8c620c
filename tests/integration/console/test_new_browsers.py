"""Whose account is entered with a browser that it does not know gets a mail, in whichever way it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headgate.access.devices import MOST_TOLD, device_mark
from headgate.access.federation import Discovery
from headgate.connectors.mail.core.parts import page, plain
from headgate.connectors.mail.post import opened
from headgate.console.app import create_console
from headgate.ledger import audit_list, outbox_list
from tests.integration.access.fake_provider import FakeProvider
from tests.integration.console.site import PASSWORD, Visitor, words
from tests.integration.console.test_account import code, second, set_up
from tests.integration.console.test_known_browsers import again, cookie_of
from tests.integration.console.test_sign_on import set_up as set_up_provider
from tests.integration.console.test_sign_on import walk
from tests.scenarios.channel import person

SUBJECT = "Somebody signed in to your account with a new browser"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"


def told(visitor: Visitor) -> list[Any]:
    """The letters about new browsers that wait."""
    app = visitor.channel.app
    with app.database.transaction(visitor.channel.tenant, read_only=True) as conn:
        found = [opened(app.envelope, command.payload) for command in outbox_list(conn, target="mail")]
    return [(letter, look) for letter, look in found if letter.subject == SUBJECT]


def elsewhere(visitor: Visitor, agent: str = FIREFOX) -> Visitor:
    """Another browser."""
    other = Visitor(visitor.channel, visitor.console, visitor.slug)
    other.client.headers["user-agent"] = agent
    return other


def test_the_first_browser_of_an_account_and_a_known_one_are_not_told(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    again(visitor, "carl")
    again(visitor, "carl")
    assert told(visitor) == []


def test_another_browser_is_told_with_when_what_and_where_from(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    assert elsewhere(visitor).sign_in("carl").status_code == 303
    [(letter, look)] = told(visitor)
    assert letter.to == "carl@nordwind.example"
    facts = dict(letter.facts)
    assert facts["Browser"] == "Firefox on Windows"
    assert facts["Network address"] == "testclient"
    assert facts["Signed in by"] == "password"
    assert "2026" in facts["When"]
    assert letter.link.endswith("/account#sessions")
    for text in (plain(letter, look), page(letter, look)):
        assert "choose a new password" in text
        assert "Firefox on Windows" in text
        assert letter.link in text
    with visitor.channel.app.database.transaction(visitor.channel.tenant, read_only=True) as conn:
        [entry] = audit_list(conn, action="device.told")
    assert entry.subject == person("carl")


def test_what_a_browser_says_of_itself_stays_text(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    elsewhere(visitor, "<script>alert(1)</script>").sign_in("carl")
    [(letter, look)] = told(visitor)
    assert "<script>alert" not in page(letter, look)


def test_a_wrong_password_or_a_missing_code_tells_nothing(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    secret, _ = set_up(visitor)
    other = elsewhere(visitor)
    other.sign_in("carl", "wrong")
    other.sign_in("carl")
    assert told(visitor) == [], "nobody is in yet"
    assert second(other, code(visitor, secret)).status_code == 303  # type: ignore[attr-defined]
    [(letter, _)] = told(visitor)
    assert dict(letter.facts)["Signed in by"] == "password and code"


def test_a_cookie_of_one_account_knows_no_other(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    stolen = next(c.value for c in visitor.client.cookies.jar if c.name == cookie_of(visitor, "carl"))
    elsewhere(visitor).sign_in("fay")
    thief = elsewhere(visitor)
    mark = device_mark(visitor.channel.tenant, person("fay"))
    thief.client.cookies.set(f"headgate_device_{mark}", stolen or "", domain="localhost.local", path="/sign-in")
    assert again(thief, "fay").status_code == 303
    assert [letter.to for letter, _ in told(visitor)] == ["fay@nordwind.example"]


def test_who_signs_in_again_and_again_fills_no_mailbox(visitor: Visitor) -> None:
    for _ in range(MOST_TOLD + 4):
        elsewhere(visitor).sign_in("carl")
    found = [" ".join(letter.paragraphs) for letter, _ in told(visitor)]
    assert len(found) == MOST_TOLD
    assert sum("until tomorrow" in text for text in found) == 1


def test_a_browser_that_was_forgotten_is_told_again(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    other = elsewhere(visitor)
    other.sign_in("carl")
    assert "browser known since" in words(visitor.get("/account"))
    visitor.post("/account/sessions/end-others")
    again(other, "carl")
    assert len(told(visitor)) == 2


def test_who_changes_their_own_password_is_known_in_that_browser_and_in_no_other(visitor: Visitor) -> None:
    visitor.sign_in("carl")
    other, fresh = elsewhere(visitor), "quite another horse battery"
    other.sign_in("carl")
    assert len(told(visitor)) == 1
    change = {"password": PASSWORD, "fresh": fresh, "again": fresh}
    assert "Your password is changed" in words(visitor.post("/account/password", change))
    assert "browser known since" in words(visitor.get("/account"))
    assert again(visitor, "carl", fresh).status_code == 303
    assert len(told(visitor)) == 1, "it is the browser in which it was changed"
    assert again(other, "carl", fresh).status_code == 303
    assert len(told(visitor)) == 2, "others are new again"
    visitor.post("/account/sessions/end-others")
    again(other, "carl", fresh)
    assert len(told(visitor)) == 3, "and again once they are signed out from here"


def test_signing_in_by_an_identity_provider_is_told_and_known_as_well(visitor: Visitor) -> None:
    idp = FakeProvider().at(visitor.channel.clock.now())
    app = replace(visitor.channel.app, discovery=Discovery(idp))
    site = Visitor(visitor.channel, create_console(app), visitor.slug).enter("tom")
    set_up_provider(site, idp)
    site.post("/identity/sign-on/providers/idp", {"act": "link", "subject": "subject-1", "principal": person("carl")})
    way = f"/sign-in/with/idp?tenant={site.slug}"
    first, other = elsewhere(site), elsewhere(site)
    assert walk(first, idp, way).status_code == 303
    assert told(site) == []
    back = walk(first, idp, way)
    assert [each for each in back.headers.get_list("set-cookie") if each.startswith(cookie_of(site, "carl"))]
    assert told(site) == [], "known again when the provider sends it back"
    assert walk(other, idp, way).status_code == 303
    [(letter, _)] = told(site)
    assert "at your organisation" in " ".join(letter.paragraphs)
    assert dict(letter.facts)["Signed in by"] == "identity provider"
