"""What is inherited, as pages show it: where it comes from, who can change it, and what became of what was offered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.access import get_tenant, save_role
from headgate.access.duties.inherited import offer_role
from headgate.access.inheritance import take_offers
from headgate.access.tenancy import place_in_tree
from headgate.kernel.context import SYSTEM, Context
from headgate.packs.inherited import takers
from headgate.policy import PolicyService
from headgate.policy.inherited import offer_policy
from tests.integration.access.test_below import make_provider
from tests.integration.console.site import Visitor, add, words
from tests.integration.packs.test_inheritance import somebody
from tests.integration.policy.test_policy_versions import text

ROLE = {"title": "Mine", "description": "mine", "may:cases.read": "1"}
HERE = "/policies/limits/versions/1"


@pytest.fixture
def client(visitor: Visitor) -> Visitor:
    """The tenant is a client; its provider has locked the policy `limits` and the role `desk-lead`."""
    channel = visitor.channel
    database, now, policies = channel.app.database, channel.clock.now(), PolicyService()
    provider, olga, _ = make_provider(database)
    with database.transaction(provider) as conn:
        ana, bo = (somebody(provider, name, now) for name in ("ana", "bo"))
        policies.draft(conn, ana, text(1))
        policies.submit(conn, ana, "limits", 1)
        policies.approve(conn, bo, "limits", 1)
        save_role(conn, bo, "desk-lead", title="Desk lead", description="leads", permissions=["orders.read"])
        offer_policy(policies, conn, replace(olga, now=now), "limits", 1, locked=True)
        offer_role(conn, bo, "desk-lead", locked=True)
        above = get_tenant(conn).slug
    with database.transaction(channel.tenant) as conn:
        system = Context(channel.tenant, SYSTEM, now)
        place_in_tree(database, conn, system, kind="client", parent=above)
        take_offers(conn, system, takers(policies))
    return visitor


def test_a_locked_policy_says_who_can_change_it_and_is_changed_by_nobody_here(client: Visitor) -> None:
    with client.channel.app.database.transaction(client.channel.tenant) as conn:
        add(client.channel, conn, "pia", "pricing_manager")
    client.enter("pia")
    page = client.get(HERE)
    assert "Test tenant has locked this policy for its clients." in words(page)
    assert '<a href="/inheritance">inherited from Test tenant, version 1</a>' in page.text
    for act in ("Propose a change", "End this version", "Set the start"):
        assert act not in page.text, act
    assert "Propose a change" in client.get("/policies/price_deviation").text
    told = client.post("/policies/limits/propose", follow=False)
    assert told.status_code == 409
    client.enter("fiona")
    refused = client.post(f"{HERE}/retire", {"reason": "away with it"}, follow=False)
    assert refused.status_code == 422
    assert "Active" in words(client.get(HERE))


def test_a_role_names_its_origin_and_one_that_is_locked_cannot_be_changed(client: Visitor) -> None:
    client.enter("tom")
    page = client.get("/roles/desk-lead")
    assert '<a href="/inheritance">inherited from Test tenant, version 1</a>' in page.text
    assert "Test tenant has locked this role for its clients." in words(page)
    assert "Save the role" not in page.text
    assert "Take it out of use" not in page.text
    assert "shipped, stays as it is" in words(client.get("/roles/finance"))
    refused = client.post("/roles/desk-lead", ROLE)
    assert refused.status_code == 422
    assert "locked" in words(refused)
    assert client.post("/roles/desk-lead/retire").status_code == 422
