"""Numbers as typed are read by the reader's own separators, or refused; none is guessed at."""

from __future__ import annotations

from decimal import Decimal

import pytest

from headgate.ui.typed import typed_number, with_point


@pytest.mark.parametrize(
    ("text", "locale", "number"),
    [
        ("5000", "en_GB", "5000"),
        ("1,234.50", "en_GB", "1234.50"),
        ("12.5", "en_GB", "12.5"),
        ("1.234,50", "de_DE", "1234.50"),
        ("5000,00", "de_DE", "5000.00"),
        ("12,5", "de_DE", "12.5"),
        ("12.5", "de_DE", "12.5"),
        ("1.234", "de_DE", "1234"),
        ("1.234.567", "de_DE", "1234567"),
        ("1’234.50", "de_CH", "1234.50"),
        ("1 234,50", "fr_FR", "1234.50"),
        ("-7,25", "de_DE", "-7.25"),
        ("12,34,567.5", "en_IN", "1234567.5"),
    ],
)
def test_a_number_is_read_as_its_reader_writes_it(text: str, locale: str, number: str) -> None:
    assert typed_number(text, locale) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("12,5", "en_GB"),
        ("5000,00", "en_GB"),
        ("1,234.50", "de_DE"),
        ("much", "en_GB"),
        ("", "de_DE"),
        ("NaN", "en_GB"),
    ],
)
def test_what_is_no_number_of_its_reader_is_refused_rather_than_guessed(text: str, locale: str) -> None:
    with pytest.raises(ArithmeticError):
        typed_number(text, locale)


def test_a_decimal_sign_becomes_a_point_and_other_text_stays() -> None:
    assert with_point("12,5", "de_DE") == "12.5"
    assert [with_point(text, "de_DE") for text in ("12.5", "1.234,5", "silber, gold")] == [
        "12.5",
        "1.234,5",
        "silber, gold",
    ]
    assert with_point("12,5", "en_GB") == "12,5"
