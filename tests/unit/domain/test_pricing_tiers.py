"""Slab and range: the arithmetic at and around tier boundaries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.pricing import term_problems
from headgate.domain.pricing.methods import reached_tier, slab_bands
from tests.unit.domain.examples import d, price, term, tiers

STEPS = tiers((1, "10"), (11, "9"), (21, "8"))


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("1", "10.00"),  # the first unit has the first tier's price
        ("10", "100.00"),  # the last unit of the first band
        ("11", "109.00"),  # the first unit of the second band: ten at 10, one at 9
        ("20", "190.00"),
        ("21", "198.00"),
        ("100", "830.00"),
    ],
)
def test_a_slab_prices_each_unit_at_its_own_band(quantity: str, amount: str) -> None:
    trace = price(term("LIST", tier_mode="slab", tiers=STEPS), quantity=quantity)
    assert trace.amount == d(amount)


@pytest.mark.parametrize(
    ("quantity", "unit_price"), [("1", "10"), ("10", "10"), ("10.5", "10"), ("11", "9"), ("20", "9"), ("21", "8")]
)
def test_a_range_prices_all_units_at_the_reached_tier(quantity: str, unit_price: str) -> None:
    trace = price(term("LIST", tier_mode="range", tiers=STEPS), quantity=quantity)
    assert trace.unit_price == d(unit_price)
    assert trace.amount == (d(quantity) * d(unit_price)).quantize(d("0.01"))


def test_the_first_tier_of_a_slab_is_not_lost_whether_it_starts_at_zero_or_one() -> None:
    zero = price(term("LIST", tier_mode="slab", tiers=tiers((0, "10"), (11, "9"))), quantity=12)
    one = price(term("LIST", tier_mode="slab", tiers=tiers((1, "10"), (11, "9"))), quantity=12)
    assert zero.amount == one.amount == d("118.00")
    assert [(quantity, at) for _, quantity, at in one.bands] == [(d(10), d(10)), (d(2), d(9))]


def test_a_slab_of_more_than_one_band_shows_its_average_as_unit_price_with_four_decimals() -> None:
    trace = price(term("LIST", tier_mode="slab", tiers=tiers((1, "10"), (3, "9"))), quantity=3)
    assert (trace.unit_price, trace.amount) == (d("9.6667"), d("29.00"))


def test_a_fraction_of_a_unit_belongs_to_the_unit_it_is_part_of() -> None:
    bands = slab_bands(tiers((1, "10"), (10, "8")), d("9.5"))
    assert [(quantity, value) for _, quantity, value in bands] == [(d(9), d(10)), (d("0.5"), d(8))]


def test_less_than_one_unit_is_priced_at_the_first_tier() -> None:
    assert price(term("LIST", tier_mode="slab", tiers=STEPS), quantity="0.25").amount == d("2.50")
    assert price(term("LIST", tier_mode="range", tiers=STEPS), quantity="0.25").amount == d("2.50")


def test_a_slab_that_starts_late_gives_no_price_and_says_why() -> None:
    trace = price(term("LIST", tier_mode="slab", tiers=tiers((5, "10"))), quantity=7)
    assert trace.winner is None
    assert trace.candidates[0].reason == "its first slab starts at unit 5, so the first units have no price"


def test_a_range_that_starts_late_applies_only_from_there() -> None:
    late = term("LIST", tier_mode="range", tiers=tiers((5, "10")))
    assert price(late, quantity=5).unit_price == d(10)
    assert price(late, quantity=4).winner is None


def test_tiers_of_a_discount_are_percentages() -> None:
    off = term("PROMO", method="discount", kind="net", tier_mode="slab", tiers=tiers((1, "0"), (11, "50")))
    trace = price(term("LIST"), off, quantity=12)
    assert trace.amount == d("110.00")
    assert trace.method == "discount"


def test_the_amount_of_a_slab_is_rounded_once_not_per_band() -> None:
    trace = price(term("LIST", tier_mode="slab", tiers=tiers((1, "0.333"), (2, "0.333"), (3, "0.333"))), quantity=3)
    assert trace.amount == d("1.00")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tier_mode": "slab", "tiers": tiers((2, "10"))}, "term.tiers[0].from"),
        ({"tier_mode": "range", "tiers": tiers((1, "10"), (1, "9"))}, "term.tiers"),
        ({"tier_mode": "range", "tiers": tiers((5, "10"), (1, "9"))}, "term.tiers"),
        ({"tier_mode": "slab"}, "term.tiers"),
        ({"tiers": tiers((1, "10"))}, "term.tiers"),
        ({"tier_mode": "steps", "tiers": tiers((1, "10"))}, "term.tier_mode"),
        ({"tier_mode": "range", "tiers": tiers((1, "10"), (5, "-9"))}, "term.tiers[1].value"),
    ],
)
def test_bad_tiers_are_named(changes: dict[str, Any], field: str) -> None:
    assert [problem.field for problem in term_problems(term("LIST", **changes))] == [field]


prices = st.decimals("0.01", "999", places=2)
tables = st.lists(st.tuples(st.integers(2, 60), prices), max_size=5, unique_by=lambda item: item[0]).flatmap(
    lambda rest: prices.map(lambda first: tiers((1, str(first)), *((at, str(value)) for at, value in sorted(rest))))
)


@given(tables, st.integers(1, 100))
def test_a_slab_equals_pricing_unit_by_unit(table: tuple, quantity: int) -> None:
    by_unit = Decimal(0)
    for unit in range(1, quantity + 1):
        reached = reached_tier(table, Decimal(unit))
        assert reached is not None
        by_unit += reached.value
    trace = price(term("LIST", tier_mode="slab", tiers=table), quantity=quantity)
    assert trace.amount == by_unit


@given(tables, st.decimals("0.001", "100", places=3))
def test_the_bands_of_a_slab_add_up_to_the_quantity(table: tuple, quantity: Decimal) -> None:
    bands = slab_bands(table, quantity)
    assert sum(part for _, part, _ in bands) == quantity
    assert all(part > 0 for _, part, _ in bands)
