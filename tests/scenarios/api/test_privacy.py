"""The delivery address of an order, erased over HTTP: gone from every answer, the order and its proofs as they were."""

from __future__ import annotations

from typing import Any

import pytest

from headgate import access
from headgate.ledger import verify_audit
from headgate.ledger.verifier import Verifier
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order
from tests.scenarios.channel import person

SHIP_TO = {"country": "DE", "city": "Kiel", "name": "Jane Doe", "street": "Ring 1", "postcode": "24103"}


@pytest.fixture
def officer(world: World) -> World:
    """With somebody who looks after personal data."""
    channel = world.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.create_person(conn, world.context(), email="olga@nordwind.example", name="Olga")
        access.grant_role(conn, world.context(), person("olga"), "privacy_officer")
    world.keys["olga"] = world.key(person("olga"))
    return world


def sent(world: World, number: str = "O-1", **more: Any) -> None:
    world.send(event(f"e-{number}", order(number, ship_to=SHIP_TO, **more)))
    world.govern()


def ask(world: World, kind: str, sought: str) -> str:
    body = {"kind": kind, "sought": sought, "reason": "asked by the person"}
    answer = world.post("olga", "/v1/privacy/erasures", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


APPROVE = {"outcome": "approve", "because": "checked the request"}


def test_an_address_is_erased_and_everything_else_stays(officer: World) -> None:
    world = officer
    sent(world)
    before = world.get("carl", "/v1/orders/O-1").json()
    assert before["content"]["ship_to"]["name"] == "Jane Doe"
    assert world.get("pia", "/v1/orders/O-1").json()["content"]["ship_to"]["name"] == "Jane Doe"
    explained = world.get("carl", "/v1/orders/O-1/explanation").text
    found = world.post("olga", "/v1/privacy/find", {"kind": "person", "sought": "jane doe"}).json()
    assert (found["count"], found["held"]) == (1, 0)
    request = ask(world, "person", "Jane Doe")
    problem(world.post("olga", f"/v1/privacy/erasures/{request}/decision", APPROVE), 403, "forbidden")
    done = world.post("adam", f"/v1/privacy/erasures/{request}/decision", APPROVE).json()
    assert (done["status"], done["erased"], done["sought"]) == ("done", 1, "")
    after = world.get("carl", "/v1/orders/O-1").json()
    erased = {**SHIP_TO, "name": "[erased]", "street": "[erased]", "postcode": "[erased]"}
    assert {k: v for k, v in after["content"]["ship_to"].items() if v} == erased
    assert after["events"][0]["data"]["ship_to"] == erased
    for shown in (before, after):
        del shown["content"]["ship_to"], shown["events"], shown["timeline"]
    assert after == before, "nothing else of the order has changed, its digest included"
    assert "Jane Doe" not in world.get("carl", "/v1/orders/O-1/explanation").text
    assert "$pd:" not in explained
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        assert verify_audit(conn, checks=world.channel.app.content_checks()).ok
    world.post("audrey", "/v1/audit/checkpoints", None)
    bundle = world.get("audrey", "/v1/audit/bundle", events=True).content
    assert b"Jane" not in bundle
    assert b"Ring 1" not in bundle
    assert Verifier([], []).run(iter(bundle.splitlines(keepends=True))).ok


def test_an_order_goes_on_after_its_address_is_erased(officer: World) -> None:
    world = officer
    sent(world)
    request = ask(world, "order", "O-1")
    world.post("adam", f"/v1/privacy/erasures/{request}/decision", APPROVE)
    world.send(event("e-2", order("O-1", ("S-1", "2", "10.00"), ship_to=SHIP_TO), type="order.amended"))
    world.govern()
    order_now = world.get("carl", "/v1/orders/O-1").json()
    assert order_now["revision"] == 2
    assert order_now["content"]["ship_to"]["name"] == "Jane Doe", "what is sent anew is kept anew"


def test_a_hold_stops_it_and_says_so(officer: World) -> None:
    world = officer
    sent(world)
    hold = {"kind": "order", "subject": "O-1", "reason": "a dispute"}
    placed = world.post("olga", "/v1/privacy/holds", hold).json()
    request = ask(world, "person", "Jane Doe")
    refused = problem(world.post("adam", f"/v1/privacy/erasures/{request}/decision", APPROVE), 409, "conflict")
    assert "order O-1" in refused["detail"]
    assert world.get("carl", "/v1/orders/O-1").json()["content"]["ship_to"]["name"] == "Jane Doe"
    lifted = world.post("olga", f"/v1/privacy/holds/{placed['id']}/lift", {"because": "settled"}).json()
    assert lifted["lifted_by"].endswith("olga@nordwind.example")
    assert world.get("audrey", "/v1/privacy/holds").json()["items"] == []
    assert len(world.get("audrey", "/v1/privacy/holds", lifted=True).json()["items"]) == 1
    done = world.post("adam", f"/v1/privacy/erasures/{request}/decision", APPROVE)
    assert done.json()["status"] == "done"
    problem(world.post("adam", f"/v1/privacy/erasures/{request}/decision", APPROVE), 409, "conflict")


def test_retention_is_set_by_who_approves_and_seen_by_auditors(officer: World) -> None:
    world = officer
    problem(world.post("olga", "/v1/privacy/retention", {"data_class": "quarantine", "days": 10}), 403, "forbidden")
    problem(world.post("adam", "/v1/privacy/retention", {"data_class": "events", "days": 10}), 422, "invalid")
    rules = world.post("adam", "/v1/privacy/retention", {"data_class": "quarantine", "days": 10}).json()["items"]
    assert {r["data_class"]: (r["days"], r["default"]) for r in rules}["quarantine"] == (10, False)
    assert world.get("audrey", "/v1/privacy/retention").json()["items"] == rules
    rules = world.post("adam", "/v1/privacy/retention", {"data_class": "quarantine", "days": None}).json()["items"]
    assert {r["data_class"]: r["days"] for r in rules}["quarantine"] is None


def test_personal_data_is_for_those_who_look_after_it(officer: World) -> None:
    world = officer
    body = {"kind": "order", "sought": "O-1"}
    problem(world.post("carl", "/v1/privacy/find", body), 403, "forbidden")
    problem(world.post("carl", "/v1/privacy/erasures", {**body, "reason": "because"}), 403, "forbidden")
    problem(world.post("carl", "/v1/privacy/holds", {"kind": "everything", "reason": "because"}), 403, "forbidden")
    problem(
        world.post("olga", "/v1/privacy/holds", {"kind": "everything", "subject": "x", "reason": "bec"}), 422, "invalid"
    )
    problem(
        world.post("olga", "/v1/privacy/erasures", {"kind": "person", "sought": "ab", "reason": "bec"}), 422, "invalid"
    )
