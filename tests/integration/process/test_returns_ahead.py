"""Returns that come up before the order they are about: orders are in other lanes, and after a standstill all come at
once."""

from __future__ import annotations

from typing import Any

from headgate.process.failing import EARLY
from tests.scenarios.channel import Channel


def ask_back(channel: Channel, rma: str = "RMA-1", quantity: str = "2") -> None:
    line = {"line": "1", "quantity": quantity, "reason": "defective", "note": "dead"}
    channel.send("rma.requested", rma=rma, partner="P-1", order="O-1", wanted="credit", lines=[line])


def found(channel: Channel) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Returns by status, and why events were put aside."""
    with channel.app.database.transaction(channel.tenant) as conn:
        rows = conn.execute("select rma, status from return_requests order by rma").fetchall()
        return rows, conn.execute("select reason from quarantine order by position").fetchall()


def until_all_is_done(channel: Channel) -> None:
    channel.runner.drain(channel.tenant)
    for _ in range(3):
        channel.clock.move(EARLY)
        channel.runner.drain(channel.tenant)


def test_a_return_waits_for_what_the_log_holds_of_its_order(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "5", "10.00"))
    channel.ship("O-1", ("1", "5"))
    ask_back(channel)
    receipt = [{"line": "1", "quantity": "2"}]
    channel.send(
        "rma.received", rma="RMA-1", receipt="GR-1", received_at=channel.clock.now().isoformat(), lines=receipt
    )
    until_all_is_done(channel)
    assert found(channel) == ([("RMA-1", "received")], [])
    channel.nothing_left()


def test_what_comes_behind_the_return_in_the_log_is_not_waited_for(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "5", "10.00"))
    channel.govern()
    ask_back(channel)
    channel.ship("O-1", ("1", "5"))
    until_all_is_done(channel)
    rows, reasons = found(channel)
    assert (rows, len(reasons)) == ([], 1)
    assert "of what was delivered is left" in reasons[0][0]


def test_a_return_of_an_order_that_is_refused_is_refused_as_well_and_waits_no_longer(channel: Channel) -> None:
    channel.order("O-1", ("NOTHING", "5", "10.00"))
    ask_back(channel)
    until_all_is_done(channel)
    rows, reasons = found(channel)
    assert rows == []
    assert sorted(reason for (reason,) in reasons) == [
        "lines[0].product is not a known product",
        "order is not an order of this partner",
    ]
    channel.nothing_left()
