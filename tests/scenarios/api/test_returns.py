"""Returns over HTTP: each partner's own, and for the tenant's own people with what decided them."""

from __future__ import annotations

from decimal import Decimal

import pytest

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
