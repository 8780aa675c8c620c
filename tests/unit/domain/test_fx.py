"""Which rate converts an amount."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.fx import FxRate, convert, find_rate, need_rate
from headgate.kernel.errors import Refused
from tests.unit.domain.examples import NOW, d, rates


def test_a_given_rate_is_taken_before_an_inverse() -> None:
    found = find_rate(rates(USD_EUR="0.9", EUR_USD="1.2"), "USD", "EUR")
    assert found is not None
    assert found.rate == d("0.9")


def test_an_inverse_is_rounded_to_twelve_decimals() -> None:
    found = find_rate(rates(EUR_USD="1.2"), "USD", "EUR")
    assert found == FxRate("USD", "EUR", d("0.833333333333"), NOW.date())


def test_a_cross_goes_through_the_first_common_currency_and_keeps_the_earlier_day() -> None:
    table = {
        ("EUR", "USD"): FxRate("EUR", "USD", d("1.25"), date(2026, 3, 1)),
        ("EUR", "GBP"): FxRate("EUR", "GBP", d("0.85"), date(2026, 2, 27)),
    }
    assert find_rate(table, "USD", "GBP") == FxRate("USD", "GBP", d("0.680000000000"), date(2026, 2, 27))


def test_the_same_currency_needs_no_rate_and_loses_no_decimals() -> None:
    one = need_rate({}, "EUR", "EUR")
    assert convert(d("1.23456"), one) == d("1.23456")
    assert one.as_json()["on"] == ""


def test_a_missing_rate_is_refused_by_name() -> None:
    assert find_rate(rates(USD_EUR="0.9"), "JPY", "EUR") is None
    with pytest.raises(Refused, match=r"no exchange rate to EUR .*Record a JPY/EUR rate"):
        need_rate(rates(USD_EUR="0.9"), "JPY", "EUR")


def test_a_rate_of_zero_has_no_inverse() -> None:
    assert find_rate(rates(EUR_USD="0"), "USD", "EUR") is None


@given(st.decimals("0.01", "1000000", places=2), st.decimals("0.0001", "200", places=4))
def test_a_conversion_is_within_half_a_minor_unit(amount, rate) -> None:
    converted = convert(amount, FxRate("USD", "JPY", rate))
    assert abs(converted - amount * rate) <= d("0.5")
    assert converted == converted.to_integral_value()
