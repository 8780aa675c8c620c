"""Exact money: what is read, how it is rounded, what may be added."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import Invalid
from headgate.kernel.money import CURRENCIES, Money, exponent, parse_decimal, to_minor

amounts = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6)
currencies = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(("code", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("ZWG", 2)])
def test_a_currency_has_its_minor_unit(code: str, decimals: int) -> None:
    assert exponent(code) == decimals


@pytest.mark.parametrize("code", ["", "eur", "EURO", "XXX", "BTC", "ＥＵＲ"])
def test_a_code_that_iso_does_not_list_is_refused(code: str) -> None:
    with pytest.raises(Invalid, match="ISO 4217"):
        exponent(code)
    with pytest.raises(Invalid, match="ISO 4217"):
        to_minor(Decimal(1), code)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("2.675", "EUR", "2.68"),
        ("0.0049999999", "EUR", "0.00"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("1", "EUR", "1.00"),
    ],
)
def test_amounts_round_half_away_from_zero(amount: str, currency: str, rounded: str) -> None:
    assert str(to_minor(Decimal(amount), currency)) == rounded


def test_another_rounding_has_to_be_named() -> None:
    assert to_minor(Decimal("2.665"), "EUR", ROUND_HALF_EVEN) == Decimal("2.66")
    assert to_minor(Decimal("2.669"), "EUR", ROUND_DOWN) == Decimal("2.66")


def test_an_amount_that_cannot_be_kept_exactly_is_refused_rather_than_cut() -> None:
    with pytest.raises(Invalid, match="too many digits"):
        to_minor(Decimal(10) ** 27, "EUR")


@given(amounts, currencies)
def test_rounding_is_stable_and_never_moves_by_more_than_half_a_unit(amount: Decimal, currency: str) -> None:
    rounded = to_minor(amount, currency)
    assert to_minor(rounded, currency) == rounded
    assert abs(rounded - amount) * 2 <= Decimal(1).scaleb(-exponent(currency))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12.50", "12.50"),
        (" 12 ", "12"),
        (7, "7"),
        (-7, "-7"),
        (Decimal("0.10"), "0.10"),
        (Decimal("1E+3"), "1000"),
        ("999999999999999.999999", "999999999999999.999999"),
        ("1.1000000000", "1.1"),  # zeros behind the allowed decimals say nothing
    ],
)
def test_exact_numbers_are_read_as_they_are(value: object, number: str) -> None:
    assert parse_decimal("price", value) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        True,
        None,
        [],
        "",
        "1,5",
        "1e3",
        "+1",
        ".5",
        "1.",
        "NaN",
        "Infinity",
        "0x1",
        "1_000",
        "1 000",
        "١٢",  # Arabic-Indic digits
        "１２",  # full-width digits
        "1000000000000000",
        10**15,
        pytest.param(10**5000, id="an integer of 5001 digits"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1E+16"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
    ],
)
def test_what_is_not_a_plain_number_in_range_is_refused_by_field(value: object) -> None:
    with pytest.raises(Invalid) as caught:
        parse_decimal("lines[0].price", value)
    assert caught.value.problems[0].field == "lines[0].price"


def test_too_many_decimals_are_refused_not_rounded() -> None:
    assert parse_decimal("price", "1.123456") == Decimal("1.123456")
    with pytest.raises(Invalid, match="more than 6 decimals"):
        parse_decimal("price", "1.1234567")
    with pytest.raises(Invalid, match="more than 2 decimals"):
        parse_decimal("price", "1.001", decimals=2)


@given(st.decimals(min_value=-(10**14), max_value=10**14, allow_nan=False, allow_infinity=False, places=6))
def test_a_number_survives_its_way_through_text(number: Decimal) -> None:
    assert parse_decimal("price", format(number, "f")) == number


@given(amounts, amounts, currencies)
def test_sums_are_exact_and_keep_their_currency(one: Decimal, other: Decimal, currency: str) -> None:
    total = Money(one, currency) + Money(other, currency)
    assert total == Money(one + other, currency)
    assert total - Money(other, currency) == Money(one, currency)
    assert total + -total == Money(Decimal(0), currency)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(Invalid, match="convert first"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")
    with pytest.raises(Invalid, match="convert first"):
        Money(Decimal(1), "EUR") - Money(Decimal(1), "USD")


@pytest.mark.parametrize("amount", [1.5, "1", Decimal("NaN"), Decimal("Infinity")])
def test_money_is_a_finite_decimal(amount: object) -> None:
    with pytest.raises(Invalid, match="finite Decimal"):
        Money(amount, "EUR")  # type: ignore[arg-type]


def test_a_product_is_rounded_only_when_asked() -> None:
    price = Money(Decimal("9.9999"), "EUR")
    assert price.times(3) == Money(Decimal("29.9997"), "EUR")
    assert price.times(3).rounded() == Money(Decimal("30.00"), "EUR")


def test_conversion_rounds_to_the_minor_unit_of_the_target() -> None:
    assert Money(Decimal("10.00"), "EUR").converted("JPY", Decimal("162.35")) == Money(Decimal(1624), "JPY")
