"""What is recorded: a few weeks of a small channel, with everything that happens to orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.scenarios.channel import Channel, account, partner, person, product, stock


@dataclass(frozen=True)
class PlayScript:
    """The agreements a play starts with, and what happens."""

    agreements: list[dict[str, Any]]
    act: Callable[[Channel], None]


LIST = {
    "code": "LIST",
    "terms": [
        {"method": "list", "product": "S-1", "value": "10.00"},
        {"method": "list", "product": "S-2", "value": "100.00"},
        {"method": "list", "product": "S-3", "value": "2.50"},
    ],
}
TIERS = {
    "code": "TIERS",
    "terms": [
        {
            "method": "net",
            "product": "S-3",
            "partner": "P-2",
            "value": "2.50",
            "tier_mode": "slab",
            "tiers": [{"from": "1", "value": "2.50"}, {"from": "101", "value": "2.00"}],
        }
    ],
    "more": {"kind": "net", "partner": "P-2"},
}


def weeks(channel: Channel) -> None:
    """Masters, then orders of every fate."""
    _masters(channel)
    _first_day(channel)
    _decisions(channel)
    _clocks(channel)
    _exceptions(channel)
    _after_a_month(channel)


def _masters(channel: Channel) -> None:
    channel.send(
        "credit_account.recorded",
        items=[account("A-1", "5000"), account("A-2", "800", overdue_31_60="120", receivables="200")],
    )
    channel.send("partner.recorded", items=[partner("P-1", "A-1"), partner("P-2", "A-2", tier="silver")])
    channel.send(
        "product.recorded",
        items=[product("S-1", "6.00"), product("S-2", "60.00"), product("S-3", "1.10", tax_class="reduced")],
    )
    channel.send(
        "stock.recorded",
        items=[stock("S-1", "200", threshold="50"), stock("S-2", "12"), stock("S-3", "1000", warehouse="HAM")],
    )
    rates = [("standard", "19"), ("reduced", "7")]
    channel.send(
        "tax_rate.recorded",
        items=[{"jurisdiction": "DE", "tax_class": c, "rate": r, "valid_from": "2020-01-01"} for c, r in rates],
    )
    channel.govern()


def _first_day(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "10", "10.00"), ("S-2", "1", "100.00"), customer_reference="PO-1")
    channel.order("O-2", ("S-1", "10", "10.00"), ("S-2", "1", "100.00"), customer_reference="PO-1")
    channel.order("O-3", ("S-3", "150", "2.3333"), partner="P-2", customer_reference="PO-2")
    channel.order("O-4", ("S-9", "1", "1.00"))
    channel.send("order.cancelled", order="O-77", reason="nobody knows it")
    channel.govern()
    channel.clock.move(timedelta(hours=1))
    channel.order("O-5", ("S-1", "20", "8.00"))
    channel.order("O-6", ("S-1", "12", "8.80"), customer_reference="PO-6")
    channel.order("O-7", ("S-2", "15", "99.00"), customer_reference="PO-7")
    channel.order("O-8", ("S-3", "400", "2.00"), partner="P-2", customer_reference="PO-8")
    channel.govern()


def _decisions(channel: Channel) -> None:
    channel.clock.move(timedelta(minutes=30))
    channel.decide("carl", "O-5", because="they take a second lot")
    channel.decide("fiona", "O-5", because="fine with both")
    channel.decide(
        "carl", "O-6", "edit", because="meet half way", edit={"lines": [{"line": "1", "unit_price": "9.90"}]}
    )
    channel.decide("desk", "O-2", "reject", because="a repeat, they said so")
    channel.amend("O-7", ("S-2", "10", "99.00"), customer_reference="PO-7")
    channel.govern()
    channel.ship("O-1", ("1", "4"))
    channel.ship("O-1", ("1", "6"), ("2", "1"))
    channel.ship("O-5", ("1", "21"))
    channel.send("order.cancelled", order="O-1", reason="too late")
    channel.send("order.cancelled", order="O-5", reason="changed their mind")
    channel.send("order.reopened", order="O-5", reason="changed it back")
    channel.govern()


def _clocks(channel: Channel) -> None:
    channel.order("O-10", ("S-1", "11", "8.80"), customer_reference="PO-10")
    channel.govern()
    channel.pass_time(hours=7)
    channel.pass_time(days=20)


def _exceptions(channel: Channel) -> None:
    channel.order("O-11", ("S-1", "13", "8.80"), customer_reference="PO-11")
    channel.govern()
    channel.send(
        "price_exception.requested",
        request="PX-1",
        partner="P-1",
        product="S-1",
        unit_price="8.80",
        currency="EUR",
        max_quantity="20",
        valid_from="2026-03-01",
        valid_until="2026-05-31",
        justification="competitor offers 8.90",
        requested_by=person("rita"),
    )
    channel.govern()
    channel.decide("carl", "PX-1", because="the competitor is real")
    channel.govern()
    channel.order("O-12", ("S-1", "5", "8.80"), ("S-1", "5", "8.80"), customer_reference="PO-12")
    channel.govern()


def _after_a_month(channel: Channel) -> None:
    channel.pass_time(days=31)
    channel.send("stock.recorded", items=[stock("S-2", "3")])
    channel.govern()
    channel.runner.run_jobs(channel.tenant)
    channel.govern()


PLAYS = {"weeks": PlayScript([LIST, TIERS], weeks)}
