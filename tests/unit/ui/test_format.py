"""How values are written for people."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_currency, format_decimal

from headgate.kernel.clock import Until
from headgate.kernel.money import Money
from headgate.ui import figures, times
from headgate.ui.figures import Percent, Quantity
from headgate.ui.format import Formatter

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 11, 21, 13, 32, 7, tzinfo=UTC)
FMT = Formatter("en_GB", BERLIN, NOW)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234.5", "1,234.50"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("-1234.5", "−1,234.50"),
        ("0.005", "0.01"),
        ("0.004", "<0.01"),
        ("-0.004", ">−0.01"),
        ("999999999999999.99", "999,999,999,999,999.99"),
    ],
)
def test_an_amount_has_the_minor_unit_a_true_minus_and_a_zero_without_sign(amount: str, shown: str) -> None:
    assert figures.amount(eur(amount), "en_GB") == shown


def test_the_minor_unit_is_the_currencys_own() -> None:
    assert figures.amount(Money(Decimal(1200), "JPY"), "en_GB") == "1,200"
    assert figures.amount(Money(Decimal("1.2345"), "KWD"), "en_GB") == "1.235"


@pytest.mark.parametrize(
    ("money", "locale", "shown"),
    [
        (eur("1234.5"), "en_GB", "€1,234.50"),
        (eur("-80"), "en_GB", "−€80.00"),
        (eur("1234.5"), "de_DE", "1.234,50 €"),
        (eur("-1234.5"), "de_DE", "−1.234,50 €"),
        (Money(Decimal(1200), "JPY"), "en_GB", "JP¥1,200"),
        (Money(Decimal("12345678.9"), "INR"), "en_IN", "₹1,23,45,678.90"),
        (eur("0"), "en_GB", "€0.00"),
        (eur("0.001"), "en_GB", "<€0.01"),
        (eur("-0.001"), "en_GB", ">−€0.01"),
    ],
)
def test_money_in_running_text_follows_the_locale(money: Money, locale: str, shown: str) -> None:
    assert figures.money(money, locale).replace("\u00a0", " ") == shown


@pytest.mark.parametrize("locale", ["en_GB", "de_DE", "fr_FR", "en_IN", "pl_PL", "sv_SE", "de_CH", "ja_JP", "pt_BR"])
@pytest.mark.parametrize("amount", ["0", "7.5", "1234.56", "123456.7", "12345678.91"])
def test_numbers_and_money_are_those_of_the_locale_data(locale: str, amount: str) -> None:
    value = Decimal(amount)
    assert figures.number(value, locale) == format_decimal(value, locale=locale)
    assert figures.money(Money(value, "EUR"), locale) == format_currency(value, "EUR", locale=locale)


def test_headline_money_is_rounded_half_up_to_whole_units() -> None:
    assert figures.money_whole(eur("61486.50"), "en_GB") == "€61,487"
    assert figures.money_whole(eur("61486.49"), "en_GB") == "€61,486"
    assert figures.money_whole(eur("-0.50"), "en_GB") == "−€1"


def test_a_price_shows_every_decimal_it_has_but_at_least_the_minor_unit() -> None:
    assert figures.price(eur("84.2"), "en_GB") == "84.20"
    assert figures.price(eur("119.911765"), "en_GB") == "119.911765"
    assert figures.price(eur("0.5"), "de_DE") == "0,50"


def test_quantities_have_no_trailing_zeros_and_no_exponent() -> None:
    assert figures.quantity(Decimal("8.500"), "en_GB") == "8.5"
    assert figures.quantity(Decimal("1E+3"), "en_GB") == "1,000"
    assert figures.quantity(Decimal(40), "en_GB") == "40"
    assert figures.quantity(Decimal("0.000001"), "en_GB") == "0.000001"


def test_a_percentage_keeps_its_sign_before_a_space_that_does_not_break() -> None:
    assert figures.percent(Decimal("12.40"), "en_GB") == "12.4\u00a0%"
    assert figures.percent(Decimal("-3.14"), "en_GB") == "−3.1\u00a0%"
    assert figures.percent(Decimal(0), "en_GB") == "0\u00a0%"
    assert figures.percent(Decimal("0.04"), "en_GB") == "<0.1\u00a0%"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=10), "<1 min left"),
        (timedelta(minutes=48), "48 min left"),
        (timedelta(hours=2, minutes=10, seconds=59), "2 h 10 min left"),
        (timedelta(hours=5), "5 h left"),
        (timedelta(days=3, hours=4, minutes=9), "3 d 4 h left"),
        (timedelta(days=2), "2 d left"),
        (-timedelta(hours=3), "overdue by 3 h"),
        (-timedelta(seconds=1), "overdue by <1 min"),
        (timedelta(0), "<1 min left"),
    ],
)
def test_a_clock_says_what_is_left_or_how_long_it_is_overdue(length: timedelta, shown: str) -> None:
    assert times.time_left(NOW + length, NOW).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=5, seconds=59), "5 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(days=14, hours=23), "14 d ago"),
        (timedelta(days=15), "6 Nov 2025"),
        (-timedelta(minutes=1), "21 Nov 2025"),
    ],
)
def test_history_is_relative_in_one_unit_and_a_date_when_old_or_ahead(age: timedelta, shown: str) -> None:
    assert times.relative(NOW - age, NOW, BERLIN, "en_GB").replace("\u00a0", " ") == shown


def test_exact_times_name_the_zone_of_the_tenant_in_summer_and_winter() -> None:
    assert times.exact(NOW, BERLIN, "en_GB") == "21 Nov 2025, 14:32:07 CET"
    assert times.exact(datetime(2025, 6, 30, 22, 30, tzinfo=UTC), BERLIN, "en_GB") == "1 Jul 2025, 00:30:00 CEST"
    assert times.exact(NOW, ZoneInfo("Asia/Dubai"), "en_GB").endswith("17:32:07 UTC+04:00")


def test_an_instant_is_shown_as_its_day_in_the_tenants_zone() -> None:
    assert times.day(datetime(2025, 6, 30, 22, 30, tzinfo=UTC), BERLIN, "en_GB") == "1 Jul 2025"
    assert times.day(date(2025, 6, 30), BERLIN, "en_GB") == "30 Jun 2025"


def test_people_are_told_the_last_day_of_a_span_whose_end_is_not_part_of_it() -> None:
    midnight = datetime(2026, 3, 10, 23, tzinfo=UTC)  # the 11th begins in Berlin
    assert FMT.until(midnight) == FMT.last_day(midnight) == FMT.show(Until(midnight)) == "10 Mar 2026"
    assert FMT.since(midnight) == "11 Mar 2026"
    within = midnight + timedelta(hours=15)
    assert FMT.until(within) == FMT.since(within) == "11 Mar 2026, 15:00 CET"
    assert FMT.last_day(within) == "11 Mar 2026"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        times.exact(datetime(2025, 1, 1), BERLIN, "en_GB")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (Decimal("1234.50"), "1,234.5"),
        (eur("5"), "€5.00"),
        (Percent(Decimal("12.345")), "12.35\u00a0%"),
        (Quantity(Decimal(22), "days"), "22\u00a0days"),
        (("gold", "network"), "gold, network"),
        ((), "—"),
        (date(2025, 1, 2), "2 Jan 2025"),
        (NOW, "21 Nov 2025, 14:32 CET"),
        ("as it is", "as it is"),
    ],
)
def test_a_fact_is_written_by_its_type(value: object, shown: str) -> None:
    assert FMT.show(value) == shown


def test_phrases_pass_through_the_translator() -> None:
    german = {"%(span)s left": "noch %(span)s", "yes": "ja"}
    fmt = Formatter("de_DE", BERLIN, NOW, lambda text: german.get(text, text))
    assert fmt.time_left(NOW + timedelta(hours=5)) == "noch 5\u00a0h"
    assert fmt.show(True) == "ja"
