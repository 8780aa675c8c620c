"""What is inherited, as pages show it: where it comes from, who can change it, and what became of what was offered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.access import get_tenant, save_role
from headgate.access.duties.inherited import offer_role
from headgate.access.inheritance import list_inherited, take_offers
from headgate.access.tenancy import list_below, place_in_tree
from headgate.kernel.context import SYSTEM, Context
from headgate.packs.inherited import offer_pack, takers
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
        take_offers(conn, system, takers(policies, channel.app.actions))
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


def test_a_new_client_has_packs_policies_and_roles_from_its_beginning_and_says_from_whom(visitor: Visitor) -> None:
    channel = visitor.channel
    database, home, now = channel.app.database, channel.tenant, channel.clock.now()
    ana, bo = (somebody(home, name, now) for name in ("ana", "bo"))
    policies = channel.app.policies
    with database.transaction(home) as conn:
        place_in_tree(database, conn, Context(home, SYSTEM, now), kind="provider", parent="")
        add(channel, conn, "olga", "operator")
        policies.draft(conn, ana, text(1))
        policies.submit(conn, ana, "limits", 1)
        policies.approve(conn, bo, "limits", 1)
        save_role(conn, bo, "desk-lead", title="Desk lead", description="leads", permissions=["orders.read"])
        offer_policy(policies, conn, bo, "limits", 1, locked=True)
        offer_role(conn, bo, "desk-lead", locked=False)
        offer_pack(conn, bo, "channel_revenue")
        name = get_tenant(conn).name
    slug = f"c-{home.hex[:10]}"
    visitor.enter("olga")
    form = {
        "name": "Nord <b>Handel</b>",
        "slug": slug,
        "kind": "client",
        "currency": "EUR",
        "pack:order_governance": "1",
    }
    assert "is there." in words(visitor.post("/clients", {**form, "timezone": "Europe/Berlin"}))
    with database.transaction(home) as conn:
        client = next(each.id for each in list_below(conn, bo) if each.slug == slug)
    with database.transaction(client) as conn:
        found = {(each.kind, each.name): each for each in list_inherited(conn)}
        (copy,) = policies.versions(conn, "limits")
        assert conn.execute("select permissions from custom_roles where role = 'desk-lead'").fetchone() == (
            ["orders.read"],
        )
        packs = conn.execute(
            "select distinct split_part(pack, '@', 1) from policy_versions where pack <> ''"
        ).fetchall()
    assert set(found) == {("policy", "limits"), ("role", "desk-lead"), ("pack", "channel_revenue")}
    assert {(each.state, each.provider_name, each.taken_version) for each in found.values()} == {("following", name, 1)}
    assert (copy.inherited, copy.in_force(now)) == (f"inherited from {name}, version 1", True)
    assert {pack for (pack,) in packs} == {"order_governance", "channel_revenue"}
    visitor.enter("olga")
    with visitor.counted():
        page = visitor.get("/inheritance")
    assert visitor.queries <= 20
    told = words(page)
    assert "1 of 1 have it" in told
    assert "How it stands at your clients" in told
    assert "Nord &lt;b&gt;Handel&lt;/b&gt;" in page.text
    assert told.count("Taken") >= 3
