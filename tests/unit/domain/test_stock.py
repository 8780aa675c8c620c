"""What can be promised, and from where."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.stock import Need, StockLevel, allocate, allocation_rank, atp, crossings, published, reserve
from tests.unit.domain.examples import NOW, d, level, stock


def picks(allocation: object) -> list[tuple[str, object]]:
    return [(pick.warehouse, pick.quantity) for pick in allocation.picks]  # type: ignore[attr-defined]


def need(quantity: str | int = 10, line: str = "1", product: str = "SKU-1") -> Need:
    return Need(line, product, d(quantity))


def test_atp_is_on_hand_less_reserved_less_safety_stock_plus_confirmed_inbound() -> None:
    assert atp(level(on_hand=100, reserved=d(30), safety_stock=d(20), inbound=d(5))) == d(55)


def test_outsiders_see_atp_and_never_on_hand() -> None:
    shown = published(level(on_hand=100, reserved=d(98), safety_stock=d(20)))
    assert shown == {"product": "SKU-1", "warehouse": "W1", "atp": "0"}


def test_the_warehouse_of_the_ship_to_region_goes_first_then_the_country_then_the_fullest() -> None:
    places = [level("FAR", 900), level("COUNTRY", 500, region="DE"), level("NEAR", 50, region="DE-BY")]
    (near,) = allocate([need()], stock(*places), region="BY", country="DE")
    assert picks(near) == [("NEAR", d(10))]
    (country,) = allocate([need()], stock(*places[:2]), region="BY", country="DE")
    assert picks(country) == [("COUNTRY", d(10))]
    (fullest,) = allocate([need()], stock(level("A", 20), level("B", 30)))
    assert picks(fullest) == [("B", d(10))]


def test_a_line_is_served_whole_where_one_warehouse_can() -> None:
    (whole,) = allocate([need()], stock(level("NEAR", 4, region="DE"), level("FAR", 10)), country="DE")
    assert picks(whole) == [("FAR", d(10))]


def test_a_line_is_split_where_no_warehouse_can_serve_it_alone() -> None:
    levels = stock(level("A", 4), level("B", 7), level("C", 3))
    (split,) = allocate([need()], levels)
    assert picks(split) == [("B", d(7)), ("A", d(3))]
    (kept,) = allocate([need()], levels, split=False)
    assert (picks(kept), kept.back_order) == ([], d(10))


def test_what_nobody_has_is_back_ordered() -> None:
    (short,) = allocate([need(10)], stock(level("A", 4), level("B", on_hand=1, safety_stock=d(5))))
    assert (picks(short), short.back_order, short.stocked) == ([("A", d(4))], d(6), True)


def test_lines_of_one_product_share_its_stock() -> None:
    first, second = allocate([need(7, "1"), need(7, "2")], stock(level(on_hand=10)))
    assert (first.back_order, second.back_order) == (d(0), d(4))


def test_a_product_without_stock_rows_is_a_service_and_never_short() -> None:
    (service,) = allocate([need(product="POST")], stock(level()))
    assert (service.picks, service.back_order, service.stocked) == ((), d(0), False)


def test_the_last_unit_goes_to_one_of_two_orders() -> None:
    levels = stock(level(on_hand=1))
    first = allocate([need(1)], levels)
    levels |= {product: list(rows) for product, rows in reserve(levels, first).items()}
    second = allocate([need(1)], levels)
    assert (first[0].back_order, second[0].back_order) == (d(0), d(1))


def test_orders_are_served_by_priority_then_time_then_number() -> None:
    ranked = sorted(
        [
            allocation_rank(0, NOW, "B"),
            allocation_rank(9, NOW + timedelta(hours=1), "C"),
            allocation_rank(0, NOW, "A"),
            allocation_rank(0, NOW - timedelta(hours=1), "D"),
        ]
    )
    assert [order for _, _, order in ranked] == ["C", "D", "A", "B"]


def test_a_threshold_speaks_once_when_it_is_crossed() -> None:
    def crossed(before: int, after: int) -> list[str]:
        old, new = level(on_hand=before, threshold=d(10)), level(on_hand=after, threshold=d(10))
        return [item.direction for item in crossings([old], [new])]

    assert crossed(11, 10) == []
    assert crossed(10, 9) == ["breached"]
    assert crossed(9, 8) == []
    assert crossed(9, 10) == ["recovered"]
    assert crossings([], [level(on_hand=3, threshold=d(10))])[0].atp_after == d(3)
    assert crossings([level(on_hand=30)], [level(on_hand=0)]) == []


quantities = st.integers(0, 40).map(d)
levels_given = st.lists(
    st.builds(
        StockLevel,
        st.sampled_from(["SKU-1", "SKU-2"]),
        st.sampled_from(["A", "B", "C", "D"]),
        on_hand=quantities,
        reserved=quantities,
        safety_stock=quantities,
        inbound=quantities,
    ),
    unique_by=lambda item: (item.product, item.warehouse),
)
needs_given = st.lists(st.tuples(st.sampled_from(["SKU-1", "SKU-2"]), st.integers(1, 50)), max_size=6)


@given(levels_given, needs_given, st.booleans())
def test_nothing_is_promised_twice_and_every_unit_is_accounted_for(levels: list, wanted: list, split: bool) -> None:
    places = stock(*levels)
    needs = [Need(str(index), product, d(quantity)) for index, (product, quantity) in enumerate(wanted)]
    found = allocate(needs, places, split=split)
    for line in found:
        if line.stocked:
            assert sum((pick.quantity for pick in line.picks), d(0)) + line.back_order == line.quantity
            assert all(pick.quantity > 0 for pick in line.picks)
    after = reserve(places, found)
    for product, rows in after.items():
        for old, new in zip(places[product], rows, strict=True):
            assert atp(new) >= min(atp(old), d(0))
            assert new.reserved >= old.reserved
