"""Durations of years and months: written, read, said, and added to days."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import canonical_text
from headgate.kernel.months import MOST, Months, after_months, months_text, months_words, read_months

COUNTS = st.integers(-MOST, MOST)


@given(COUNTS)
def test_a_duration_of_months_is_read_back_as_it_was_written(count: int) -> None:
    assert read_months(months_text(Months(count))) in (Months(count), None if abs(count) >= 12 * 10**9 else ())


@pytest.mark.parametrize(
    "text", ["", "P", "P1D", "P1Y2D", "PT1M", "1Y", "P1.5Y", "P1M1Y", "PY", "p1y", "P٣M", "P1W", "+P1M"]
)
def test_a_text_that_is_no_duration_of_months_is_none(text: str) -> None:
    assert read_months(text) is None


@pytest.mark.parametrize(
    ("count", "text", "words"),
    [
        (0, "P0M", "0 months"),
        (1, "P1M", "1 month"),
        (12, "P1Y", "1 year"),
        (18, "P1Y6M", "1 year 6 months"),
        (-25, "-P2Y1M", "minus 2 years 1 month"),
    ],
)
def test_equal_durations_have_one_text_and_plain_words(count: int, text: str, words: str) -> None:
    assert (months_text(Months(count)), months_words(Months(count))) == (text, words)
    assert canonical_text({"term": Months(count)}) == f'{{"term":"{text}"}}'


@pytest.mark.parametrize(
    ("day", "by", "came"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 5), 12, date(2027, 12, 5)),
        (date(2026, 6, 15), -18, date(2024, 12, 15)),
    ],
)
def test_months_go_on_to_the_same_day_or_the_last_of_a_shorter_month(day: date, by: int, came: date) -> None:
    assert after_months(day, Months(by)) == came


def test_an_instant_keeps_its_time_and_its_zone() -> None:
    at = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    assert after_months(at, Months(1)) == datetime(2026, 2, 28, 10, 30, tzinfo=UTC)


@given(st.dates(), st.integers(-2_000, 2_000))
def test_the_month_moves_by_as_many_as_are_added(day: date, by: int) -> None:
    place = day.year * 12 + day.month - 1 + by
    if not 12 <= place < 10_000 * 12:
        with pytest.raises(OverflowError):
            after_months(day, Months(by))
        return
    moved = after_months(day, Months(by))
    assert (moved.year * 12 + moved.month - 1, moved.day <= day.day) == (place, True)


def test_a_duration_longer_than_can_be_written_is_refused() -> None:
    with pytest.raises(OverflowError):
        Months(MOST + 1)
