"""Agreements out of past sales."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.derive import Derived, DeriveRules, SaleLine, derive_agreements
from headgate.kernel.errors import Invalid
from tests.unit.domain.examples import d

UNTIL = datetime(2011, 4, 1, tzinfo=UTC)
RULES = DeriveRules(UNTIL)


def sale(price: str, days: int = 10, partner: str = "P-1", product: str = "LAMP", **changes: Any) -> SaleLine:
    given = {"description": "Lamp", "quantity": d(1), "currency": "GBP", **changes}
    return SaleLine(partner, product, unit_price=d(price), at=UNTIL - timedelta(days=days), **given)


def lists(derived: Derived) -> dict[str, object]:
    return {term.product: term.value for agreement in derived.lists for term in agreement.terms}


def nets(derived: Derived) -> dict[tuple[str | None, str], object]:
    return {(agreement.partner, term.product): term.value for agreement in derived.nets for term in agreement.terms}


def many(*prices: str, **changes: Any) -> list[SaleLine]:
    return [sale(price, days=20 - index, **changes) for index, price in enumerate(prices)]


def test_the_list_price_is_the_price_most_lines_carry() -> None:
    derived = derive_agreements(many("2.55", "2.55", "2.10", "9.99"), RULES)
    (agreement,) = derived.lists
    assert (agreement.code, agreement.kind, agreement.partner, agreement.valid_from) == (
        "LIST-GBP",
        "list",
        None,
        UNTIL,
    )
    assert agreement.terms[0].value == d("2.55")
    evidence = agreement.terms[0].evidence
    assert (evidence.n, evidence.carrying, evidence.lowest, evidence.highest) == (4, 2, d("2.10"), d("9.99"))
    assert (evidence.first, evidence.last) == (UNTIL - timedelta(days=20), UNTIL - timedelta(days=17))
    assert evidence.as_json()["rule"] == "mode"


def test_of_equally_common_prices_the_one_sold_last_is_taken_then_the_higher() -> None:
    assert lists(derive_agreements([sale("2", 5), sale("3", 9)], RULES)) == {"LAMP": d(2)}
    assert lists(derive_agreements([sale("2", 5), sale("3", 5)], RULES)) == {"LAMP": d(3)}


def test_without_a_common_price_the_lower_median_is_taken() -> None:
    derived = derive_agreements(many("1", "2", "3", "4", "5", "6"), RULES)
    assert lists(derived) == {"LAMP": d(3)}
    assert derived.lists[0].terms[0].evidence.rule == "median"


def test_only_the_window_before_the_day_counts() -> None:
    sales = [*many("9", "9", "9"), *(sale("1", days=91) for _ in range(9)), sale("1", days=0), sale("1", days=-5)]
    derived = derive_agreements(sales, RULES)
    assert lists(derived) == {"LAMP": d(9)}
    assert (derived.used, derived.passed_over) == (12, 2)


def test_a_product_not_sold_of_late_is_looked_at_around_its_last_sale() -> None:
    assert lists(derive_agreements([sale("4", 200), sale("4", 210), sale("7", 300)], RULES)) == {"LAMP": d(4)}


def test_returns_and_free_lines_are_passed_over_and_counted() -> None:
    derived = derive_agreements([sale("4"), sale("4", quantity=d(-1)), sale("0"), sale("-11062.06")], RULES)
    assert lists(derived) == {"LAMP": d(4)}
    assert (derived.used, derived.passed_over) == (1, 3)


OTHERS = [sale("10", days, partner=f"P-{days}") for days in range(10, 40)]


def test_a_partner_with_a_steady_price_of_its_own_gets_a_net_agreement() -> None:
    derived = derive_agreements([*OTHERS, *many("8", "8", "8")], RULES)
    assert nets(derived) == {("P-1", "LAMP"): d(8)}
    (agreement,) = derived.nets
    assert (agreement.code, agreement.kind) == ("NET-P-1-GBP", "net")
    evidence = agreement.terms[0].evidence
    assert (evidence.n, evidence.list_price, evidence.difference_pct) == (3, d(10), d("20.0000"))


@pytest.mark.parametrize(
    "sales",
    [
        many("8", "8"),  # too few purchases
        [sale("8", 5), sale("8", 5), sale("8", 5)],  # three lines of one purchase
        many("8", "8", "9"),  # not steady
        many("9.8", "9.8", "9.8"),  # within tolerance of the list price
        [sale("8", 100), sale("8", 101), sale("8", 102)],  # not of late
        many("8", "8", "8", partner=""),  # nobody's
    ],
)
def test_other_prices_stay_on_the_list(sales: list[SaleLine]) -> None:
    assert nets(derive_agreements([*OTHERS, *sales], RULES)) == {}


def test_a_dearer_steady_price_is_an_agreement_as_well() -> None:
    assert nets(derive_agreements([*OTHERS, *many("12", "12", "12.1")], RULES)) == {("P-1", "LAMP"): d(12)}


def test_spread_and_tolerance_are_inclusive_bounds() -> None:
    steady = many("8", "8", "8.16")  # a spread of exactly 2 %
    assert nets(derive_agreements([*OTHERS, *steady], RULES)) == {("P-1", "LAMP"): d(8)}
    assert nets(derive_agreements([*OTHERS, *many("8", "8", "8.17")], RULES)) == {}
    assert nets(derive_agreements([*OTHERS, *many("9.79", "9.79", "9.79")], RULES)) == {("P-1", "LAMP"): d("9.79")}


def test_each_currency_has_its_own_list() -> None:
    derived = derive_agreements([sale("4"), sale("5", currency="EUR")], RULES)
    assert [(agreement.code, agreement.terms[0].value) for agreement in derived.lists] == [
        ("LIST-EUR", d(5)),
        ("LIST-GBP", d(4)),
    ]


def test_the_last_description_is_kept() -> None:
    derived = derive_agreements(
        [sale("4", 9, description="Old"), sale("4", 8, description="New"), sale("4", 7, description="")], RULES
    )
    assert derived.lists[0].terms[0].description == "New"


def test_impossible_rules_are_refused() -> None:
    for rules in (DeriveRules(UNTIL, min_purchases=0), DeriveRules(UNTIL, window=timedelta(0))):
        with pytest.raises(Invalid):
            derive_agreements([], rules)
    assert derive_agreements([], RULES).agreements == ()


sales_given = st.lists(
    st.builds(
        lambda partner, product, cents, days: sale(str(d(cents) / 100), days, f"P-{partner}", f"S-{product}"),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from([100, 101, 150, 200]),
        st.integers(-5, 200),
    ),
    max_size=60,
)


@given(sales_given, st.randoms(use_true_random=False))
def test_every_derived_price_was_really_charged_and_the_order_of_the_lines_does_not_matter(
    sales: list[SaleLine], rng: random.Random
) -> None:
    derived = derive_agreements(sales, RULES)
    for agreement in derived.agreements:
        for term in agreement.terms:
            charged = {
                line.unit_price
                for line in sales
                if line.product == term.product and agreement.partner in (None, line.partner) and line.at < UNTIL
            }
            assert term.value in charged
            assert term.evidence.lowest <= term.value <= term.evidence.highest
    assert derived.used + derived.passed_over == len(sales)
    rng.shuffle(sales)
    assert derive_agreements(sales, RULES) == derived
