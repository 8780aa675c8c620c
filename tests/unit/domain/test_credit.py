"""Exposure of accounts and their parents, and what an approval of a credit exception covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.credit import (
    NO_ACCOUNT,
    Level,
    ceilings,
    check_credit,
    children_of,
    credit_levels,
    exposure,
    overdue_days,
    with_open_order,
    within_ceilings,
)
from headgate.kernel.errors import Refused
from tests.unit.domain.examples import account, d, rates


def test_exposure_is_receivables_and_unbilled_and_open_orders_less_deposits() -> None:
    busy = account(receivables="400", shipped_unbilled="100", open_orders="50", deposits="30")
    assert exposure(busy) == d(520)
    result = check_credit([Level(busy)], d(80), "EUR", {})
    (own,) = result.levels
    assert own.addends == (
        ("open receivables", d(400)),
        ("shipped, not billed", d(100)),
        ("open orders", d(50)),
        ("deposits", d(-30)),
    )
    assert (own.exposure_before, own.exposure_after, own.headroom) == (d(520), d(600), d(400))
    assert result.utilisation_pct == d("60.00")


def test_the_last_dollar_fits_and_a_cent_more_does_not() -> None:
    levels = [Level(account(open_orders="900"))]
    assert check_credit(levels, d("100.00"), "EUR", {}).over_limit == 0
    assert check_credit(levels, d("100.01"), "EUR", {}).over_limit == d("0.01")


def test_two_orders_for_the_last_dollar_never_both_fit() -> None:
    last = account(open_orders="900")
    first = check_credit([Level(last)], d(100), "EUR", {})
    second = check_credit([Level(with_open_order(last, d(100)))], d(100), "EUR", {})
    assert (first.over_limit, second.over_limit) == (d(0), d(100))


def test_a_child_is_measured_against_its_own_limit_and_the_family_against_the_parents() -> None:
    accounts = {
        "TOP": account("TOP", "1000", receivables="100"),
        "A": account("A", "500", parent="TOP", receivables="200"),
        "B": account("B", "5000", parent="TOP", receivables="600"),
    }
    levels = credit_levels("A", accounts, {}, children=children_of(accounts))
    assert [(level.account.account, level.below) for level in levels] == [
        ("A", ()),
        ("TOP", (("A", d(200)), ("B", d(600)))),
    ]
    result = check_credit(levels, d(150), "EUR", {})
    assert [(level.account, level.exposure_after, level.headroom) for level in result.levels] == [
        ("A", d(350), d(150)),
        ("TOP", d(1050), d(-50)),
    ]
    assert result.over_limit == d(50)
    assert result.utilisation_pct == d("105.00")


def test_grandchildren_count_in_every_account_above_them() -> None:
    accounts = {
        "TOP": account("TOP"),
        "MID": account("MID", parent="TOP", receivables="10"),
        "LOW": account("LOW", parent="MID", receivables="1"),
    }
    levels = credit_levels("LOW", accounts, {}, children=children_of(accounts))
    assert [level.below for level in levels] == [(), (("LOW", d(1)),), (("MID", d(10)), ("LOW", d(1)))]


def test_an_account_above_itself_is_refused() -> None:
    accounts = {"A": account("A", parent="B"), "B": account("B", parent="A")}
    with pytest.raises(Refused, match="its own ancestor"):
        credit_levels("A", accounts, {}, children=children_of(accounts))


def test_accounts_in_other_currencies_are_converted_with_the_recorded_rate() -> None:
    fx = rates(USD_EUR="0.9", GBP_EUR="1.2")
    accounts = {
        "TOP": account("TOP", "1000"),
        "US": account("US", "1000", parent="TOP", currency="USD", receivables="500"),
    }
    levels = credit_levels("US", accounts, fx, children=children_of(accounts))
    result = check_credit(levels, d(600), "GBP", fx)
    own, top = result.levels
    assert (own.currency, own.order_amount, own.exposure_after) == ("USD", d("800.00"), d("1300.00"))
    assert (top.order_amount, top.exposure_after, top.over_limit) == (d("720.00"), d("1170.00"), d("170.00"))
    assert result.over_limit == d("225.00")  # 300 USD over at 0.75 is more than 170 EUR over at 0.8333
    assert own.rate.as_json()["base"] == "GBP"


def test_an_order_that_is_already_counted_is_not_counted_twice() -> None:
    accounts = {
        "TOP": account("TOP", "1000"),
        "A": account("A", "1000", parent="TOP", open_orders="700"),
    }
    levels = credit_levels("A", accounts, {}, children=children_of(accounts))
    amended = check_credit(levels, d(800), "EUR", {}, counted=d(700))
    assert [level.exposure_after for level in amended.levels] == [d(800), d(800)]
    assert ("this order, already counted", d(-700)) in amended.levels[1].addends


def test_reopening_a_closed_order_counts_it_in_full() -> None:
    closed = account(open_orders="500")  # closing took the order's 600 out, and others came since
    assert check_credit([Level(closed)], d(600), "EUR", {}).over_limit == d(100)


@pytest.mark.parametrize(
    ("buckets", "days"),
    [
        ({}, 0),
        ({"overdue_1_30": "0.01"}, 1),
        ({"overdue_31_60": "5", "overdue_1_30": "5"}, 31),
        ({"overdue_61_plus": "5", "overdue_1_30": "5"}, 61),
    ],
)
def test_overdue_days_come_from_the_oldest_bucket_with_something_in_it(buckets: dict[str, str], days: int) -> None:
    assert overdue_days(account(**buckets)) == days
    assert check_credit([Level(account(**buckets))], d(1), "EUR", {}).overdue_days == days


def test_a_hold_on_the_parent_holds_the_child() -> None:
    levels = [Level(account("A")), Level(account("TOP", hold=True))]
    assert check_credit(levels, d(1), "EUR", {}).on_hold


def test_a_limit_of_zero_is_exceeded_by_anything() -> None:
    none = [Level(account(limit="0"))]
    assert check_credit(none, d("0.01"), "EUR", {}).utilisation_pct == d(999999)
    assert check_credit(none, d(0), "EUR", {}).utilisation_pct == 0


def test_deposits_may_exceed_what_is_owed() -> None:
    result = check_credit([Level(account(deposits="300"))], d(100), "EUR", {})
    (own,) = result.levels
    assert (own.exposure_after, own.headroom, own.utilisation_pct) == (d(-200), d(1200), d("-20.00"))
    assert result.utilisation_pct == 0


def test_without_an_account_there_is_nothing_to_add_up() -> None:
    assert check_credit([], d(5), "EUR", {}) is NO_ACCOUNT
    assert credit_levels("A-9", {}, {}, children={}) == ()
    assert credit_levels(None, {}, {}, children={}) == ()


def test_a_missing_rate_is_refused_rather_than_guessed() -> None:
    with pytest.raises(Refused, match="no exchange rate"):
        check_credit([Level(account(currency="USD"))], d(5), "EUR", {})


def test_an_approval_covers_the_exposure_that_was_approved_and_no_more() -> None:
    levels = [Level(account(receivables="950"))]
    approved = ceilings(check_credit(levels, d(100), "EUR", {}))
    assert approved == {"A-1": d(1050)}
    assert within_ceilings(check_credit(levels, d(100), "EUR", {}), approved)
    grown = [Level(account(receivables="950.01"))]
    assert not within_ceilings(check_credit(grown, d(100), "EUR", {}), approved)
    assert not within_ceilings(check_credit(levels, d(100), "EUR", {}), {})
    assert within_ceilings(check_credit([Level(account())], d(100), "EUR", {}), {})


def test_the_explanation_is_text_throughout() -> None:
    shown = check_credit([Level(account(receivables="10"))], d(5), "EUR", {}).as_json()
    assert shown["levels"][0]["exposure_after"] == "15"  # type: ignore[index]
    assert shown["ageing"][0] == {"bucket": "1-30", "amount": "0"}  # type: ignore[index]


cents = st.integers(0, 10**9).map(lambda n: d(n) / 100)


@given(cents, cents, cents, cents, cents, cents)
def test_the_addends_always_add_up(receivables, unbilled, orders, deposits, limit, amount) -> None:
    some = account(
        limit=str(limit),
        receivables=str(receivables),
        shipped_unbilled=str(unbilled),
        open_orders=str(orders),
        deposits=str(deposits),
    )
    (own,) = check_credit([Level(some)], amount, "EUR", {}).levels
    assert sum(value for _, value in own.addends) == own.exposure_before == exposure(some)
    assert own.exposure_before + own.order_amount == own.exposure_after
    assert own.headroom == limit - own.exposure_after
    assert (own.over_limit > 0) is (own.exposure_after > limit)
