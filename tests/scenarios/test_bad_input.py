"""Bad input: a clear error or a quarantine row, and nothing half-written."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel.errors import Invalid
from headgate.ledger import conflict_list
from tests.scenarios.channel import Channel, product


def stored(channel: Channel) -> tuple[int, ...]:
    """Row counts of everything an order writes."""
    tables = ("orders", "order_lines", "cases", "decisions", "reservations", "outbox", "approvals", "tasks")
    with channel.app.database.transaction(channel.tenant) as conn:
        return tuple((conn.execute(f"select count(*) from {t}").fetchone() or (0,))[0] for t in tables)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"quantity": "-1"}, "lines[0].quantity"),
        ({"quantity": "0"}, "lines[0].quantity"),
        ({"quantity": "1.1234567"}, "lines[0].quantity"),
        ({"unit_price": "1.1234567"}, "lines[0].unit_price"),
        ({"unit_price": "-0.01"}, "lines[0].unit_price"),
        ({"unit_price": "NaN"}, "lines[0].unit_price"),
        ({"unit_price": "1e400"}, "lines[0].unit_price"),
        ({"unit_price": "9" * 30}, "lines[0].unit_price"),
        ({"unit_price": 10.5}, "lines[0].unit_price"),
        ({"unit_price": None}, "lines[0].unit_price"),
        ({"unit_price": True}, "lines[0].unit_price"),
        ({"unit_price": ["10"]}, "lines[0].unit_price"),
        ({"product": 7}, "lines[0].product"),
        ({"product": "x" * 65}, "lines[0].product"),
    ],
)
def test_a_malformed_line_is_refused_at_the_door_by_field(channel: Channel, line: dict[str, Any], field: str) -> None:
    before = stored(channel)
    good = {"line": "1", "product": "S-1", "quantity": "1", "unit": "EA", "unit_price": "10.00"}
    with pytest.raises(Invalid) as refused:
        channel.order("O-1", lines=[{**good, **line}])
    assert field in [p.field for p in refused.value.problems]
    channel.govern()
    assert stored(channel) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"placed_at": "2026-03-02T10:00:00"}, "placed_at"),
        ({"ship_to": {"country": "Germany"}}, "ship_to.country"),
        ({"ship_to": "DE"}, "ship_to"),
        ({"lines": []}, "lines"),
        ({"lines": "many"}, "lines"),
        ({"priority": 11}, "priority"),
        ({"partner": ""}, "partner"),
    ],
)
def test_a_malformed_head_is_refused_at_the_door_by_field(channel: Channel, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        channel.order("O-1", ("S-1", "1", "10.00"), **change)
    assert field in [p.field for p in refused.value.problems]


def test_every_problem_of_an_order_is_named_at_once(channel: Channel) -> None:
    with pytest.raises(Invalid) as refused:
        channel.order("O-1", ("S-1", "-1", "x"), currency="XXX")
    assert {p.field for p in refused.value.problems} >= {"currency", "lines[0].quantity", "lines[0].unit_price"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"partner": "P-404"}, "partner is not a known partner"),
        ({"lines": [{"line": "1", "product": "S-404", "quantity": "1", "unit_price": "1"}]}, "is not a known product"),
        (
            {"lines": [{"line": "1", "product": "S-1", "quantity": "1", "unit": "BOX", "unit_price": "1"}]},
            "is not the unit of S-1",
        ),
        ({"currency": "JPY"}, "no exchange rate"),
        ({"placed_at": "2026-03-05T10:00:00Z"}, "placed_at"),
    ],
)
def test_what_nobody_recorded_goes_to_quarantine_with_its_reason(
    channel: Channel, change: dict[str, Any], reason: str
) -> None:
    before = stored(channel)
    channel.order("O-1", ("S-1", "1", "10.00"), **change)
    channel.govern()
    (item,) = channel.quarantine()
    assert reason in item.reason
    assert stored(channel) == before


def test_a_quarantined_order_goes_through_once_its_master_is_recorded(channel: Channel) -> None:
    from headgate.connectors import replay_event

    channel.order("O-1", ("S-9", "1", "10.00"))
    channel.govern()
    (item,) = channel.quarantine()
    channel.send("product.recorded", items=[product("S-9", "6.00")])
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        router = channel.app.engine.definitions.router(conn)
        replay_event(conn, channel.context(), item.id, lanes=16, route=router)
    channel.govern()
    assert channel.status("O-1") in ("held", "flagged", "released")
    assert channel.quarantine() == []


def test_an_amendment_before_its_order_waits_in_quarantine(channel: Channel) -> None:
    channel.amend("O-1", ("S-1", "1", "10.00"))
    channel.govern()
    (item,) = channel.quarantine()
    assert "is not known, so order.amended cannot be applied" in item.reason


def test_a_second_submission_of_an_order_number_is_refused(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.order("O-1", ("S-1", "2", "10.00"))
    channel.govern()
    assert channel.found("O-1")["lines"][0]["quantity"] == 1
    assert "send order.amended to change it" in channel.quarantine()[0].reason


def test_a_repeated_event_changes_nothing_and_another_body_under_its_id_is_kept_apart(channel: Channel) -> None:
    first = channel.order("O-1", ("S-1", "1", "10.00"), event_id="same")
    again = channel.order("O-1", ("S-1", "1", "10.00"), event_id="same", placed_at=channel.clock.now().isoformat())
    other = channel.order("O-1", ("S-1", "9", "10.00"), event_id="same")
    assert (again.seq, again.status) == (first.seq, "duplicate")
    assert (other.seq, other.status) == (first.seq, "conflict")
    channel.govern()
    assert channel.found("O-1")["lines"][0]["quantity"] == 1
    with channel.app.database.transaction(channel.tenant) as conn:
        (kept,) = conflict_list(conn)
    assert kept.data["lines"][0]["quantity"] == "9"


def test_an_event_nothing_understands_is_refused_with_those_that_are(channel: Channel) -> None:
    with pytest.raises(Invalid, match=r"order\.submitted"):
        channel.send("order.teleported", order="O-1")


def test_events_headgate_makes_itself_cannot_be_sent(channel: Channel) -> None:
    for type_ in ("approval.decided", "timer.fired", "inventory.threshold_breached"):
        with pytest.raises(Invalid, match="cannot be sent"):
            channel.send(type_, approval="x")
