"""Deals over HTTP: partners register their own, people decide, and nobody sees what is not theirs."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel.context import SYSTEM, Context
from headgate.packs import find_pack, install_pack, read_pack
from tests.scenarios.api.world import World
from tests.scenarios.channel import partner, person

ACME = {"name": "Acme Robotics GmbH", "country": "DE", "domain": "acme-robotics.de"}
PERHAPS = {"name": "Acme Robotik", "country": "DE", "city": "Ulm"}


@pytest.fixture
def deals(world: World) -> World:
    """The channel with the pack of deals, and partner P-2."""
    app, tenant = world.channel.app, world.channel.tenant
    with app.database.transaction(tenant) as conn:
        ctx = Context(tenant, SYSTEM, world.channel.clock.now())
        install_pack(conn, ctx, read_pack(find_pack("channel_revenue")), app.policies, app.actions)
    world.channel.send("partner.recorded", items=[partner("P-2", "")])
    world.govern()
    return world


def body(code: str = "P-1", customer: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "partner": code,
        "customer": customer or ACME,
        "lines": [{"line": "1", "product": "S-2", "quantity": "4", "amount": "4000.00"}],
        "currency": "EUR",
        "close_on": "2026-06-01",
    }
    return {**found, **more}


def test_a_partner_registers_and_the_rival_learns_nothing(deals: World) -> None:
    mine = deals.post("pia", "/v1/deals", body(deal="D-1"))
    assert mine.status_code == 201, mine.text
    assert (mine.json()["status"], mine.json()["settled"]) == ("approved", True)
    theirs = deals.post("paul", "/v1/deals", body("P-2", {**ACME, "name": "ACME ROBOTICS"}, deal="D-2"))
    assert theirs.json()["status"] == "rejected"
    seen = deals.get("paul", "/v1/deals/D-2").json()
    assert (seen["conflicts"], seen["told"]) == (None, ["This opportunity is registered already"])
    assert "P-1" not in str(seen)
    assert deals.get("paul", "/v1/deals/D-1").status_code == 404
    assert [d["deal"] for d in deals.get("paul", "/v1/deals").json()["items"]] == ["D-2"]
    assert deals.post("paul", "/v1/deals/D-1/withdraw", {"reason": "mine"}).status_code == 404


def test_staff_sees_every_reason(deals: World) -> None:
    deals.post("pia", "/v1/deals", body(deal="D-1"))
    deals.post("paul", "/v1/deals", body("P-2", deal="D-2"))
    (against,) = deals.get("carl", "/v1/deals/D-2").json()["conflicts"]
    assert (against["ref"], against["holder"], against["status"]) == ("D-1", "P-1", "approved")
    assert {s["name"] for s in against["signals"]} == {"domain", "name", "products", "time"}
    assert float(against["score"]) > 90


def test_what_may_conflict_is_decided_over_http(deals: World) -> None:
    deals.post("pia", "/v1/deals", body(deal="D-1"))
    asked = deals.post("paul", "/v1/deals", body("P-2", PERHAPS, deal="D-2")).json()
    assert (asked["status"], asked["approval"], asked["case"]) == ("under_review", None, None)
    (task,) = deals.get("carl", "/v1/tasks").json()["items"]
    approval = deals.get("carl", f"/v1/approvals/{task['approval']}").json()
    assert approval["summary"]["conflicts"][0]["ref"] == "D-1"
    decision = {"outcome": "approve", "justification": "another company", "digest": approval["digest"]}
    done = deals.post("carl", f"/v1/approvals/{task['approval']}/decision", decision)
    assert done.status_code == 200, done.text
    assert deals.get("paul", "/v1/deals/D-2").json()["status"] == "approved"


def test_a_draft_is_amended_submitted_and_kept_alive(deals: World) -> None:
    assert deals.post("pia", "/v1/deals", body(deal="D-1", draft=True)).json()["status"] == "draft"
    assert deals.post("pia", "/v1/deals/D-1/amend", body(notes="two sites")).json()["status"] == "draft"
    assert deals.post("pia", "/v1/deals/D-1/submit", body(notes="two sites")).json()["status"] == "approved"
    activity = {"activity": "demo", "happened_at": "2026-03-02T08:00:00Z"}
    assert deals.post("pia", "/v1/deals/D-1/activities", activity).json()["status"] == "approved"
    longer = deals.post("pia", "/v1/deals/D-1/extension", {"until": "2026-09-30", "reason": "budget in Q3"})
    assert longer.json()["status"] == "approved"
    assert [t["subject"] for t in deals.get("carl", "/v1/tasks").json()["items"]] == ["D-1"]
    assert deals.post("pia", "/v1/deals/D-1/withdraw", {"reason": "lost interest"}).json()["status"] == "withdrawn"


def test_a_repeat_registers_once(deals: World) -> None:
    first = deals.post("pia", "/v1/deals", body(), Idempotency_Key="k-1")
    again = deals.post("pia", "/v1/deals", body(), Idempotency_Key="k-1")
    assert first.json() == again.json()
    assert len(deals.get("pia", "/v1/deals").json()["items"]) == 1


@pytest.mark.parametrize(
    ("who", "sent", "status"),
    [
        ("pia", body("P-2"), 403),
        ("carl", body(), 403),
        ("desk", body(), 403),
        ("pia", {**body(), "customer": {"name": "Acme"}}, 400),
        ("pia", {**body(), "close_on": "2026-02-31"}, 422),
        ("pia", {**body(), "colour": "red"}, 400),
        ("pia", {**body(), "lines": []}, 400),
        ("pia", {**body(), "lines": [{"line": "1", "product": "NOPE", "quantity": "1", "amount": "1"}]}, 422),
    ],
)
def test_what_may_not_or_cannot_be_registered_says_why(
    deals: World, who: str, sent: dict[str, Any], status: int
) -> None:
    answer = deals.post(who, "/v1/deals", sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert deals.get("carl", "/v1/deals").json()["items"] == []


def test_requester_and_approver_are_two(deals: World) -> None:
    deals.post("pia", "/v1/deals", body(deal="D-1"))
    told = deals.post("paul", "/v1/deals", body("P-2", PERHAPS, deal="D-2"))
    assert told.status_code == 201
    (task,) = deals.get("carl", "/v1/tasks").json()["items"]
    approval = deals.get("carl", f"/v1/approvals/{task['approval']}").json()
    assert approval["requested_by"] == person("paul")


def test_two_partners_that_register_in_the_same_moment_get_numbers_of_their_own(deals: World) -> None:
    mine = deals.post("pia", "/v1/deals", body())
    theirs = deals.post("paul", "/v1/deals", body("P-2", {"name": "Otter Bikes SARL", "country": "FR"}))
    assert mine.json()["deal"] != theirs.json()["deal"]
    assert theirs.status_code == 201, theirs.text
