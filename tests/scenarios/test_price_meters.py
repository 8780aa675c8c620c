"""Price exceptions that end at a quantity: however orders come, never more is sold at that price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.channel import Channel, account, person


@pytest.fixture
def metered(channel: Channel) -> Channel:
    """15 pieces of S-1 at 8.80 instead of 10 for P-1, and credit enough."""
    channel.send("credit_account.recorded", items=[account("A-1", "100000")])
    grant(channel, "PX-1", max_quantity="15")
    return channel


def grant(channel: Channel, request: str, **more: Any) -> None:
    asked = {
        "partner": "P-1",
        "product": "S-1",
        "unit_price": "8.80",
        "currency": "EUR",
        "valid_from": "2026-03-01",
        "valid_until": "2026-06-30",
        "justification": "competitor offers 8.90",
        "requested_by": person("rita"),
    }
    channel.send("price_exception.requested", request=request, **{**asked, **more})
    channel.govern()
    channel.decide("carl", request)
    channel.govern()


def used(channel: Channel) -> Decimal:
    """What the log of uses and the meter both say."""
    with channel.app.database.transaction(channel.tenant) as conn:
        (meter,) = conn.execute("select sum(used_quantity) from agreement_terms").fetchone() or (None,)
        (log,) = conn.execute("select coalesce(sum(quantity), 0) from agreement_uses").fetchone() or (None,)
    assert meter == log
    return Decimal(meter)


def prices(channel: Channel, number: str) -> list[Decimal]:
    return [line["contract_price"] for line in channel.found(number)["lines"]]


def test_lines_of_one_order_share_the_meter_in_their_order(metered: Channel) -> None:
    metered.order("O-1", ("S-1", "10", "8.80"), ("S-1", "10", "8.80"))
    metered.govern()
    assert prices(metered, "O-1") == [Decimal("8.80"), Decimal("10.00")]
    assert metered.status("O-1") == "held"
    assert used(metered) == 0


def test_of_two_orders_in_one_batch_the_second_sees_what_the_first_took(metered: Channel) -> None:
    metered.order("O-1", ("S-1", "10", "8.80"))
    metered.order("O-2", ("S-1", "10", "8.80"), customer_reference="second")
    metered.order("O-3", ("S-1", "5", "8.80"), customer_reference="third")
    metered.govern()
    assert [metered.status(f"O-{n}") for n in (1, 2, 3)] == ["released", "held", "released"]
    assert used(metered) == 15


def test_an_amended_order_does_not_stand_in_its_own_way(metered: Channel) -> None:
    metered.order("O-1", ("S-1", "10", "8.80"))
    metered.govern()
    metered.amend("O-1", ("S-1", "15", "8.80"))
    metered.govern()
    assert metered.status("O-1") == "released"
    assert used(metered) == 15
    metered.amend("O-1", ("S-1", "16", "8.80"))
    metered.govern()
    assert metered.status("O-1") == "held"
    assert used(metered) == 0


def test_what_an_order_gives_back_is_there_for_the_next_in_the_same_batch(metered: Channel) -> None:
    metered.order("O-1", ("S-1", "15", "8.80"))
    metered.govern()
    metered.send("order.cancelled", order="O-1", reason="customer changed their mind")
    metered.order("O-2", ("S-1", "15", "8.80"), customer_reference="second")
    metered.order("O-3", ("S-1", "1", "8.80"), customer_reference="third")
    metered.govern()
    assert [metered.status(f"O-{n}") for n in (1, 2, 3)] == ["cancelled", "released", "held"]
    assert used(metered) == 15


def test_a_reopened_order_takes_its_place_in_the_meter_again_or_waits(metered: Channel) -> None:
    metered.order("O-1", ("S-1", "10", "8.80"))
    metered.send("order.cancelled", order="O-1", reason="customer changed their mind")
    metered.send("order.reopened", order="O-1", reason="changed back")
    metered.govern()
    assert metered.status("O-1") == "released"
    assert used(metered) == 10
    metered.send("order.cancelled", order="O-1", reason="customer changed their mind")
    metered.order("O-2", ("S-1", "10", "8.80"), customer_reference="second")
    metered.send("order.reopened", order="O-1", reason="changed back")
    metered.govern()
    assert (metered.status("O-1"), metered.status("O-2")) == ("held", "released")
    assert used(metered) == 10


@pytest.mark.parametrize("how", ["granted exception", "edit", "reopening"])
def test_a_repeated_order_is_still_a_repeat_when_it_is_looked_at_again(channel: Channel, how: str) -> None:
    channel.order("O-1", ("S-1", "10", "8.80"), customer_reference="PO-77")
    channel.clock.move(timedelta(minutes=1))
    channel.order("O-2", ("S-1", "10", "8.80"), customer_reference="PO-77")
    channel.govern()
    assert set(channel.found("O-2")["exceptions"]) == {"price_deviation", "duplicate_order"}
    if how == "granted exception":
        grant(channel, "PX-1")
    elif how == "edit":
        # The order desk decides about repeats; the channel manager, who decides about prices, does not speak for it.
        channel.decide("carl", "O-2", "edit", edit={"lines": [{"line": "1", "unit_price": "10.00"}]})
    else:
        channel.decide("carl", "O-2", "reject")
        channel.price("NET", [{"method": "net", "product": "S-1", "partner": "P-1", "value": "8.80"}], kind="net")
        channel.send("order.reopened", order="O-2", reason="the price is agreed now")
        channel.govern()
    assert channel.found("O-2")["exceptions"] == ["duplicate_order"]
    assert channel.status("O-2") == "held"
