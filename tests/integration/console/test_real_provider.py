"""A whole sign-in by a real OpenID Connect provider: npm's oidc-provider, certified by the OpenID Foundation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest

from headgate.access.federation import Discovery
from headgate.connectors.delivery import Fetcher, Rules, Wire
from headgate.console.app import create_console
from headgate.kernel.clock import SystemClock
from tests.integration.console.site import Visitor
from tests.provider.running import real_provider
from tests.scenarios.channel import person

BACK = "http://localhost/sign-in/back"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider on a port of its own."""
    with real_provider(BACK) as running:
        yield running


@pytest.fixture
def site(visitor: Visitor) -> Visitor:
    """The console, which may reach this machine, with an administrator in front of it. Tokens have the real time."""
    rules = Rules((ip_network("127.0.0.1/32"),))
    clock = SystemClock()
    app = replace(visitor.channel.app, discovery=Discovery(Fetcher(rules, Wire(rules))), clock=clock)
    visitor.channel.clock.move(clock.now() - visitor.channel.clock.now())
    found = Visitor(visitor.channel, create_console(app), visitor.slug)
    return found.enter("tom")


def consent(address: str, login: str) -> dict[str, str]:
    """What a person does at the provider: sign in, agree; the parameters of the way back."""
    with httpx2.Client(follow_redirects=False, timeout=20) as browser:
        answer = browser.get(address)
        for _ in range(12):
            if answer.status_code in (302, 303):
                onward = httpx2.URL(address).join(answer.headers["location"])
                if str(onward).startswith(BACK):
                    return dict(onward.params)
                answer = browser.get(onward)
                continue
            fields = {"prompt": "login", "login": login, "password": "any"}
            if 'name="prompt" value="consent"' in answer.text:
                fields = {"prompt": "consent"}
            answer = browser.post(answer.url, data=fields)
    raise AssertionError("the provider never sent the browser back")


def walk(site: Visitor, way: str, login: str = "ana") -> Any:
    """Out and back."""
    out = site.get(way)
    assert out.status_code == 303, out.text
    return site.client.get("/sign-in/back", params=consent(out.headers["location"], login))


def test_somebody_signs_in_by_a_real_provider(site: Visitor, issuer: str) -> None:
    site.post(
        "/identity/sign-on/providers",
        {
            "code": "idp",
            "name": "The IdP",
            "issuer": issuer,
            "client_id": "headgate",
            "client_secret": "a secret: with & odd chars",
            "scopes": "profile email groups",
            "groups_claim": "groups",
            "domains": "nordwind.example",
        },
    )
    tested = walk(site, "/sign-in/with/idp?test=1")
    assert "The sign-in works" in tested.text, tested.text
    for told in ("Ana Nord", "ana@nordwind.example", "desk"):
        assert told in tested.text, told
    site.post("/identity/sign-on/providers/idp", {"act": "enable"})
    site.post("/identity/sign-on/providers/idp", {"act": "link", "subject": "ana", "principal": person("carl")})
    guest = Visitor(site.channel, site.console, site.slug)
    stranger = walk(guest, f"/sign-in/with/idp?tenant={site.slug}", "mallory")
    assert stranger.status_code == 403
    entered = walk(guest, f"/sign-in/with/idp?tenant={site.slug}&then=%2Forders")
    assert (entered.status_code, entered.headers["location"]) == (303, "/orders"), entered.text
    assert f'data-me="{person("carl")}"' in guest.get("/help/keyboard").text
