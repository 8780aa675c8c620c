"""Roles, the matrix of duties and mitigations over HTTP."""

from __future__ import annotations

from tests.scenarios.api.world import World
from tests.scenarios.channel import person

CLERK = {"title": "Clerk", "description": "Enters orders", "permissions": ["orders.read", "cases.read"]}


def test_a_role_of_ones_own_over_http(world: World) -> None:
    listed = {each["role"]: each for each in world.get("audrey", "/v1/roles").json()["items"]}
    assert (listed["order_desk"]["shipped"], listed["order_desk"]["holders"]) == (True, 1)
    known = {each["permission"]: each for each in world.get("audrey", "/v1/permissions").json()["items"]}
    assert (known["orders.write"]["group"], known["scim"]["own_roles"]) == ("Orders and deals", False)
    made = world.post("adam", "/v1/roles/clerk/revisions", CLERK, Idempotency_Key="c-1")
    assert (made.status_code, made.json()["status"], made.json()["permissions"]) == (201, "proposed", [])
    again = world.post("adam", "/v1/roles/clerk/revisions", CLERK, Idempotency_Key="c-1")
    assert again.json()["revision"] == 1
    assert world.post("adam", "/v1/roles/clerk/confirm", {}).status_code == 403
    assert world.post("fiona", "/v1/roles/clerk/confirm", {}).json()["permissions"] == ["cases.read", "orders.read"]
    clash = {**CLERK, "permissions": ["orders.write", "approvals.decide"]}
    assert world.post("adam", "/v1/roles/clerk/revisions", clash).status_code == 403
    assert world.post("adam", "/v1/roles/finance/revisions", CLERK).status_code == 409
    assert world.post("desk", "/v1/roles/clerk/revisions", CLERK).status_code == 403
    assert world.post("adam", "/v1/roles/clerk/retire", {}).json()["status"] == "retired"
    assert world.get("adam", "/v1/roles/emperor").status_code == 404


def test_the_matrix_and_what_is_allowed_in_spite_of_it_over_http(world: World) -> None:
    found = world.get("adam", "/v1/duties").json()
    assert found["version"] == 0
    wanted = {"rules": found["rules"][1:], "note": "we are too few"}
    made = world.post("adam", "/v1/duties/versions", wanted)
    assert (made.status_code, made.json()["status"]) == (201, "proposed")
    decision = "/v1/duties/versions/1/decision"
    assert world.post("adam", decision, {"outcome": "approve"}).status_code == 403
    assert world.post("fiona", decision, {"outcome": "reject", "reason": "no"}).json()["status"] == "rejected"
    assert world.post("fiona", decision, {"outcome": "approve"}).status_code == 409
    assert world.post("fiona", "/v1/duties/versions/9/decision", {"outcome": "approve"}).status_code == 404
    ask = {
        "principal": person("desk"),
        "first": "orders.write",
        "second": "approvals.decide",
        "control": "Fiona looks at every approval of theirs each Friday",
        "valid_until": "2026-04-01T00:00:00Z",
    }
    asked = world.post("adam", "/v1/mitigations", ask).json()
    assert asked["status"] == "proposed"
    assert world.post("adam", f"/v1/mitigations/{asked['id']}/approve", {}).status_code == 403
    assert world.post("fiona", f"/v1/mitigations/{asked['id']}/approve", {}).json()["status"] == "in_force"
    assert world.post("fiona", f"/v1/mitigations/{asked['id']}/end", {}).json()["status"] == "ended"
    of_desk = world.get("audrey", "/v1/mitigations", principal=person("desk")).json()["items"]
    assert [each["id"] for each in of_desk] == [asked["id"]]
    assert world.get("desk", "/v1/mitigations").status_code == 403
    assert world.post("adam", "/v1/mitigations", {**ask, "second": "orders.read"}).status_code == 422
