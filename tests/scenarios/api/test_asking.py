"""Waiting for a partner over HTTP: who may say so, what stands still meanwhile, and that a repeat says it once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.ledger import audit_list, event_list
from headgate.process.messages import messages_of
from tests.scenarios.api.test_approvals import decision, held, path
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, new_tenant, open_world

QUESTION = "Which project is this for?"


def case(world: World, who: str = "carl") -> dict[str, Any]:
    (found,) = [c for c in world.get(who, "/v1/cases").json()["items"] if c["subject"] == "O-1"]
    answer: dict[str, Any] = world.get(who, f"/v1/cases/{found['case']}").json()
    return answer


def ask_path(world: World) -> str:
    held(world)
    return f"/v1/cases/{case(world)['case']}"


def test_a_question_reaches_the_partner_and_stops_the_clock_until_the_answer(world: World) -> None:
    base = ask_path(world)
    due = case(world)["due_at"]
    answer = world.post("desk", f"{base}/ask", {"message": QUESTION})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["settled"], told["paused"], told["because"]) == (True, True, "waiting for the partner")
    assert (told["sla_state"], told["due_at"], told["stage"]) == ("paused", due, "exception")
    with world.channel.app.database.transaction(world.channel.tenant, partner="P-1") as conn:
        (message,) = messages_of(conn, UUID(told["case"]))
    assert (message.text, message.from_staff, message.author) == (QUESTION, True, "user:desk@nordwind.example")
    went_on = world.post("carl", f"{base}/answered", {"note": "they rang"}).json()
    assert (went_on["paused"], went_on["because"], went_on["sla_state"]) == (False, "", "running")
    problem(world.post("carl", f"{base}/answered", {}), 409, "conflict")


def test_both_are_in_the_audit_chain_with_who_said_so(world: World) -> None:
    base = ask_path(world)
    world.post("desk", f"{base}/ask", {"message": QUESTION})
    world.post("carl", f"{base}/answered", {"note": "they rang"})
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        entries = audit_list(conn, case_id=UUID(base.rsplit("/", 1)[1]), limit=50)
    said = {e.action: e.actor.removeprefix("user:").partition("@")[0] for e in entries}
    assert said["case.asked"] == said["case.message_sent"] == "desk"
    assert said["case.answered"] == said["case.noted"] == "carl"


def test_a_repeat_under_its_key_asks_once(world: World) -> None:
    base = ask_path(world)
    first = world.post("carl", f"{base}/ask", {"message": QUESTION}, idempotency_key="k-1")
    again = world.post("carl", f"{base}/ask", {"message": QUESTION}, idempotency_key="k-1")
    assert (again.status_code, again.content) == (200, first.content)
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        assert len([e for e in event_list(conn) if e.type == "case.asked"]) == 1
        assert len(messages_of(conn, UUID(base.rsplit("/", 1)[1]))) == 1
    problem(world.post("carl", f"{base}/answered", {}, idempotency_key="k-1"), 422, "key_reused")


@pytest.mark.parametrize("door", ["ask", "answered"])
def test_neither_the_partner_nor_another_partner_nor_who_only_looks_may_say_so(world: World, door: str) -> None:
    base = ask_path(world)
    if door == "answered":
        world.post("carl", f"{base}/ask", {})
    before = case(world)["sla_state"]
    for who in ("pia", "paul", "prue", "audrey", "adam", "erp"):
        problem(world.post(who, f"{base}/{door}", {}), 403, "forbidden")
    assert world.client.post(f"{base}/{door}", json={}).status_code == 401
    assert case(world)["sla_state"] == before


def test_another_tenants_case_is_not_there(world: World, tmp_path: Any) -> None:
    base = ask_path(world)
    database, now = world.channel.app.database, world.channel.clock.now()
    other = open_world(database, new_tenant(database, now), FixedClock(now), tmp_path / "other")
    for door in ("ask", "answered"):
        problem(other.post("carl", f"{base}/{door}", {}), 404, "not_found")
    assert case(world)["sla_state"] == "running"


def test_what_cannot_be_said_is_refused_and_nothing_is_half_written(world: World) -> None:
    base = ask_path(world)
    problem(world.post("carl", f"{base}/ask", {"message": "x" * 5000}), 400, "malformed")
    problem(world.post("carl", f"{base}/ask", {"text": "x"}), 400, "malformed")
    problem(world.post("carl", "/v1/cases/00000000-0000-0000-0000-000000000001/ask", {}), 404, "not_found")
    approval = world.get("carl", "/v1/tasks").json()["items"][0]["approval"]
    found = world.get("carl", f"/v1/approvals/{approval}").json()
    world.post("carl", path(found), decision(found, "reject"))
    problem(world.post("carl", f"{base}/ask", {"message": QUESTION}), 409, "conflict")
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        assert messages_of(conn, UUID(base.rsplit("/", 1)[1])) == []


def test_a_stage_that_waits_for_nobody_says_that_nothing_is_paused(world: World) -> None:
    approval = held(world)
    world.post("carl", path(approval), decision(approval))
    base = f"/v1/cases/{approval['case']}"
    told = world.post("carl", f"{base}/ask", {"message": QUESTION}).json()
    assert (told["stage"], told["paused"], told["because"]) == ("released", False, "")
