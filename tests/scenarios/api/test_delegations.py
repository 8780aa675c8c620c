"""Deciding for somebody who is away: entered, used, limited, seen and ended over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from headgate.ledger import audit_list
from tests.scenarios.api.test_approvals import decision, held, path
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, bearer
from tests.scenarios.channel import person

LATER = "2026-03-09T09:00:00Z"


def terms(**changes: Any) -> dict[str, Any]:
    """Fay of finance decides for Fiona, the finance director, for a week."""
    body = {"delegate": person("fay"), "roles": ["finance_director"], "valid_until": LATER, "reason": "on holiday"}
    return {**body, **changes}


def entered(world: World, who: str = "fiona", **changes: Any) -> dict[str, Any]:
    """A delegation as answered when it was entered."""
    answer = world.post(who, "/v1/delegations", terms(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def for_the_director(world: World) -> dict[str, Any]:
    """An approval that waits for the finance director alone: the channel manager has agreed."""
    approval = held(world, price="8.00")
    world.post("carl", path(approval), decision(approval))
    return approval


def listed(world: World, who: str, **params: Any) -> list[str]:
    """Ids of the delegations that somebody sees."""
    return [d["id"] for d in world.get(who, "/v1/delegations", **params).json()["items"]]


def test_a_delegate_decides_and_both_names_stand_in_the_audit_chain(world: World) -> None:
    made = entered(world)
    assert (made["delegator"], made["in_force"]) == (person("fiona"), True)
    assert made["effective_roles"] == ["finance_director"]
    approval = for_the_director(world)
    for_fiona = decision(approval, on_behalf_of=person("fiona"))
    assert world.post("fay", path(approval), for_fiona).json()["order_status"] == "released"
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        (entry,) = audit_list(conn, action="delegation.created")
        vote = audit_list(conn, action="approval.decided")[0]
    assert (entry.actor, entry.body["delegate"], entry.body["reason"]) == (person("fiona"), person("fay"), "on holiday")
    assert (vote.actor, vote.body["vote"]["on_behalf_of"]) == (person("fay"), person("fiona"))


def test_more_than_the_limit_is_not_decided_for_anybody(world: World) -> None:
    entered(world, max_amount="5.00")
    approval = for_the_director(world)
    refused = world.post("fay", path(approval), decision(approval, on_behalf_of=person("fiona")))
    assert "above what user:fiona@nordwind.example delegated" in problem(refused, 403, "forbidden")["detail"]


def test_a_revoked_delegation_ends_at_once(world: World) -> None:
    made = entered(world)
    approval = for_the_director(world)
    gone = world.post("fay", f"/v1/delegations/{made['id']}/revoke", {}).json()
    assert (gone["in_force"], gone["revoked_at"] is not None) == (False, True)
    problem(world.post("fay", path(approval), decision(approval, on_behalf_of=person("fiona"))), 403, "forbidden")
    assert listed(world, "fiona") == []
    assert listed(world, "fiona", past=True) == [made["id"]]


def test_a_delegate_gets_nothing_that_their_duties_forbid(world: World) -> None:
    for barred in ("carl", "desk", "adam", "audrey"):
        problem(world.post("fiona", "/v1/delegations", terms(delegate=person(barred))), 403, "duty_conflict")


def test_an_administrator_delegates_for_others_but_not_to_themselves(world: World) -> None:
    assert entered(world, "adam", delegator=person("fiona"))["delegator"] == person("fiona")
    to_self = terms(delegator=person("fiona"), delegate=person("adam"))
    problem(world.post("adam", "/v1/delegations", to_self), 403, "duty_conflict")


def test_nobody_delegates_for_others_or_what_they_do_not_hold(world: World) -> None:
    problem(world.post("cora", "/v1/delegations", terms(delegator=person("fiona"))), 403, "forbidden")
    problem(world.post("fiona", "/v1/delegations", terms(roles=["finance"])), 403, "forbidden")


def test_a_key_needs_the_scope_of_what_is_delegated(world: World) -> None:
    narrow = world.key(person("fiona"), "cases.read")
    answer = world.client.post("/v1/delegations", json=terms(), headers=bearer(narrow))
    assert "approvals.decide" in problem(answer, 403, "forbidden")["detail"]


def test_terms_that_cannot_be_are_named(world: World) -> None:
    for changes, field in (
        ({"valid_until": "2026-03-01T09:00:00Z", "valid_from": "2026-02-01T09:00:00Z"}, "valid_until"),
        ({"valid_until": "2028-03-01T09:00:00Z"}, "valid_until"),
        ({"roles": ["emperor"]}, "role"),
        ({"delegate": person("fiona")}, "delegate"),
    ):
        body = problem(world.post("fiona", "/v1/delegations", terms(**changes)), 422, "invalid")
        assert body["errors"][0]["field"] == field
    problem(world.post("fiona", "/v1/delegations", terms(delegate=person("nobody"))), 404, "not_found")


def test_reasons_are_seen_by_those_concerned_administrators_and_auditors(world: World) -> None:
    made = entered(world)
    for concerned in ("fiona", "fay", "adam", "audrey"):
        assert listed(world, concerned) == [made["id"]]
        assert world.get(concerned, f"/v1/delegations/{made['id']}").status_code == 200
    assert listed(world, "cora") == []
    problem(world.get("cora", f"/v1/delegations/{made['id']}"), 404, "not_found")
    problem(world.get("cora", "/v1/delegations", person=person("fiona")), 403, "forbidden")


def test_a_repeat_under_its_key_makes_no_second_one(world: World) -> None:
    first = world.post("fiona", "/v1/delegations", terms(), idempotency_key="once")
    again = world.post("fiona", "/v1/delegations", terms(), idempotency_key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(listed(world, "fiona")) == 1


def test_delegations_are_paged_newest_first(world: World) -> None:
    made = [entered(world, reason=f"trip {n}")["id"] for n in range(2)]
    world.channel.clock.set(world.channel.clock.now() + timedelta(hours=1))
    made.append(entered(world)["id"])
    page = world.get("adam", "/v1/delegations", limit=2).json()
    assert page["items"][0]["id"] == made[2]
    rest = world.get("adam", "/v1/delegations", limit=2, cursor=page["next_cursor"]).json()
    assert {d["id"] for d in page["items"] + rest["items"]} == set(made)
    assert (len(rest["items"]), rest["next_cursor"]) == (1, "")
    problem(world.get("adam", "/v1/delegations", cursor="bm9wZQ"), 422, "invalid")
