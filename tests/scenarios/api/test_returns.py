"""Returns over HTTP: each partner's own, and for the tenant's own people with what decided them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World
from tests.scenarios.channel import partner


@pytest.fixture
def returned(world: World) -> World:
    """RMA-1 of P-1's order O-1 was credited, RMA-2 waits for its goods; P-2 is another partner."""
    channel = world.channel
    channel.send("partner.recorded", items=[partner("P-2", "")])
    channel.order("O-1", ("S-1", "5", "10.00"))
    channel.govern()
    channel.ship("O-1", ("1", "5"))
    channel.govern()
    for rma in ("RMA-1", "RMA-2"):
        line = {"line": "1", "quantity": "2", "reason": "defective", "note": "dead"}
        channel.send("rma.requested", rma=rma, partner="P-1", order="O-1", wanted="credit", lines=[line])
        channel.govern()
    arrived = [{"line": "1", "quantity": "2"}]
    now = channel.clock.now().isoformat()
    channel.send("rma.received", rma="RMA-1", receipt="GR-1", received_at=now, lines=arrived)
    found = [{"line": "1", "quantity": "2", "condition": "defective"}]
    channel.send("rma.inspected", rma="RMA-1", lines=found)
    channel.govern()
    return world


def test_returns_are_found_and_each_is_told_with_what_decided_it(returned: World) -> None:
    items = returned.get("carl", "/v1/returns").json()["items"]
    assert {i["rma"]: i["status"] for i in items} == {"RMA-1": "credited", "RMA-2": "authorised"}
    only = returned.get("carl", "/v1/returns", status="credited").json()["items"]
    assert [(i["rma"], Decimal(i["credit"]["amount"]), i["credit"]["currency"]) for i in only] == [
        ("RMA-1", Decimal(20), "EUR")
    ]
    assert returned.get("carl", "/v1/returns", order="O-2").json()["items"] == []
    found = returned.get("carl", "/v1/returns/RMA-1").json()
    (line,) = found["lines"]
    assert (line["product"], line["quantity"], line["received"], line["note"]) == ("S-1", "2", "2", "dead")
    (outcome,) = line["outcomes"]
    assert (outcome["outcome"], outcome["row"], Decimal(outcome["net"])) == ("credit", "defect_credit", Decimal(20))
    why = found["explanation"]
    assert why["verdicts"][0]["row"] == "defect"
    assert {d["policy"] for d in why["decisions"]} >= {"return_rules", "return_disposition"}
    assert why["case"]["outcome"] == "credited"
    assert why["timeline"]
    assert all(entry["proof"]["intact"] for entry in why["timeline"])
    assert [m["status"] for m in found["milestones"]][-1] == "credited"
    assert returned.get("carl", "/v1/returns/RMA-9").status_code == 404


def test_pages_are_read_to_the_end_and_a_cursor_of_something_else_is_refused(returned: World) -> None:
    first = returned.get("carl", "/v1/returns", limit=1).json()
    second = returned.get("carl", "/v1/returns", limit=1, cursor=first["next_cursor"]).json()
    assert {first["items"][0]["rma"], second["items"][0]["rma"]} == {"RMA-1", "RMA-2"}
    assert second["next_cursor"] == ""
    for path in ("/v1/returns", "/v1/deals"):
        for cursor in ("WyJ4IiwieSJd", "WyIxIl0", "bm9wZQ"):
            assert returned.get("carl", path, cursor=cursor).status_code == 422, (path, cursor)


def test_a_partner_sees_its_own_without_what_is_internal(returned: World) -> None:
    assert len(returned.get("pia", "/v1/returns").json()["items"]) == 2
    found = returned.get("pia", "/v1/returns/RMA-1").json()
    (outcome,) = found["lines"][0]["outcomes"]
    assert (found["explanation"], found["stake"], outcome["row"], outcome["because"]) == (None, None, None, None)
    assert (Decimal(outcome["net"]), Decimal(found["credit"]["amount"])) == (Decimal(20), Decimal(20))
    assert returned.get("paul", "/v1/returns").json()["items"] == []
    assert returned.get("paul", "/v1/returns/RMA-1").status_code == 404
    assert returned.client.get("/v1/returns").status_code == 401


ARRIVED = [{"line": "1", "quantity": "2"}]
RECEIPT = {"receipt": "GR-2", "lines": ARRIVED}
FOUND = {"lines": [{"line": "1", "quantity": "2", "condition": "defective", "note": "no power"}]}


def test_goods_are_booked_in_and_inspected_and_the_answer_says_what_became_of_them(returned: World) -> None:
    came = returned.post("desk", "/v1/returns/RMA-2/receipts", RECEIPT)
    assert came.status_code == 201, came.text
    assert (came.json()["status"], came.json()["settled"]) == ("received", True)
    looked = returned.post("desk", "/v1/returns/RMA-2/inspections", FOUND).json()
    assert (looked["status"], looked["told"]) == ("credited", ["The fault was confirmed; we credit the full price"])
    timeline = returned.get("carl", "/v1/returns/RMA-2").json()["explanation"]["timeline"]
    by = {entry["action"]: entry["actor"] for entry in timeline}
    assert by["rma.received"] == by["rma.inspected"] == "user:desk@nordwind.example"


def test_a_repeat_books_once_and_the_same_receipt_again_is_refused(returned: World) -> None:
    half = {"receipt": "GR-3", "lines": [{"line": "1", "quantity": "1"}]}
    first = returned.post("desk", "/v1/returns/RMA-2/receipts", half, idempotency_key="k-9")
    again = returned.post("desk", "/v1/returns/RMA-2/receipts", half, idempotency_key="k-9")
    assert (first.status_code, again.content) == (201, first.content)
    (line,) = returned.get("carl", "/v1/returns/RMA-2").json()["lines"]
    assert line["received"] == "1"
    problem(returned.post("desk", "/v1/returns/RMA-2/receipts", half), 422, "refused")
    more = {"receipt": "GR-4", "lines": [{"line": "1", "quantity": "2"}]}
    problem(returned.post("desk", "/v1/returns/RMA-2/receipts", more), 422, "refused")
    (line,) = returned.get("carl", "/v1/returns/RMA-2").json()["lines"]
    assert line["received"] == "1", "nothing of a refused receipt is booked"


@pytest.mark.parametrize(("door", "body"), [("receipts", RECEIPT), ("inspections", FOUND)])
def test_only_the_tenants_own_order_desk_books(returned: World, door: str, body: dict[str, Any]) -> None:
    for who in ("pia", "paul", "carl", "audrey", "adam", "erp"):
        problem(returned.post(who, f"/v1/returns/RMA-2/{door}", body), 403, "forbidden")
    assert returned.client.post(f"/v1/returns/RMA-2/{door}", json=body).status_code == 401
    assert returned.get("carl", "/v1/returns/RMA-2").json()["status"] == "authorised"


def test_what_makes_no_sense_is_refused_before_it_is_in_the_log(returned: World) -> None:
    before = returned.get("carl", "/v1/returns/RMA-2").json()
    for door, body, status, code in (
        ("RMA-2/inspections", FOUND, 409, "conflict"),
        ("RMA-1/receipts", RECEIPT, 409, "conflict"),
        ("RMA-9/receipts", RECEIPT, 404, "not_found"),
        ("RMA-2/receipts", {"receipt": "GR-5", "lines": []}, 400, "malformed"),
        ("RMA-2/receipts", {"receipt": "GR-5", "lines": [{"line": "1", "quantity": "-1"}]}, 400, "malformed"),
        ("RMA-2/receipts", {"receipt": "GR-5", "lines": ARRIVED * 2}, 422, "invalid"),
        ("RMA-2/inspections", {"lines": [{"line": "1", "quantity": "1", "condition": "odd"}]}, 400, "malformed"),
    ):
        problem(returned.post("desk", f"/v1/returns/{door}", body), status, code)
    assert returned.get("carl", "/v1/returns/RMA-2").json() == before
