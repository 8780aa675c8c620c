"""Calendars that change from a day on, single days, and the laws every calendar keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.domain.calendar import (
    WEEKDAYS,
    Calendar,
    Hours,
    Timetable,
    add_working_time,
    calendar_from,
    calendar_on,
    is_working,
    make_calendar,
    why_off,
    working_time_between,
)
from headgate.kernel.errors import Invalid

HOUR = timedelta(hours=1)
OFFICE = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
# Zones whose clocks jump at midnight, by half an hour, by a whole day, or not at all.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_night_shift_over_the_skipped_hour_is_an_hour_short_and_over_the_doubled_one_an_hour_longer() -> None:
    night = calendar_from({"timezone": "Europe/Berlin", "hours": {"sun": [["00:00", "06:00"]]}})
    spring, autumn = at("2026-03-29T00:00+01:00"), at("2026-10-25T00:00+02:00")
    assert working_time_between(night, spring, spring + 12 * HOUR) == 5 * HOUR
    assert working_time_between(night, autumn, autumn + 12 * HOUR) == 7 * HOUR
    # 02:00 to 03:00 is skipped, so what is due after two and a half hours of work is due at half past three.
    assert add_working_time(night, spring, 2.5 * HOUR) == at("2026-03-29T03:30+02:00")
    # The first half past two of the doubled hour, and the second.
    assert add_working_time(night, autumn, 2.5 * HOUR) == at("2026-10-25T02:30+02:00")
    assert add_working_time(night, autumn, 3.5 * HOUR) == at("2026-10-25T02:30+01:00")


def test_working_hours_that_lie_in_the_skipped_hour_alone_have_no_time_that_day() -> None:
    early = calendar_from({"timezone": "Europe/Berlin", "hours": {"sun": [["02:00", "03:00"]]}})
    assert add_working_time(early, at("2026-03-29T00:00+01:00"), HOUR) == at("2026-04-05T03:00+02:00")


def test_single_days_have_hours_of_their_own_and_days_without_a_year_are_off_in_every_year() -> None:
    held = calendar_from(
        {
            "timezone": "Europe/Berlin",
            "hours": OFFICE,
            "country": "DE",
            "days_off": ["12-24", "2026-12-30"],
            "special_days": {"2026-12-31": [["09:00", "12:00"]], "2026-05-01": [["10:00", "11:00"]]},
        }
    )
    assert not is_working(held, at("2026-12-24T10:00+01:00"))
    assert not is_working(held, at("2029-12-24T10:00+01:00"))
    assert not is_working(held, at("2026-12-30T10:00+01:00"))
    assert working_time_between(held, at("2026-12-31T00:00+01:00"), at("2027-01-01T00:00+01:00")) == 3 * HOUR
    assert is_working(held, at("2026-05-01T10:30+02:00"))  # a holiday on which they work after all
    assert why_off(held, date(2026, 12, 25)) == "Christmas Day"
    assert why_off(held, date(2026, 12, 24)) == "day off every year"
    assert why_off(held, date(2026, 12, 30)) == "day off"
    assert why_off(held, date(2026, 12, 27)) == "no working hours on this weekday"
    assert why_off(held, date(2026, 12, 31)) == ""


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hours": {}}, "hours"),
        ({"hours": {"mon": []}}, "hours"),
        ({"hours": {"mon": [["09:00", "12:00"], ["11:00", "17:00"]]}}, "hours.mon"),
        ({"hours": {"mon": [["17:00", "09:00"]]}}, "hours.mon"),
        ({"hours": {"mon": [["9", "17:00"]]}}, "hours.mon"),
        ({"hours": {"monday": [["09:00", "17:00"]]}}, "hours.monday"),
        ({"timezone": "Europe/Atlantis"}, "timezone"),
        ({"country": "XX"}, "country"),
        ({"country": "DE", "subdivision": "XX"}, "subdivision"),
        ({"subdivision": "BE"}, "subdivision"),
        ({"days_off": ["2026-02-30"]}, "days_off"),
        ({"days_off": ["02-30"]}, "days_off"),
        ({"days_off": ["2026-05-04"], "working_days": ["2026-05-04"]}, "days_off"),
        ({"special_days": {"soon": [["09:00", "12:00"]]}}, "special_days"),
        ({"special_days": {"2026-12-24": [["12:00", "09:00"]]}}, "special_days.2026-12-24"),
        ({"special_days": ["2026-12-24"]}, "special_days"),
        ({"days_off": [f"{2000 + n // 300}-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(9000)]}, "days_off"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_with_the_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        calendar_from({"timezone": "Europe/Berlin", "hours": OFFICE, **change})
    assert refused.value.problems[0].field == field


def change_over() -> Timetable:
    """From 1 July the office works mornings only, in another zone."""
    before = make_calendar("Europe/Berlin", {d: [("09:00", "17:00")] for d in WEEKDAYS[:5]})
    after = make_calendar("Europe/London", {d: [("08:00", "12:00")] for d in WEEKDAYS[:5]})
    return Timetable(((at("2000-01-01T00:00+00:00"), before), (at("2026-07-01T00:00+01:00"), after)))


def test_a_clock_runs_on_by_the_new_hours_from_their_first_day() -> None:
    held = change_over()
    # Tuesday 30 June 15:00 in Berlin: two hours that day, four on Wednesday morning in London, two on Thursday.
    assert add_working_time(held, at("2026-06-30T15:00+02:00"), 8 * HOUR) == at("2026-07-02T10:00+01:00")
    assert calendar_on(held, at("2026-06-30T12:00+02:00")).timezone == "Europe/Berlin"
    assert calendar_on(held, at("2026-07-01T12:00+02:00")).timezone == "Europe/London"
    assert calendar_on(held, at("1999-07-01T12:00+02:00")).timezone == "Europe/Berlin"
    assert is_working(held, at("1999-07-01T12:00+02:00"))


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[str, str]]:
    cuts = sorted(draw(st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True)))
    clock = [f"{c // 4:02}:{c % 4 * 15:02}" for c in cuts]
    return list(zip(clock[::2], clock[1::2], strict=False))


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    def one() -> Calendar:
        week = {day: draw(spans()) for day in draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))}
        country = draw(st.sampled_from(["", "DE", "US"]))
        return make_calendar(draw(st.sampled_from(ZONES)), week, country=country, yearly_off=[(12, 24)])

    first = one()
    if draw(st.booleans()):
        return first
    turn = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=draw(st.integers(0, 300)))
    return Timetable(((datetime(2000, 1, 1, tzinfo=UTC), first), (turn, one())))


moments = st.integers(0, 365 * 24 * 60).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
durations = st.integers(0, 120 * 60).map(lambda m: timedelta(minutes=m))


@given(hours(), moments, moments, moments)
@settings(max_examples=60)
def test_working_time_is_additive_and_never_more_than_time(
    held: Hours, one: datetime, two: datetime, three: datetime
) -> None:
    a, b, c = sorted((one, two, three))
    assert working_time_between(held, a, c) == working_time_between(held, a, b) + working_time_between(held, b, c)
    assert timedelta() <= working_time_between(held, a, c) <= c - a
    assert working_time_between(held, c, a) == timedelta()


@given(hours(), moments, durations, durations)
@settings(max_examples=60)
def test_due_times_are_the_inverse_of_working_time_and_grow_with_start_and_duration(
    held: Hours, start: datetime, one: timedelta, two: timedelta
) -> None:
    due = add_working_time(held, start, one)
    assert working_time_between(held, start, due) == one
    # Before it is due, less has passed.
    if one:
        assert working_time_between(held, start, due - timedelta(seconds=1)) < one
    assert add_working_time(held, start, one + two) >= due
    assert add_working_time(held, start + two, one) >= due
    if one and two:
        assert add_working_time(held, due, two) == add_working_time(held, start, one + two)
