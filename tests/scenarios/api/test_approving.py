"""Over HTTP: who would be asked, what changed since it was asked last, and many decided at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate.kernel.canonical import instant_text
from headgate.process.carrying import carry_out_due
from tests.scenarios.api.test_approvals import decision as decision_on
from tests.scenarios.api.test_approvals import held, path
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order
from tests.scenarios.channel import person

ASK = {
    "exception": "price_deviation",
    "stake": "6000",
    "deviation_pct": "12",
    "margin_pct": "9",
    "tier": "silver",
    "risk": "low",
}


def many(*approvals: dict[str, Any], outcome: str = "approve", **more: Any) -> dict[str, Any]:
    """The body of one decision on many."""
    items = [{"approval": a["approval"], "digest": a["digest"]} for a in approvals]
    return {"items": items, "outcome": outcome, "justification": "quarter end, agreed", **more}


def test_a_preview_names_rows_people_and_who_may_not(world: World) -> None:
    body = {"asks": [ASK], "requested_by": person("cora")}
    found = world.post("carl", "/v1/approval-previews", body).json()
    assert (found["policy"], found["version"], found["rows"]) == ("approval_matrix", 1, ["price", "price_large"])
    first, second = found["steps"]
    assert (first["role"], second["role"], second["status"]) == ("channel_manager", "finance_director", "waiting")
    assert [p["principal"] for p in first["people"]] == [person("carl")]
    assert [(p["principal"], "asked for this" in p["why"]) for p in first["left_out"]] == [(person("cora"), True)]
    assert "6000" in second["because"][0]
    assert world.get("carl", "/v1/tasks").json()["items"] == []


def test_a_preview_of_what_no_matrix_can_answer_is_refused(world: World) -> None:
    problem(world.post("carl", "/v1/approval-previews", {"asks": [{}]}), 422, "invalid")
    problem(world.post("carl", "/v1/approval-previews", {"asks": [ASK], "policy": "none"}), 404, "not_found")
    problem(world.post("carl", "/v1/approval-previews", {"asks": [ASK], "policy": "margin_floor"}), 422, "invalid")


def test_the_people_of_a_request_come_with_their_delegates(world: World) -> None:
    approval = held(world, price="8.00")
    world.channel.delegate("carl", "cora", ["channel_manager"])
    found = world.get("fiona", f"/v1/approvals/{approval['approval']}/people").json()
    people = {(p["principal"], p["on_behalf_of"]): p["away"] for p in found["steps"][0]["people"]}
    assert people == {
        (person("carl"), ""): [person("cora")],
        (person("cora"), ""): [],
        (person("cora"), person("carl")): [],
    }


def test_a_changed_order_shows_what_differs_and_who_had_agreed(world: World) -> None:
    first = held(world, price="8.00")
    assert first["replaces"] is None
    world.post("carl", path(first), decision_on(first))
    world.send(event("e-2", order("O-1", ("S-1", "30", "7.50")), type="order.amended"))
    world.govern()
    (task,) = [t for t in world.get("carl", "/v1/tasks").json()["items"] if t["subject"] == "O-1"]
    second = world.get("carl", f"/v1/approvals/{task['approval']}").json()
    assert second["votes"] == []
    replaced = second["replaces"]
    assert (replaced["approval"], replaced["status"]) == (first["approval"], "voided")
    changes = {c["what"]: (c["before"], c["after"]) for c in replaced["changes"]}
    assert changes["lines[1].asked"] == ("8.00", "7.50")
    assert changes["lines[1].quantity"] == ("20", "30")
    assert changes["stake"] == ("40.00", "75.00")
    assert [v["principal"] for v in replaced["agreed"]] == [person("carl")]


def test_many_are_decided_each_by_its_own_digest(world: World) -> None:
    one, two = held(world, "O-1"), held(world, "O-2", customer_reference="b")
    large = held(world, "O-3", price="8.00", customer_reference="c")
    stale = {**two, "digest": "0" * 64}
    body = many(one, stale, large)
    checked = world.post("carl", "/v1/approval-decisions", {**body, "check_only": True}).json()
    assert [i["result"] for i in checked["items"]] == ["checked", "refused", "checked"]
    assert checked["stake"] == {"amount": "60.00", "currency": "EUR"}
    assert world.get("carl", f"/v1/approvals/{one['approval']}").json()["status"] == "pending"
    done = world.post("carl", "/v1/approval-decisions", body).json()
    assert [(i["result"], i["problem"]) for i in done["items"]] == [
        ("decided", ""),
        ("refused", "stale"),
        ("decided", ""),
    ]
    assert (done["decided"], done["refused"]) == (2, 1)
    assert [i["view"] and i["view"]["status"] for i in done["items"]] == ["approved", None, "pending"]
    assert world.channel.status("O-1") == "released"
    assert world.channel.status("O-2") == "held"


def test_a_repeat_under_the_same_key_decides_nothing_twice(world: World) -> None:
    one = held(world)
    headers = {"Idempotency_Key": "many-1"}
    first = world.post("carl", "/v1/approval-decisions", many(one), **headers)
    again = world.post("carl", "/v1/approval-decisions", many(one), **headers)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.get("carl", f"/v1/approvals/{one['approval']}").json()["votes"]) == 1


def test_what_is_not_the_callers_is_refused_for_itself(world: World) -> None:
    mine = held(world)
    done = world.post("fay", "/v1/approval-decisions", many(mine)).json()
    assert [(i["result"], i["problem"]) for i in done["items"]] == [("refused", "forbidden")]
    unknown = {"approval": "00000000-0000-4000-8000-000000000000", "digest": "0" * 64}
    done = world.post("carl", "/v1/approval-decisions", many(unknown, mine)).json()
    assert [i["problem"] for i in done["items"]] == ["not_found", ""]


def test_one_approval_twice_or_an_edit_is_refused_as_a_whole(world: World) -> None:
    one = held(world)
    problem(world.post("carl", "/v1/approval-decisions", many(one, one)), 422, "invalid")
    problem(world.post("carl", "/v1/approval-decisions", many(one, outcome="edit")), 400, "malformed")
    problem(world.post("carl", "/v1/approval-decisions", {**many(one), "items": []}), 400, "malformed")
    assert world.get("carl", f"/v1/approvals/{one['approval']}").json()["status"] == "pending"


def test_many_are_held_when_asked_and_undone_by_who_made_them_alone(world: World) -> None:
    one, two = held(world, "O-1"), held(world, "O-2", customer_reference="b")
    body = {**many(one, {**two, "digest": "0" * 64}), "hold_seconds": 30}
    done = world.post("carl", "/v1/approval-decisions", body).json()
    assert [i["result"] for i in done["items"]] == ["held", "refused"]
    assert (done["decided"], done["refused"]) == (0, 1)
    where = f"/v1/held-decisions/{done['held']}"
    shown = world.get("carl", where).json()
    assert (shown["status"], [i["status"] for i in shown["items"]]) == ("held", ["held", "refused"])
    assert "what you saw has changed" in shown["items"][1]["detail"]
    assert world.get("carl", "/v1/held-decisions").json()["items"] == [shown]
    problem(world.post("carl", path(one), decision_on(one)), 409, "conflict")
    assert world.get("fiona", "/v1/held-decisions").json()["items"] == []
    problem(world.get("fiona", where), 404, "not_found")
    problem(world.post("fiona", f"{where}/undo", {}), 404, "not_found")
    undone = world.post("carl", f"{where}/undo", {}).json()
    assert (undone["status"], undone["items"][0]["status"]) == ("undone", "undone")
    problem(world.post("carl", f"{where}/undo", {}), 409, "conflict")
    assert world.post("carl", path(one), decision_on(one)).status_code == 200


def test_one_decision_is_held_when_asked_and_undone_by_who_made_it_alone(world: World) -> None:
    one = held(world)
    done = world.post("carl", path(one), decision_on(one, hold_seconds=30)).json()
    assert (done["event"], done["settled"], done["order_status"]) == (None, False, "held")
    assert (done["approval"]["status"], done["approval"]["votes"]) == ("pending", [])
    where = f"/v1/held-decisions/{done['held']}"
    shown = world.get("carl", where).json()
    assert (shown["status"], shown["due_at"], shown["outcome"]) == ("held", done["due_at"], "approve")
    assert done["due_at"] == instant_text(world.channel.clock.now() + timedelta(seconds=30))
    problem(world.post("carl", path(one), decision_on(one)), 409, "conflict")
    problem(world.post("carl", path(one), decision_on(one, hold_seconds=30)), 409, "conflict")
    problem(world.post("fiona", f"{where}/undo", {}), 404, "not_found")
    assert world.post("carl", f"{where}/undo", {}).json()["status"] == "undone"
    world.channel.clock.move(timedelta(seconds=30))
    assert carried_out(world) == 0
    assert world.get("carl", f"/v1/approvals/{one['approval']}").json()["votes"] == []
    assert world.post("carl", path(one), decision_on(one)).json()["order_status"] == "released"


def test_one_decision_that_was_held_counts_once_however_often_it_was_asked_for(world: World) -> None:
    one, headers = held(world), {"Idempotency_Key": "hold-one"}
    body = decision_on(one, hold_seconds=30)
    first = world.post("carl", path(one), body, **headers)
    again = world.post("carl", path(one), body, **headers)
    assert (first.status_code, first.json()) == (200, again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    problem(world.post("carl", path(one), body | {"hold_seconds": 31}, **headers), 422, "key_reused")
    world.channel.clock.move(timedelta(seconds=29))
    assert carried_out(world) == 0
    world.channel.clock.move(timedelta(seconds=1))
    assert carried_out(world) == 1
    world.govern()
    assert world.channel.status("O-1") == "released"
    assert len(world.get("carl", f"/v1/approvals/{one['approval']}").json()["votes"]) == 1
    problem(world.post("carl", f"/v1/held-decisions/{first.json()['held']}/undo", {}), 409, "conflict")


@pytest.mark.parametrize("seconds", [0, -1, 601, 10.5, "10", True])
def test_a_time_that_no_decision_is_held_for_is_refused_by_its_field(world: World, seconds: object) -> None:
    one = held(world)
    refused = world.post("carl", path(one), decision_on(one, hold_seconds=seconds))
    assert "hold_seconds" in str(problem(refused, 400, "malformed"))
    assert world.get("carl", "/v1/held-decisions").json()["items"] == []


def test_what_cannot_be_decided_is_refused_at_once_and_not_held(world: World) -> None:
    one = held(world)
    problem(world.post("carl", path(one), decision_on(one, hold_seconds=30, digest="0" * 64)), 409, "stale")
    problem(world.post("fay", path(one), decision_on(one, hold_seconds=30)), 403, "forbidden")
    problem(world.post("carl", path(one), decision_on(one, hold_seconds=30, outcome="edit")), 422, "invalid")
    assert world.get("carl", "/v1/held-decisions").json()["items"] == []
    assert world.get("carl", f"/v1/approvals/{one['approval']}").json()["status"] == "pending"


def carried_out(world: World) -> int:
    channel = world.channel
    return carry_out_due(channel.app.database, channel.app.engine, channel.clock, channel.tenant)


def test_what_was_held_counts_when_its_time_is_over(world: World) -> None:
    one, channel = held(world), world.channel
    headers = {"Idempotency_Key": "hold-1"}
    body = {**many(one), "hold_seconds": 30}
    first = world.post("carl", "/v1/approval-decisions", body, **headers).json()
    assert world.post("carl", "/v1/approval-decisions", body, **headers).json() == first
    channel.clock.move(timedelta(seconds=30))
    carry_out_due(channel.app.database, channel.app.engine, channel.clock, channel.tenant)
    world.govern()
    shown = world.get("carl", f"/v1/held-decisions/{first['held']}").json()
    assert (shown["status"], shown["items"][0]["status"]) == ("carried_out", "decided")
    assert shown["items"][0]["event"] is not None
    assert channel.status("O-1") == "released"
    for wrong in (0, 601):
        problem(world.post("carl", "/v1/approval-decisions", {**body, "hold_seconds": wrong}), 400, "malformed")
