"""The arithmetic of reservations."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from headgate.channel.inventory import Hold, ShippedLine
from headgate.channel.inventory.core.holds import StockDelta, reserving, settle

ZERO = Decimal(0)


def hold(quantity: int, warehouse: str = "W", line: str = "1", order: str = "O", product: str = "S") -> Hold:
    return Hold(order, line, warehouse, product, Decimal(quantity))


def shipped(quantity: int, warehouse: str = "", line: str = "1", order: str = "O") -> ShippedLine:
    return ShippedLine(order, line, "S", Decimal(quantity), warehouse)


def test_new_holds_take_the_place_of_old_ones() -> None:
    changes = reserving([hold(4), hold(2, "V")], [hold(6), hold(2, "V"), hold(1, "X")])
    assert changes == {("S", "W"): StockDelta(reserved=Decimal(2)), ("S", "X"): StockDelta(reserved=Decimal(1))}


def test_a_shipment_uses_the_hold_of_its_warehouse_first() -> None:
    found = settle([shipped(3, "W")], [hold(2, "A"), hold(4, "W")])
    assert [(h.warehouse, int(h.quantity)) for h in found.holds] == [("W", 1)]
    assert found.deltas == {("S", "W"): StockDelta(Decimal(-3), Decimal(-3))}


def test_what_is_shipped_from_elsewhere_frees_the_hold_and_lowers_the_other_stock() -> None:
    found = settle([shipped(3, "B")], [hold(4, "A")])
    assert [(h.warehouse, int(h.quantity)) for h in found.holds] == [("A", 1)]
    assert found.deltas == {("S", "A"): StockDelta(ZERO, Decimal(-3)), ("S", "B"): StockDelta(Decimal(-3), ZERO)}


def test_more_may_leave_than_was_held() -> None:
    found = settle([shipped(9, "A")], [hold(4, "A")])
    assert found.deltas == {("S", "A"): StockDelta(Decimal(-9), Decimal(-4))}
    assert found.unplaced == ()


def test_without_a_warehouse_the_holds_say_where_and_the_rest_is_told() -> None:
    found = settle([shipped(9)], [hold(4, "B"), hold(2, "A")])
    assert [(h.warehouse, int(h.quantity)) for h in found.holds] == [("A", 0), ("B", 0)]
    assert list(map(int, found.shipped)) == [2, 4]
    assert [row.quantity for row in found.unplaced] == [3]


def test_shipments_of_one_line_are_set_off_one_after_the_other() -> None:
    found = settle([shipped(1), shipped(2), shipped(5)], [hold(4, "A")])
    assert list(map(int, found.shipped)) == [4]
    assert [row.quantity for row in found.unplaced] == [4]


def test_other_lines_and_orders_keep_their_holds() -> None:
    found = settle([shipped(5, "W")], [hold(4, line="2"), hold(4, order="P")])
    assert found.holds == ()
    assert found.deltas == {("S", "W"): StockDelta(Decimal(-5), ZERO)}


places = st.sampled_from(["A", "B", "C"])
lines = st.sampled_from(["1", "2"])


@given(
    st.dictionaries(st.tuples(lines, places), st.integers(0, 9), max_size=6),
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["", "A", "B"]), lines), max_size=6),
)
def test_nothing_is_lost_and_no_hold_goes_below_zero(held: dict, sent: list) -> None:
    holds = [hold(quantity, warehouse, line) for (line, warehouse), quantity in held.items()]
    rows = [shipped(quantity, warehouse, line) for quantity, warehouse, line in sent]
    found = settle(rows, holds)
    before = {h.key: h.quantity for h in holds}
    assert all(h.quantity >= 0 for h in found.holds)
    for after, left in zip(found.holds, found.shipped, strict=True):
        assert before[after.key] == after.quantity + left
    assert sum(found.shipped, ZERO) == -sum((d.reserved for d in found.deltas.values()), ZERO)
    gone = -sum((d.on_hand for d in found.deltas.values()), ZERO)
    assert gone + sum((row.quantity for row in found.unplaced), ZERO) == sum((row.quantity for row in rows), ZERO)
