"""Signing in by an identity provider through the console: set up, tested, used, misused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from headgate.access import get_tenant
from headgate.access.federation import Discovery, ProviderDraft, create_provider, get_provider
from headgate.console.app import create_console
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import audit_list
from tests.integration.access.fake_provider import FakeProvider
from tests.integration.console.site import PASSWORD, Visitor
from tests.scenarios.channel import person

PROVIDER = {
    "code": "idp",
    "name": "The IdP",
    "issuer": "https://idp.example",
    "client_id": "headgate",
    "client_secret": "s3cret with: odd &chars",
    "scopes": "profile email groups",
    "groups_claim": "groups",
    "domains": "nordwind.example",
}


@pytest.fixture
def idp(visitor: Visitor) -> FakeProvider:
    return FakeProvider().at(visitor.channel.clock.now())


@pytest.fixture
def site(visitor: Visitor, idp: FakeProvider) -> Visitor:
    """The console with the provider in reach, and an administrator in front of it."""
    app = replace(visitor.channel.app, discovery=Discovery(idp))
    found = Visitor(visitor.channel, create_console(app), visitor.slug)
    found.enter("tom")
    return found


def walk(site: Visitor, idp: FakeProvider, way: str) -> Any:
    """Out to the provider and back."""
    out = site.get(way)
    assert out.status_code == 303, out.text
    back = idp.authorize(out.headers["location"])
    return site.client.get("/sign-in/back", params=back)


def set_up(site: Visitor, idp: FakeProvider, **changes: str) -> None:
    """A provider that is tested and switched on."""
    assert site.post("/identity/sign-on/providers", PROVIDER | changes).status_code == 200
    tested = walk(site, idp, "/sign-in/with/idp?test=1")
    assert "The sign-in works" in tested.text, tested.text
    site.post("/identity/sign-on/providers/idp", {"act": "enable"})


def test_a_provider_is_set_up_tested_and_then_lets_people_in(site: Visitor, idp: FakeProvider) -> None:
    site.post("/identity/sign-on/providers", PROVIDER)
    assert "Not tested yet" in site.get("/identity/sign-on").text
    refused = site.post("/identity/sign-on/providers/idp", {"act": "enable"})
    assert (refused.status_code, "was not tested yet" in refused.text) == (422, True)
    idp.told = {"groups": ["desk"], "email": "ana@nordwind.example", "email_verified": True}
    tested = walk(site, idp, "/sign-in/with/idp?test=1")
    assert "subject-1" in tested.text
    assert "desk" in tested.text
    site.post("/identity/sign-on/providers/idp", {"act": "enable"})
    site.post("/identity/sign-on/groups", {"act": "add", "origin": "oidc:idp", "group": "desk", "role": "order_desk"})
    guest = Visitor(site.channel, site.console, site.slug)
    page = guest.get(f"/sign-in?tenant={site.slug}").text
    way = f"/sign-in/with/idp?tenant={site.slug}&then=%2Forders"
    assert "Sign in with" in page or "Organisation" in page
    assert walk(guest, idp, way).status_code == 403, "nobody is linked by chance"
    with site.channel.app.database.transaction(site.channel.tenant, read_only=True) as conn:
        [refusal] = [entry for entry in audit_list(conn, limit=5) if entry.action == "sign_in.refused"]
    assert (refusal.actor, refusal.subject) == ("oidc:idp", "idp"), "and the audit trail says why"
    site.post("/identity/sign-on/providers/idp", {"act": "link", "subject": "subject-2", "principal": person("carl")})
    idp.subject, idp.told = "subject-2", {}
    entered = walk(guest, idp, way)
    assert (entered.status_code, entered.headers["location"]) == (303, "/orders")
    assert guest.get("/help/keyboard").status_code == 200
    out = guest.post("/sign-out", follow=False)
    assert "https://idp.example/logout?id_token_hint=" in out.text, "and out there, too"
    assert guest.get("/orders").status_code == 303


def test_an_answer_in_another_browser_twice_or_without_its_cookie_gets_nowhere(
    site: Visitor, idp: FakeProvider
) -> None:
    set_up(site, idp)
    guest, victim = (Visitor(site.channel, site.console, site.slug) for _ in "ab")
    out = guest.get(f"/sign-in/with/idp?tenant={site.slug}")
    back = idp.authorize(out.headers["location"])
    # Login CSRF: the attacker's answer is given to somebody else's browser.
    assert victim.client.get("/sign-in/back", params=back).status_code == 403
    victim.get(f"/sign-in/with/idp?tenant={site.slug}")
    assert victim.client.get("/sign-in/back", params=back).status_code == 403
    assert guest.client.get("/sign-in/back", params=back).status_code == 403, "it was used up"
    for junk in (
        {},
        {"state": "x"},
        {"state": "0" * 32 + "." + "a" * 43, "code": "c"},
        {"state": back["state"], "error": "x"},
    ):
        assert guest.client.get("/sign-in/back", params=junk).status_code == 403


def test_a_provider_that_is_off_or_unknown_or_down_is_told_in_words(site: Visitor, idp: FakeProvider) -> None:
    site.post("/identity/sign-on/providers", PROVIDER)
    guest = Visitor(site.channel, site.console, site.slug)
    assert guest.get(f"/sign-in/with/idp?tenant={site.slug}").status_code == 403
    assert guest.get(f"/sign-in/with/nobody?tenant={site.slug}").status_code == 403
    assert guest.get("/sign-in/with/idp?tenant=no-such").status_code == 403
    assert guest.get("/sign-in/with/idp?test=1").status_code == 403, "a test is an administrator's"
    idp.down = True
    assert site.get("/sign-in/with/idp?test=1").status_code == 502
    idp.down = False
    idp.lie = {"aud": "another"}
    failed = walk(site, idp, "/sign-in/with/idp?test=1")
    assert (failed.status_code, "meant for another application" in failed.text) == (422, True)


def test_an_administrator_tests_providers_of_their_own_tenant_only(
    site: Visitor, idp: FakeProvider, make_tenant: Callable[[], UUID]
) -> None:
    """Whatever tenant the address names: another one's provider is not there."""
    other, channel = make_tenant(), site.channel
    with channel.app.database.transaction(other) as conn:
        ctx = Context(other, SYSTEM, channel.clock.now())
        draft = ProviderDraft(code="theirs", name="Theirs", issuer="https://idp.example", client_id="headgate")
        create_provider(conn, ctx, channel.app.envelope, draft)
        slug = get_tenant(conn).slug
    assert site.get(f"/sign-in/with/theirs?test=1&tenant={slug}").status_code == 403
    with channel.app.database.transaction(other, read_only=True) as conn:
        assert get_provider(conn, "theirs").tested_at is None


@pytest.mark.parametrize(
    "issuer", ["http://idp.example", "https://169.254.169.254/", "javascript:alert(1)", "https://idp.example/?x=1", ""]
)
def test_an_issuer_inside_or_without_https_is_refused(site: Visitor, issuer: str) -> None:
    answer = site.post("/identity/sign-on/providers", PROVIDER | {"issuer": issuer})
    assert answer.status_code == 422
    assert "No identity provider yet" in site.get("/identity/sign-on").text


def test_passwords_can_be_switched_off_but_for_the_break_glass_account(site: Visitor, idp: FakeProvider) -> None:
    set_up(site, idp)
    site.post("/identity/sign-on/rules", {"passwords": "off", "break_glass": person("tom")})
    assert "Switched off, but for break-glass accounts" in site.get("/identity/sign-on").text
    guest = Visitor(site.channel, site.console, site.slug)
    assert guest.sign_in("carl", PASSWORD, slug=site.slug).status_code == 401
    assert guest.sign_in("tom", PASSWORD, slug=site.slug).status_code == 303


def test_people_are_picked_by_name_and_address(site: Visitor, idp: FakeProvider) -> None:
    set_up(site, idp)
    page = site.get("/identity/sign-on").text
    assert '<option value="tom@nordwind.example">Tom</option>' in page
    rules = "/identity/sign-on/rules"
    site.post(rules, {"passwords": "off", "break_glass": f"tom@nordwind.example, {person('carl')}"})
    page = site.get("/identity/sign-on").text
    assert f'name="keep:{person("tom")}" value="1" checked' in page
    assert f'name="keep:{person("carl")}" value="1" checked' in page
    refused = site.post(rules, {"passwords": "off", f"keep:{person('tom')}": "1", "break_glass": "nobody@x.example"})
    assert (refused.status_code, 'value="nobody@x.example"' in refused.text) == (422, True)
    site.post(rules, {"passwords": "off", f"keep:{person('tom')}": "1", "break_glass": "fay@nordwind.example"})
    page = site.get("/identity/sign-on").text
    assert "keep:" + person("carl") not in page, "whose tick was taken away is none any more"
    assert "keep:" + person("fay") in page
    linked = {"act": "link", "subject": "subject-9", "principal": "Carl@nordwind.example"}
    assert "They are linked" in site.post("/identity/sign-on/providers/idp", linked).text
