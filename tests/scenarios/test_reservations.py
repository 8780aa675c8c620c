"""Reservations that end: the stock goes back, and the order does not stay released on stock it no longer has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.scenarios.channel import Channel, account, person, stock


def run_out(channel: Channel, days: int = 31) -> int:
    """Let the reservations run out; how many events that made."""
    channel.pass_time(days=days)
    return channel.runner.run_jobs(channel.tenant)


def events(channel: Channel, type_: str) -> list[dict[str, Any]]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return [row[0] for row in conn.execute("select data from events where type = %s order by seq", [type_])]


def commands(channel: Channel) -> list[str]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return [row[0] for row in conn.execute("select type from outbox order by type")]


def test_nothing_ends_before_its_time(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    assert run_out(channel, days=29) == 0
    assert channel.sums()["reserved"] == 10


def test_a_released_order_whose_reservation_ends_is_released_again_while_there_is_stock(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    first = channel.found("O-1")["decision"]
    assert run_out(channel) == 1
    assert channel.sums()["reserved"] == 0
    channel.govern()
    found = channel.found("O-1")
    assert found["status"] == "released"
    assert found["decision"] != first
    assert channel.sums()["reserved"] == 10
    assert channel.sums()["open_orders"] == 100
    assert "reservation of line 1 ended" in events(channel, "order.recheck_requested")[0]["reason"]
    assert channel.runner.run_jobs(channel.tenant) == 0


def test_it_is_held_when_the_stock_went_to_somebody_else(channel: Channel) -> None:
    channel.send("credit_account.recorded", items=[account("A-1", "100000")])
    channel.send("stock.recorded", items=[stock("S-1", "10")])
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    run_out(channel)
    # It came in after the reservation had ended and before the first order was looked at again.
    channel.order("O-2", ("S-1", "10", "10.00"), customer_reference="second")
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute(
            "update inbox set not_before = %s from events where inbox.seq = events.seq and type = %s",
            [channel.clock.now().replace(year=2027), "order.recheck_requested"],
        )
    channel.runner.drain(channel.tenant)
    assert channel.status("O-2") == "released"
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("update inbox set not_before = null")
    channel.govern()
    assert channel.status("O-1") == "held"
    assert channel.found("O-1")["exceptions"] == ["out_of_stock"]
    assert channel.sums() | {"on_hand": Decimal(0)} == {
        "open_orders": Decimal(100),
        "unbilled": Decimal(0),
        "reserved": Decimal(10),
        "on_hand": Decimal(0),
    }
    assert commands(channel) == ["order.hold", "order.release", "order.release"]


def test_an_order_without_a_credit_account_is_stopped_in_the_erp_as_well(channel: Channel) -> None:
    channel.send(
        "partner.recorded",
        items=[
            {
                "partner": "P-2",
                "name": "P-2",
                "legal_name": "P-2",
                "country": "DE",
                "tier": "gold",
                "status": "active",
                "terms": "PREPAID",
            }
        ],
    )
    channel.send("stock.recorded", items=[stock("S-1", "10")])
    channel.order("O-1", ("S-1", "10", "10.00"), partner="P-2")
    channel.govern()
    assert channel.status("O-1") in ("released", "flagged")
    channel.send("stock.recorded", items=[stock("S-1", "0")])
    run_out(channel)
    channel.govern()
    assert channel.status("O-1") == "held"
    assert commands(channel) == ["order.hold", "order.release"]


def test_what_an_approval_set_aside_stays_so_for_the_same_content(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    channel.decide("carl", "O-1")
    run_out(channel)
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.tasks() == []
    assert channel.sums()["reserved"] == 10


def test_the_rest_of_a_partly_shipped_order_is_reserved_again(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    channel.ship("O-1", ("1", "4"))
    channel.govern()
    run_out(channel)
    assert channel.sums()["reserved"] == 0
    channel.govern()
    assert channel.stage("O-1") == "shipping"
    assert channel.sums()["reserved"] == 6
    channel.ship("O-1", ("1", "6"))
    channel.govern()
    assert channel.status("O-1") == "fulfilled"
    assert channel.sums()["reserved"] == 0
    assert channel.sums()["on_hand"] == 95


def test_somebody_finds_stock_for_the_rest_when_there_is_none(channel: Channel) -> None:
    channel.order("O-1", ("S-2", "5", "100.00"))
    channel.govern()
    channel.ship("O-1", ("1", "2"))
    channel.govern()
    channel.send("stock.recorded", items=[stock("S-2", "1")])
    run_out(channel)
    channel.govern()
    assert channel.stage("O-1") == "shipping"
    assert channel.sums()["reserved"] == 1
    (task,) = channel.tasks()
    assert (task["title"], task["role"]) == ("Find stock for the rest of order O-1", "order_desk")
    channel.ship("O-1", ("1", "3"))
    channel.govern()
    assert channel.status("O-1") == "fulfilled"
    assert channel.tasks() == []


def test_what_ships_after_its_reservation_ended_still_leaves_the_stock(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    run_out(channel)
    shipped: dict[str, Any] = {
        "order": "O-1",
        "shipment": "S-9",
        "shipped_at": channel.clock.now().isoformat(),
        "warehouse": "BER",
    }
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("delete from inbox")  # the request to look at it again has not been applied yet
    channel.send("shipment.confirmed", **shipped, lines=[{"line": "1", "quantity": "10"}])
    channel.govern()
    assert channel.status("O-1") == "fulfilled"
    assert channel.sums()["on_hand"] == 95
    assert channel.sums()["reserved"] == 0


def test_an_ended_reservation_tells_that_a_threshold_is_kept_again(channel: Channel) -> None:
    channel.send("stock.recorded", items=[stock("S-1", "12", threshold="5")])
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    assert [e["atp"] for e in events(channel, "inventory.threshold_breached")] == ["2"]
    run_out(channel)
    assert [e["atp"] for e in events(channel, "inventory.threshold_recovered")] == ["12"]


def test_an_order_that_is_being_worked_on_keeps_its_reservation_until_the_next_time(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"))
    channel.govern()
    channel.pass_time(days=31)
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("select from orders where order_no = 'O-1' for update")
        assert channel.runner.run_jobs(channel.tenant) == 0
    assert channel.runner.run_jobs(channel.tenant) == 1


def test_an_edited_price_exception_is_granted_at_the_edited_price(channel: Channel) -> None:
    channel.send(
        "price_exception.requested",
        request="PX-1",
        partner="P-1",
        product="S-1",
        unit_price="8.80",
        currency="EUR",
        valid_from="2026-03-01",
        valid_until="2026-03-31",
        justification="competitor offers 8.90",
        requested_by=person("rita"),
    )
    channel.govern()
    channel.decide("carl", "PX-1", "edit", edit={"unit_price": "9.00"})
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        found = conn.execute("select status, unit_price from price_exceptions").fetchall()
    assert found in ([("granted", Decimal("9.00"))], [("deciding", Decimal("9.00"))])
    while any(task["subject"] == "PX-1" for task in channel.tasks()):
        channel.decide("fiona", "PX-1")
    assert [e["code"] for e in events(channel, "agreement.activated")] == ["PX-PX-1"]
    assert [e["unit_price"] for e in events(channel, "price_exception.granted")] == ["9.00"]
