"""The page of domains: what to set, what a check came to, and what needs a proof of who one is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from headgate.access.domains import claim_domain, get_domain
from headgate.entry.web import create_web
from headgate.kernel.context import SYSTEM
from tests.domains import FakeDns
from tests.integration.console.site import Visitor, words
from tests.integration.console.test_brand import put

PAGE = "/settings/domains"


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> FakeDns:
    """Every resolver that is built answers from this table."""
    fake = FakeDns()
    monkeypatch.setattr("headgate.connectors.dns.resolver.TxtResolver.__call__", lambda self, name: fake(name))
    return fake


@pytest.fixture
def admin(visitor: Visitor, dns: FakeDns) -> Visitor:
    return visitor.enter("tom")


@pytest.fixture
def name(admin: Visitor) -> str:
    return f"d-{admin.channel.tenant.hex[:12]}.example"


def add(admin: Visitor, name: str) -> object:
    return admin.post(PAGE, {"domain": name})


def check(admin: Visitor, name: str) -> str:
    admin.channel.clock.move(timedelta(seconds=11))
    return words(admin.post(f"{PAGE}/check", {"domain": name}))


def test_from_a_claim_to_a_portal_and_back(admin: Visitor, dns: FakeDns, name: str) -> None:
    assert "No domain yet" in words(admin.get(PAGE))
    assert f'href="{PAGE}"' in admin.get("/settings/brand").text
    add(admin, name.upper())
    channel = admin.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        made = get_domain(conn, name)
    page = admin.get(PAGE).text
    assert f'data-copy="{made.record_name}"' in page
    assert f'data-copy="{made.record_value}"' in page
    assert "There is no such domain" in check(admin, name)
    dns.texts |= {name: [], made.record_name: ["<script>alert(1)</script>"]}
    assert "something else" in check(admin, name)
    page = admin.get(PAGE).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert put(admin, host=f"p.{name}").status_code == 422, "not before it is proven"
    dns.texts[made.record_name] = [made.record_value]
    assert f"{name} is proven to be yours" in check(admin, name)
    assert "The brand is in force" in words(put(admin, host=f"p.{name}", from_address=f"desk@{name}"))
    client = TestClient(create_web(channel.app), base_url=f"http://p.{name}", follow_redirects=False)
    assert client.get("/portal/sign-in").status_code == 200
    dns.texts[made.record_name] = []
    check(admin, name)
    assert f"The record that proves {name} is gone" in words(admin.get("/settings/brand"))
    refused = admin.post(f"{PAGE}/remove", {"domain": name})
    assert refused.status_code == 409
    assert "change its host first" in words(refused)
    put(admin, host="", from_address=f"desk@{name}")
    assert "is removed" in words(admin.post(f"{PAGE}/remove", {"domain": name}))
    assert f"Mails do not come from desk@{name}" in words(admin.get("/settings/brand"))


def test_home_tells_who_administers_of_what_has_lost_its_proof(admin: Visitor, dns: FakeDns, name: str) -> None:
    with admin.counted():
        admin.get("/")
    without = admin.queries
    add(admin, name)
    channel = admin.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        made = get_domain(conn, name)
    dns.texts |= {name: [], made.record_name: [made.record_value]}
    check(admin, name)
    put(admin, host=f"p.{name}", from_address=f"desk@{name}")
    assert "Prove it" not in words(admin.get("/"))
    dns.texts[made.record_name] = []
    check(admin, name)
    with admin.counted():
        page = admin.get("/")
    assert admin.queries <= without + 1
    assert f"p.{name} has not been proven to be yours since" in words(page)
    assert f"The domain of desk@{name} has not been proven to be yours since" in words(page)
    assert f'href="{PAGE}#{name}">Prove it' in page.text
    assert "Prove it" not in words(admin.enter("carl").get("/")), "who could not see to it"
    channel.clock.move(timedelta(days=14))
    admin.enter("tom")
    check(admin, name)
    gone = words(admin.get("/"))
    assert f"p.{name} is not proven to be yours any more: the portal is not served there." in gone
    assert f"Mails do not come from desk@{name}" in gone


@pytest.mark.parametrize("wrong", ["", "com", "https://x.example", "127.0.0.1", "<b>.example", "x" * 400])
def test_what_is_no_domain_is_refused_at_its_field(admin: Visitor, wrong: str) -> None:
    refused = admin.post(PAGE, {"domain": wrong})
    assert refused.status_code == 422
    assert 'id="domain-error"' in refused.text
    assert "No domain yet" in words(refused)


def test_checks_are_bounded_and_what_is_not_there_is_told(admin: Visitor, name: str) -> None:
    add(admin, name)
    check(admin, name)
    again = admin.post(f"{PAGE}/check", {"domain": name})
    assert again.status_code == 429
    assert "a moment ago" in words(again)
    for path in ("check", "remove"):
        assert admin.post(f"{PAGE}/{path}", {"domain": "nobodys.example"}).status_code == 404
    assert admin.post(PAGE, {"domain": name}).status_code == 409


def test_the_page_is_for_administrators_who_prove_again_who_they_are(visitor: Visitor, dns: FakeDns) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        claim_domain(conn, channel.context(SYSTEM), "one.example")
    visitor.enter("carl")
    assert visitor.get(PAGE).status_code == 403
    for path in ("", "/check", "/remove"):
        assert visitor.post(f"{PAGE}{path}", {"domain": "one.example"}).status_code == 403
    assert dns.asked == []
    tom = visitor.enter("tom")
    channel.clock.move(timedelta(minutes=25))
    for path in ("", "/remove"):
        held = tom.post(f"{PAGE}{path}", {"domain": "two.example"})
        assert "/account/confirm" in str(held.url)
    with channel.app.database.transaction(channel.tenant) as conn:
        assert get_domain(conn, "one.example").standing.status == "claimed"


def test_german_readers_read_german(admin: Visitor, name: str) -> None:
    add(admin, name)
    page = words(admin.client.get(PAGE, headers={"accept-language": "de"}))
    assert "Noch nicht nachgewiesen" in page
    assert "Not proven yet" not in page
