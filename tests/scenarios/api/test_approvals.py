"""Deciding over HTTP: from the queue to the released order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order
from tests.scenarios.channel import person


def held(world: World, number: str = "O-1", price: str = "9.00", **changes: Any) -> dict[str, Any]:
    """An order held for its price, as its approver sees the approval. At 9.00 it is the channel manager's alone."""
    world.send(event(f"e-{number}", order(number, ("S-1", "20", price), **changes)))
    world.govern()
    (task,) = [t for t in world.get("carl", "/v1/tasks").json()["items"] if t["subject"] == number]
    found: dict[str, Any] = world.get("carl", f"/v1/approvals/{task['approval']}").json()
    return found


def decision(approval: dict[str, Any], outcome: str = "approve", **changes: Any) -> dict[str, Any]:
    """The body of a decision."""
    body = {"outcome": outcome, "justification": "agreed with the partner", "digest": approval["digest"]}
    return {**body, **changes}


def path(approval: dict[str, Any]) -> str:
    """Where an approval is decided."""
    return f"/v1/approvals/{approval['approval']}/decision"


def test_an_approval_tells_what_is_asked_and_of_whom(world: World) -> None:
    approval = held(world, price="8.00")
    assert (approval["status"], approval["subject"], approval["exceptions"]) == ("pending", "O-1", ["price_deviation"])
    assert approval["stake"] == {"amount": "40.00", "currency": "EUR"}
    assert approval["summary"]["lines"][0]["asked"] == "8.00"
    assert approval["ways"] == [""]
    assert world.get("fiona", f"/v1/approvals/{approval['approval']}").json()["ways"] == []


def test_the_last_approval_releases_the_order_and_the_answer_says_so(world: World) -> None:
    answer = world.post("carl", path(approval := held(world)), decision(approval))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["settled"], body["approval"]["status"], body["case"]["stage"]) == (True, "approved", "released")
    assert body["order_status"] == "released"
    assert body["approval"]["votes"][0]["event"] == body["event"]


def test_the_first_of_two_levels_releases_nothing(world: World) -> None:
    approval = held(world, price="8.00")
    first = world.post("carl", path(approval), decision(approval)).json()
    assert (first["approval"]["status"], first["order_status"]) == ("pending", "held")
    second = world.post("fiona", path(approval), decision(approval)).json()
    assert (second["approval"]["status"], second["order_status"]) == ("approved", "released")


def test_an_edit_applies_the_counter_offer(world: World) -> None:
    approval = held(world)
    edit = {"lines": [{"line": "1", "unit_price": "10.00"}]}
    body = world.post("carl", path(approval), decision(approval, "edit", edit=edit)).json()
    assert (body["approval"]["status"], body["order_status"]) == ("edited", "released")
    assert world.get("carl", "/v1/orders/O-1").json()["lines"][0]["unit_price"] == "10.00"


def test_an_edit_that_asks_for_more_is_refused_by_its_field(world: World) -> None:
    approval = held(world)
    edit = {"lines": [{"line": "1", "unit_price": "1.00"}]}
    body = problem(world.post("carl", path(approval), decision(approval, "edit", edit=edit)), 422, "invalid")
    assert body["errors"][0]["field"] == "edit.lines[0].unit_price"


def test_rejecting_and_returning_end_the_request(world: World) -> None:
    rejected = held(world, "O-1")
    body = world.post("carl", path(rejected), decision(rejected, "reject")).json()
    assert (body["approval"]["status"], body["order_status"]) == ("rejected", "rejected")
    returned = held(world, "O-2", customer_reference="b")
    body = world.post("carl", path(returned), decision(returned, "return")).json()
    assert (body["approval"]["status"], body["order_status"]) == ("returned", "returned")


def test_a_decision_on_other_content_is_stale(world: World) -> None:
    approval = held(world)
    problem(world.post("carl", path(approval), decision(approval, digest="0" * 64)), 409, "stale")
    world.send(event("e-2", order("O-1", ("S-1", "20", "8.90")), type="order.amended"))
    world.govern()
    problem(world.post("carl", path(approval), decision(approval)), 409, "stale")


def test_a_second_decision_is_stale(world: World) -> None:
    approval = held(world)
    assert world.post("carl", path(approval), decision(approval)).status_code == 200
    problem(world.post("cora", path(approval), decision(approval)), 409, "stale")


def test_decisions_that_come_at_once_count_once(world: World) -> None:
    approval = held(world)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda who: world.post(who, path(approval), decision(approval)), ("carl", "cora")))
    assert sorted(a.status_code for a in answers) == [200, 409]
    found = world.get("carl", f"/v1/approvals/{approval['approval']}").json()
    assert len(found["votes"]) == 1


def test_who_asked_may_not_decide_also_not_through_a_delegate(world: World) -> None:
    approval = held(world, requested_by=person("carl"))
    problem(world.post("carl", path(approval), decision(approval)), 403, "duty_conflict")
    world.channel.delegate("carl", "cora", ["channel_manager"])
    body = decision(approval, on_behalf_of=person("carl"))
    problem(world.post("cora", path(approval), body), 403, "duty_conflict")
    assert world.get("carl", "/v1/orders/O-1").json()["status"] == "held"


def test_who_holds_no_role_that_is_asked_may_not_decide(world: World) -> None:
    approval = held(world)
    found = problem(world.post("fay", path(approval), decision(approval)), 403, "forbidden")
    assert "channel_manager" in found["detail"]


def test_an_unknown_approval_is_not_found(world: World) -> None:
    nowhere = {"approval": str(uuid4()), "digest": "0" * 64}
    problem(world.get("carl", f"/v1/approvals/{nowhere['approval']}"), 404, "not_found")
    problem(world.post("carl", path(nowhere), decision(nowhere)), 404, "not_found")


def test_a_decision_without_a_reason_does_not_fit_the_schema(world: World) -> None:
    approval = held(world)
    body = problem(world.post("carl", path(approval), decision(approval, justification="")), 400, "malformed")
    assert body["errors"][0]["field"] == "justification"
    problem(world.post("carl", path(approval), decision(approval, justification="   ")), 422, "invalid")


def test_a_task_is_claimed_handed_on_and_given_back(world: World) -> None:
    held(world)
    (task,) = world.get("carl", "/v1/tasks").json()["items"]
    claim = f"/v1/tasks/{task['task']}/claim"
    assert world.post("carl", claim, {}).json()["assignee"] == person("carl")
    assert [t["task"] for t in world.get("carl", "/v1/tasks", view="mine").json()["items"]] == [task["task"]]
    assert world.get("carl", "/v1/tasks", view="unassigned").json()["items"] == []
    assert world.post("carl", claim, {"assignee": person("cora")}).json()["assignee"] == person("cora")
    assert world.post("cora", claim, {"release": True}).json()["assignee"] is None
    problem(world.post("fay", claim, {}), 403, "forbidden")


def test_a_colleagues_task_is_not_taken_without_a_word_nor_given_to_who_may_not_do_it(world: World) -> None:
    held(world)
    (task,) = world.get("carl", "/v1/tasks").json()["items"]
    claim = f"/v1/tasks/{task['task']}/claim"
    problem(world.post("carl", claim, {"assignee": "user:nobody"}), 422, "invalid")
    problem(world.post("carl", claim, {"assignee": person("fay")}), 403, "forbidden")
    world.post("carl", claim, {})
    problem(world.post("cora", claim, {}), 409, "conflict")
    problem(world.post("cora", claim, {"release": True}), 409, "conflict")
    taken = world.post("cora", claim, {"assignee": person("cora"), "reason": "carl is ill"})
    assert taken.json()["assignee"] == person("cora")


def test_a_case_tells_its_story(world: World) -> None:
    approval = held(world)
    listed = world.get("carl", "/v1/cases", excepted="true").json()["items"]
    assert [c["case"] for c in listed] == [approval["case"]]
    world.post("carl", path(approval), decision(approval))
    case = world.get("carl", f"/v1/cases/{approval['case']}").json()
    assert (case["subject"], case["stage"], case["sla_state"]) == ("O-1", "released", "met")
    assert [a["status"] for a in case["approvals"]] == ["approved"]
    assert [e["type"] for e in case["events"]] == ["approval.decided", "order.submitted"]
    assert [e["action"] for e in case["timeline"]] == ["approval.decided", "order.submitted"]
    assert all(e["proof"]["intact"] for e in case["timeline"])
