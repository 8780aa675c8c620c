"""The way in: what is taken, what a repeat answers, and what each kind of bad input is told."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from headgate import access
from headgate.ledger import conflict_list, event_list
from tests.scenarios.api.world import BATCH, STRUCTURED, World, bearer, event, order


def problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem of a refused request."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["type"], body["status"]) == (f"/problems/{code}", status)
    return body


def logged(world: World) -> list[str]:
    """Ids of the order events in the log, oldest first."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return [e.event_id for e in reversed(event_list(conn)) if e.type.startswith("order.")]


def test_an_event_is_in_the_log_when_it_is_answered(world: World) -> None:
    response = world.send(event("e-1", order("O-1")))
    assert response.status_code == 202
    (accepted,) = response.json()["events"]
    assert (accepted["id"], accepted["status"]) == ("e-1", "new")
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        (stored,) = [e for e in event_list(conn) if e.seq == accepted["seq"]]
    assert (stored.source, stored.event_id, stored.actor) == ("webshop-1", "e-1", "source:webshop-1")
    world.govern()
    assert world.get("carl", "/v1/orders/O-1").json()["status"] == "released"


def test_a_batch_is_answered_in_its_order(world: World) -> None:
    response = world.send(event("e-1", order("O-1")), event("e-2", order("O-2", customer_reference="b")))
    assert [(e["id"], e["status"]) for e in response.json()["events"]] == [("e-1", "new"), ("e-2", "new")]


def test_an_empty_batch_is_fine(world: World) -> None:
    response = world.signed(b"[]", content_type=BATCH)
    assert (response.status_code, response.json()) == (202, {"events": []})


def test_binary_mode_is_understood(world: World) -> None:
    body = json.dumps(order("O-1")).encode()
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "e-1",
        "ce-source": "webshop-1",
        "ce-type": "order.submitted",
        "ce-time": "2026-03-02T09:00:00Z",
    }
    response = world.signed(body, content_type="application/json", headers=headers)
    assert response.status_code == 202, response.text
    assert logged(world) == ["e-1"]


def test_a_repeat_answers_the_same_and_changes_nothing(world: World) -> None:
    first = world.send(event("e-1", order("O-1"))).json()["events"][0]
    again = world.send(event("e-1", order("O-1"), time="2026-03-02T09:00:07Z"))
    assert again.status_code == 202
    assert again.json()["events"] == [{**first, "status": "duplicate"}]
    assert logged(world) == ["e-1"]


def test_repeats_that_come_at_once_are_one_event(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.send(event("e-1", order("O-1"))), range(8)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["events"][0]["seq"] for a in answers}) == 1
    assert sorted(a.json()["events"][0]["status"] for a in answers) == ["duplicate"] * 7 + ["new"]


def test_the_same_id_with_another_body_is_refused_and_both_are_kept(world: World) -> None:
    first = world.send(event("e-1", order("O-1"))).json()["events"][0]["seq"]
    response = world.send(event("e-1", order("O-1", ("S-1", "9", "10.00"))))
    (error,) = problem(response, 409, "conflict")["errors"]
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        (kept,) = conflict_list(conn)
    assert (error["field"], error["value"]) == ("events[0].id", "e-1")
    assert f"event {first} " in error["message"]
    assert f"conflict {kept.id}" in error["message"]
    assert kept.first_seq == first
    assert kept.data["lines"][0]["quantity"] == "9"
    world.govern()
    assert world.get("carl", "/v1/orders/O-1").json()["lines"][0]["quantity"] == "1"


def test_a_clash_keeps_the_rest_of_its_batch_out_of_the_log(world: World) -> None:
    world.send(event("e-1", order("O-1")))
    clashing = event("e-1", order("O-1", ("S-1", "9", "10.00")))
    fresh = event("e-2", order("O-2", customer_reference="b"))
    body = problem(world.send(fresh, clashing), 409, "conflict")
    assert [e["field"] for e in body["errors"]] == ["events[1].id"]
    assert logged(world) == ["e-1"]
    assert world.send(fresh).json()["events"][0]["status"] == "new"


def test_one_id_with_two_bodies_in_a_batch_is_refused(world: World) -> None:
    response = world.send(event("e-1", order("O-1")), event("e-1", order("O-2")))
    assert "twice in this batch" in problem(response, 422, "invalid")["detail"]
    assert logged(world) == []


def test_ids_count_within_the_senders_own_source(world: World) -> None:
    response = world.send(
        event("e-1", order("O-1"), source="https://shop.example/de"),
        event("e-1", order("O-2", customer_reference="b"), source="https://shop.example/fr"),
    )
    assert [e["status"] for e in response.json()["events"]] == ["new", "new"]


def test_one_bad_event_refuses_the_whole_batch_and_names_every_fault(world: World) -> None:
    bad = order("O-2", ("S-1", "-1", "10.00"), currency="EURO")
    body = problem(world.send(event("e-1", order("O-1")), event("e-2", bad)), 422, "invalid")
    assert {e["field"] for e in body["errors"]} == {"events[1].currency", "events[1].lines[0].quantity"}
    assert logged(world) == []


NAN = json.dumps(event("e-1", order("O-1"))).replace('"10.00"', "NaN").encode()
HUGE = json.dumps(event("e-1", order("O-1"))).replace('"10.00"', "1e400").encode()
DEEP = json.dumps(event("e-1", order("O-1"))).replace('"10.00"', "[" * 100 + "]" * 100).encode()
VERY_DEEP = b"[" * 100_000
LATIN = json.dumps(event("e-1", order("O-1", storefront="café")), ensure_ascii=False).encode("latin-1")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "is not JSON"),
        (b"{", 400, "is not JSON"),
        (NAN, 400, "NaN"),
        (LATIN, 400, "UTF-8"),
        (HUGE, 422, "out of range"),
        (DEEP, 422, "nested deeper"),
        (VERY_DEEP, 422, "nested deeper"),
        (b"[]", 422, "is not a JSON object"),
        (b'"text"', 422, "is not a JSON object"),
        (b'{"a": "\\u0000"}', 422, "NUL"),
        (b'{"a": 1, "a": 2}', 422, "stands twice"),
        (b'{"a": 12345678901234567890}', 422, "2^53"),
    ],
    ids=["empty", "half", "NaN", "Latin-1", "1e400", "deep", "very deep", "list", "text", "NUL", "twice", "2^53"],
)
def test_a_body_that_cannot_be_read_is_told_why(shared: World, body: bytes, status: int, said: str) -> None:
    found = problem(shared.signed(body), status, "malformed" if status == 400 else "invalid")
    assert said in found["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"type": None}, "type"),
        ({"type": "bad type"}, "type"),
        ({"source": None}, "source"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-03-02T09:00:00"}, "time"),
        ({"data": [1]}, "data"),
        ({"data_base64": "AAAA"}, "data_base64"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
    ],
)
def test_a_broken_envelope_names_the_attribute(shared: World, changes: dict[str, Any], field: str) -> None:
    body = problem(shared.send({**event("e-1", order("O-1")), **changes}), 422, "invalid")
    assert body["errors"][0]["field"] == field


def line(**changes: Any) -> dict[str, Any]:
    """Order data whose one line is changed."""
    data = order("O-1")
    data["lines"][0].update(changes)
    return data


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (order("O-1", currency="XXX"), "currency"),
        (order("O-1", currency=None), "currency"),
        (order("O-1", partner=""), "partner"),
        (order("O-1", partner=17), "partner"),
        (order("X" * 65), "order"),
        (order("O-1", lines=[]), "lines"),
        (order("O-1", lines="all"), "lines"),
        (order("O-1", placed_at="2026-03-02"), "placed_at"),
        (order("O-1", ship_to={"country": "Germany"}), "ship_to.country"),
        (line(quantity="0"), "lines[0].quantity"),
        (line(quantity="-3"), "lines[0].quantity"),
        (line(quantity=True), "lines[0].quantity"),
        (line(quantity="1e3"), "lines[0].quantity"),
        (line(unit_price="0.1234567"), "lines[0].unit_price"),
        (line(unit_price=0.1234567), "lines[0].unit_price"),
        (line(unit_price="NaN"), "lines[0].unit_price"),
        (line(unit_price="9" * 16), "lines[0].unit_price"),
        (line(unit_price=None), "lines[0].unit_price"),
        (line(product="a\u0007b"), "lines[0].product"),
    ],
)
def test_bad_order_data_names_the_field(shared: World, data: dict[str, Any], field: str) -> None:
    body = problem(shared.send(event("e-1", data)), 422, "invalid")
    assert field in {e["field"] for e in body["errors"]}
    assert all(e["message"] for e in body["errors"])


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("order.unheard_of", {"order": "O-1"}),
        ("order.cancelled", {"order": "O-1"}),
        ("order.cancelled", {"reason": "no order"}),
        ("shipment.confirmed", {"order": "O-1"}),
    ],
)
def test_types_that_are_not_understood_or_lack_their_data_are_refused(
    shared: World, event_type: str, data: dict[str, Any]
) -> None:
    problem(shared.send(event("e-1", data, type=event_type)), 422, "invalid")


def test_what_headgate_says_itself_cannot_be_sent(shared: World) -> None:
    sent = event("e-1", {"approval": "x", "outcome": "approve"}, type="approval.decided")
    response = shared.post("erp", "/v1/events", sent, content_type=STRUCTURED)
    assert "made by Headgate itself" in problem(response, 422, "invalid")["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "application/xml", ""])
def test_another_content_type_is_refused(shared: World, content_type: str) -> None:
    response = shared.signed(json.dumps(event("e-1", order("O-1"))).encode(), content_type=content_type)
    assert "application/cloudevents+json" in problem(response, 415, "unsupported_media_type")["detail"]


def test_an_event_above_its_limit_is_refused(shared: World) -> None:
    big = event("e-1", order("O-1", note="x" * 1_100_000))
    problem(shared.send(big), 413, "too_large")
    found = problem(shared.signed(json.dumps([big]).encode(), content_type=BATCH), 422, "invalid")
    assert "larger than 1000000 bytes" in found["detail"]


def test_a_body_of_ten_megabytes_is_refused_by_its_stated_length_before_it_is_read(shared: World) -> None:
    found = problem(shared.signed(b"x" * 10_000_000), 413, "too_large")
    assert "8000000 bytes" in found["detail"]


def test_a_body_that_hides_its_length_is_cut_off_at_the_limit(shared: World) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while sent < 50_000_000:
            sent += 1_000_000
            yield b"x" * 1_000_000

    response = shared.client.post(
        "/v1/events", content=endless(), headers={**bearer(shared.keys["erp"]), "content-type": STRUCTURED}
    )
    problem(response, 413, "too_large")


def test_more_than_a_thousand_events_are_refused(shared: World) -> None:
    body = json.dumps([event(f"e-{i}", order("O-1")) for i in range(1001)]).encode()
    assert "more than 1000" in problem(shared.signed(body, content_type=BATCH), 422, "invalid")["detail"]


def test_what_is_well_formed_and_cannot_be_applied_waits_in_quarantine(world: World) -> None:
    world.send(
        event("e-1", order("O-1", partner="P-404")),
        event("e-2", order("O-2", ("S-404", "1", "1.00"), customer_reference="b")),
        event("e-3", {"order": "O-404", "reason": "mistake"}, type="order.cancelled"),
        event("e-4", order("O-405", customer_reference="c"), type="order.amended"),
    )
    world.govern()
    found = world.get("desk", "/v1/quarantine").json()["items"]
    assert [q["problems"][0]["field"] for q in found] == ["partner", "lines[0].product", "order", "order"]
    assert all(q["problems"][0]["fix"] for q in found)
    assert world.get("carl", "/v1/orders").json()["items"] == []


def test_a_partners_key_speaks_for_its_own_partner_only(world: World) -> None:
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        access.grant_role(conn, world.context(), "user:pia@nordwind.example", "integration")
    key = world.key("user:pia@nordwind.example", "events.write")
    headers = {**bearer(key), "content-type": STRUCTURED}
    other = json.dumps(event("e-1", order("O-1", partner="P-2")))
    problem(world.client.post("/v1/events", content=other, headers=headers), 403, "forbidden")
    own = json.dumps(event("e-2", order("O-2")))
    done = world.client.post("/v1/events", content=own, headers=headers)
    assert done.status_code == 202, done.text
