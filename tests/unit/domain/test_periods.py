"""Local days as half-open periods of instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.periods import (
    day_end,
    day_start,
    effective_from,
    effective_until,
    first_instant,
    overlap,
    within,
    zone,
)
from headgate.kernel.errors import Invalid

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Australia/Lord_Howe",
    )
]
DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(st.sampled_from(ZONES), DAYS)
def test_a_day_ends_where_the_next_begins_and_no_instant_belongs_to_two(tz: ZoneInfo, day: date) -> None:
    start, end = day_start(day, tz), day_end(day, tz)
    assert end == day_start(day + timedelta(days=1), tz)
    if start == end:
        assert (tz.key, day) == ("Pacific/Apia", date(2011, 12, 30))  # the day Samoa left out
        return
    assert start.astimezone(tz).date() == day
    assert (end - timedelta(microseconds=1)).astimezone(tz).date() == day
    assert end.astimezone(tz).date() > day
    assert (start - timedelta(microseconds=1)).astimezone(tz).date() < day


def test_the_day_that_samoa_left_out_is_empty() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert day_start(date(2011, 12, 30), apia) == day_end(date(2011, 12, 30), apia)


def test_a_doubled_midnight_belongs_to_the_new_day_from_its_first_time_on() -> None:
    havana = ZoneInfo("America/Havana")  # 2026-11-01 01:00 goes back to 00:00
    assert day_end(date(2026, 10, 31), havana) == datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    assert day_end(date(2026, 11, 1), havana) - day_start(date(2026, 11, 1), havana) == timedelta(hours=25)


def test_a_time_inside_a_skipped_hour_starts_at_the_jump() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert first_instant(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # noqa: DTZ001
    assert first_instant(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # noqa: DTZ001


def test_plain_dates_are_whole_days_and_instants_are_taken_as_they_are() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert effective_from("f", "2026-03-29", berlin) == datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert effective_until("f", "2026-03-29", berlin) == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert effective_until("f", "2026-03-29T12:00:00Z", berlin) == datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
    for value in ("2026-02-30", "soon", None, 5):
        with pytest.raises(Invalid, match=r"^f: "):
            effective_from("f", value, berlin)


def test_an_unknown_zone_is_refused() -> None:
    for name in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(Invalid, match="timezone"):
            zone(name)


A, B, C, D = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4))


def test_a_terms_bounds_are_cut_by_its_agreements() -> None:
    assert within(A, D, B, C) == (B, C)
    assert within(B, C, A, D) == (B, C)
    assert within(A, None, None, None) == (A, None)
    assert within(A, C, B, None) == (B, C)


def test_periods_that_touch_do_not_overlap() -> None:
    assert overlap(A, B, B, C) is None
    assert overlap(A, C, B, None) == (B, C)
    assert overlap(A, None, B, None) == (B, None)
    assert overlap(C, D, A, B) is None
