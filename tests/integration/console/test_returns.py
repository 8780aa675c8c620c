"""Returns in the console: listed by what is to do, decided by nobody who asked for them or inspected the goods."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from headgate import access
from headgate.channel import returns
from headgate.kernel.context import Principal
from headgate.kernel.errors import HeadgateError
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import Channel, person

LINE = {"line": "1", "quantity": "2", "reason": "defective"}


@pytest.fixture
def delivered(visitor: Visitor) -> Visitor:
    """Order O-1 of five switches was delivered."""
    channel = visitor.channel
    channel.order("O-1", ("S-1", "5", "10.00"))
    channel.govern()
    channel.ship("O-1", ("1", "5"))
    channel.govern()
    return visitor


def ask(channel: Channel, rma: str, **more: Any) -> None:
    data: dict[str, Any] = {"rma": rma, "partner": "P-1", "order": "O-1", "wanted": "credit", "lines": [LINE]}
    channel.send("rma.requested", **{**data, **more})
    channel.govern()


def receive(channel: Channel, rma: str) -> None:
    now = channel.clock.now().isoformat()
    lines = [{"line": "1", "quantity": "2"}]
    channel.send("rma.received", rma=rma, receipt=f"GR-{rma}", received_at=now, lines=lines)
    channel.govern()


def status(channel: Channel, rma: str) -> str:
    with channel.app.database.transaction(channel.tenant) as conn:
        return str(returns.get_return(conn, rma)["status"])


def acting(channel: Channel, who: str) -> Principal:
    with channel.app.database.transaction(channel.tenant) as conn:
        return access.load_principal(conn, person(who), channel.clock.now())


def test_returns_are_listed_by_what_is_to_do(delivered: Visitor) -> None:
    channel = delivered.channel
    assert "No returns yet" in words(delivered.enter("carl").get("/returns"))
    ask(channel, "RMA-1")
    ask(channel, "RMA-2", wanted="replace")
    receive(channel, "RMA-2")
    everything = delivered.get("/returns")
    assert all(text in words(everything) for text in ("RMA-1", "RMA-2", "Order O-1", "Replacement", "20.00"))
    expected, arrived = (words(delivered.get(f"/returns?status={view}")) for view in ("expected", "received"))
    assert ("RMA-1" in expected, "RMA-2" in expected) == (True, False)
    assert ("RMA-1" in arrived, "RMA-2" in arrived) == (False, True)
    assert "RMA-1" in words(delivered.get("/returns?status=authorised"))
    assert "No return matches" in words(delivered.get("/returns?q=nobody"))
    assert "RMA-1" in words(delivered.get("/returns?status=nonsense")), "an old address shows all"
    assert 'href="/returns/RMA-1"' in everything.text
    with delivered.counted():
        delivered.get("/returns")
    assert delivered.queries <= 15


def test_who_asked_for_a_return_does_not_decide_it(delivered: Visitor) -> None:
    channel = delivered.channel
    channel.clock.move(timedelta(days=40))
    ask(channel, "RMA-1", requested_by=person("carl"), lines=[{**LINE, "reason": "no_longer_needed"}])
    assert status(channel, "RMA-1") == "deciding"
    with pytest.raises(HeadgateError):
        channel.decide("carl", "RMA-1")
    assert status(channel, "RMA-1") == "deciding"
    channel.decide("rita", "RMA-1")
    assert status(channel, "RMA-1") == "authorised"


def test_who_inspected_the_goods_does_not_decide_what_becomes_of_them(delivered: Visitor) -> None:
    channel = delivered.channel
    ask(channel, "RMA-1")
    receive(channel, "RMA-1")
    found = [{"line": "1", "quantity": "2", "condition": "no_fault"}]
    channel.send("rma.inspected", by=acting(channel, "carl"), rma="RMA-1", lines=found)
    channel.govern()
    with pytest.raises(HeadgateError):
        channel.decide("carl", "RMA-1", "reject")
    assert status(channel, "RMA-1") == "inspected"
    channel.decide("rita", "RMA-1", "reject")
    assert status(channel, "RMA-1") == "refused"


def form_of(visitor: Visitor, rma: str) -> dict[str, str]:
    """What the open form carries."""
    page = visitor.get(f"/returns/{rma}").text
    return {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("once", "opened")}  # type: ignore[index]


def test_the_order_desk_books_goods_in_and_tells_what_was_found(delivered: Visitor) -> None:
    channel = delivered.channel
    ask(channel, "RMA-1")
    delivered.enter("desk")
    arrived = {**form_of(delivered, "RMA-1"), "receipt": "GR-7", "received_0": "2"}
    assert "How many of Product S-" in words(delivered.get("/returns/RMA-1")), "goods are called by their names"
    done = delivered.post("/returns/RMA-1/received", arrived)
    assert "The goods are booked in." in words(done)
    assert "Inspection" in words(done)
    again = delivered.post("/returns/RMA-1/received", arrived)
    assert "The goods are booked in." in words(again), "sent twice it is booked once"
    found = {**form_of(delivered, "RMA-1"), "inspected_0": "1", "condition_0": "defective", "note_0": "<b>dead</b>"}
    part = delivered.post("/returns/RMA-1/inspected", found)
    assert "1 Defective" in words(part)
    assert "&lt;b&gt;dead&lt;/b&gt;" in part.text
    rest = delivered.post(
        "/returns/RMA-1/inspected", {**form_of(delivered, "RMA-1"), "inspected_0": "1", "condition_0": "no_fault"}
    )
    assert "in the record" in words(rest)
    with channel.app.database.transaction(channel.tenant) as conn:
        row = returns.get_return(conn, "RMA-1")
    assert (row["content"]["received"], row["content"]["hands"][-1]) == ({"1": "2"}, person("desk"))
    assert row["status"] == "inspected"
    assert channel.approval("RMA-1").subject == "RMA-1"


def test_what_cannot_be_booked_is_told_and_nothing_is(delivered: Visitor) -> None:
    channel = delivered.channel
    ask(channel, "RMA-1")
    delivered.enter("desk")
    given = {**form_of(delivered, "RMA-1"), "receipt": "GR-7", "received_0": "2"}
    for changes, said in (
        ({"received_0": "3"}, "more than the 2 that are left"),
        ({"received_0": ""}, "Say of at least one line how many"),
        ({"received_0": "-1"}, "Nothing was booked"),
        ({"received_0": "lots"}, "Nothing was booked"),
        ({"receipt": ""}, "Nothing was booked"),
        ({"opened": "2020-01-01T00:00:00Z"}, "out of date"),
        ({"once": "x"}, "out of date"),
    ):
        answer = delivered.post("/returns/RMA-1/received", {**given, **changes})
        assert (answer.status_code, said in words(answer)) == (422, True), (changes, words(answer)[:400])
    assert delivered.post("/returns/RMA-1/inspected", given).status_code == 409
    assert delivered.get("/returns/RMA-9").status_code == 404
    delivered.enter("carl")
    assert "Book goods in" not in words(delivered.get("/returns/RMA-1"))
    assert delivered.post("/returns/RMA-1/received", given).status_code == 403
    assert status(channel, "RMA-1") == "authorised"
    assert channel.quarantine() == []
