"""Working time: hours, holidays, clock changes, pauses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.domain.calendar import (
    Calendar,
    Pause,
    add_working_time,
    calendar_from,
    due_at,
    is_working,
    make_calendar,
    working_time_between,
)
from headgate.kernel.errors import Invalid

OFFICE = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
ALWAYS = {day: [("00:00", "24:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
NIGHT = {day: [("00:00", "04:00"), ("22:00", "24:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
BERLIN = make_calendar("Europe/Berlin", OFFICE, country="DE", subdivision="BE")
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_friday_afternoon_runs_on_into_monday() -> None:
    assert add_working_time(BERLIN, at("2026-03-06T16:00+01:00"), 2 * HOUR) == at("2026-03-09T10:00+01:00")


def test_what_ends_with_the_working_day_is_due_at_its_end() -> None:
    assert add_working_time(BERLIN, at("2026-03-06T09:00+01:00"), 8 * HOUR) == at("2026-03-06T17:00+01:00")
    just_over = add_working_time(BERLIN, at("2026-03-06T09:00+01:00"), 8 * HOUR + timedelta(seconds=1))
    assert just_over == at("2026-03-09T09:00:01+01:00")


def test_a_start_outside_working_hours_waits_for_the_next_opening() -> None:
    assert add_working_time(BERLIN, at("2026-03-07T12:00+01:00"), HOUR) == at("2026-03-09T10:00+01:00")


def test_no_time_at_all_is_due_at_once() -> None:
    assert add_working_time(BERLIN, at("2026-03-07T12:00+01:00"), timedelta(0)) == at("2026-03-07T12:00+01:00")


def test_public_holidays_of_the_subdivision_are_skipped() -> None:
    # Good Friday and Easter Monday 2026 are 3 and 6 April.
    assert add_working_time(BERLIN, at("2026-04-02T16:00+02:00"), 2 * HOUR) == at("2026-04-07T10:00+02:00")
    # Epiphany is a holiday in Bavaria and not in Berlin.
    bavaria = make_calendar("Europe/Berlin", OFFICE, country="DE", subdivision="BY")
    assert not is_working(bavaria, at("2026-01-06T10:00+01:00"))
    assert is_working(BERLIN, at("2026-01-06T10:00+01:00"))


def test_further_days_off_and_worked_holidays_are_the_tenants_own() -> None:
    own = make_calendar(
        "Europe/Berlin",
        OFFICE,
        country="DE",
        subdivision="BE",
        days_off=[date(2026, 3, 9)],
        working_days=[date(2026, 4, 3)],
    )
    assert add_working_time(own, at("2026-03-06T16:00+01:00"), 2 * HOUR) == at("2026-03-10T10:00+01:00")
    assert is_working(own, at("2026-04-03T10:00+02:00"))


def test_office_hours_follow_the_wall_clock_over_a_clock_change() -> None:
    friday = at("2026-03-27T16:00+01:00")
    assert add_working_time(BERLIN, friday, 2 * HOUR) == at("2026-03-30T10:00+02:00")


def test_a_skipped_hour_has_no_working_time() -> None:
    round_the_clock = make_calendar("Europe/Berlin", ALWAYS)
    start, end = at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00")
    assert working_time_between(round_the_clock, start, end) == 23 * HOUR
    shift = make_calendar("Europe/Berlin", {"sun": [("01:00", "04:00")]})
    assert working_time_between(shift, start, end) == 2 * HOUR
    inside = make_calendar("Europe/Berlin", {"sun": [("02:10", "02:50")]})
    assert working_time_between(inside, start, end) == timedelta(0)
    cut = make_calendar("Europe/Berlin", {"sun": [("02:30", "03:30")]})
    assert add_working_time(cut, start, timedelta(minutes=30)) == at("2026-03-29T03:30+02:00")


def test_a_doubled_hour_has_its_working_time_twice() -> None:
    start, end = at("2026-10-25T00:00+02:00"), at("2026-10-26T00:00+01:00")
    assert working_time_between(make_calendar("Europe/Berlin", ALWAYS), start, end) == 25 * HOUR
    half = make_calendar("Europe/Berlin", {"sun": [("02:00", "02:30")]})
    assert working_time_between(half, start, end) == HOUR
    assert add_working_time(half, start, timedelta(minutes=45)) == at("2026-10-25T02:15+01:00")
    assert is_working(half, at("2026-10-25T02:15+02:00"))
    assert not is_working(half, at("2026-10-25T02:45+02:00"))
    assert is_working(half, at("2026-10-25T02:15+01:00"))


def test_a_day_whose_midnight_is_skipped_starts_at_the_jump() -> None:
    cairo = make_calendar("Africa/Cairo", ALWAYS)
    assert working_time_between(cairo, at("2026-04-23T22:00Z"), at("2026-04-24T21:00Z")) == 23 * HOUR
    early = make_calendar("Africa/Cairo", {"fri": [("00:00", "02:00")]})
    assert working_time_between(early, at("2026-04-23T00:00Z"), at("2026-04-25T00:00Z")) == HOUR


def test_a_pause_stops_the_clock() -> None:
    pause = Pause(at("2026-03-06T15:00+01:00"), at("2026-03-09T10:00+01:00"))
    start = at("2026-03-06T14:00+01:00")
    assert due_at(BERLIN, start, 2 * HOUR, [pause]) == at("2026-03-09T11:00+01:00")
    assert working_time_between(BERLIN, start, at("2026-03-09T11:00+01:00"), [pause]) == 2 * HOUR


def test_pauses_that_overlap_count_once() -> None:
    pauses = [
        Pause(at("2026-03-09T11:00+01:00"), at("2026-03-09T13:00+01:00")),
        Pause(at("2026-03-09T10:00+01:00"), at("2026-03-09T12:00+01:00")),
        Pause(at("2026-03-09T10:30+01:00"), at("2026-03-09T10:40+01:00")),
    ]
    day = at("2026-03-09T00:00+01:00"), at("2026-03-10T00:00+01:00")
    assert working_time_between(BERLIN, *day, pauses) == 5 * HOUR


def test_an_open_pause_has_no_due_time_unless_it_was_due_before() -> None:
    waiting = [Pause(at("2026-03-09T10:00+01:00"))]
    start = at("2026-03-09T09:00+01:00")
    assert due_at(BERLIN, start, HOUR, waiting) == at("2026-03-09T10:00+01:00")
    assert due_at(BERLIN, start, HOUR + timedelta(seconds=1), waiting) is None
    assert due_at(BERLIN, at("2026-03-09T11:00+01:00"), HOUR, waiting) is None
    assert working_time_between(BERLIN, start, at("2026-03-20T10:00+01:00"), waiting) == HOUR


def test_a_pause_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(Invalid, match="before it starts"):
        working_time_between(
            BERLIN,
            at("2026-03-09T09:00Z"),
            at("2026-03-09T10:00Z"),
            [Pause(at("2026-03-09T10:00Z"), at("2026-03-09T09:00Z"))],
        )


def test_an_end_before_the_start_is_no_time() -> None:
    assert working_time_between(BERLIN, at("2026-03-09T12:00Z"), at("2026-03-09T09:00Z")) == timedelta(0)


@pytest.mark.parametrize(
    ("zone", "hours", "changes", "field"),
    [
        ("Europe/Berlin", {}, {}, "hours"),
        ("Europe/Berlin", {"mon": []}, {}, "hours"),
        ("Europe/Berlin", {"funday": [("09:00", "17:00")]}, {}, "hours.funday"),
        ("Europe/Berlin", {"mon": [("17:00", "09:00")]}, {}, "hours.mon"),
        ("Europe/Berlin", {"mon": [("09:00", "09:00")]}, {}, "hours.mon"),
        ("Europe/Berlin", {"mon": [("09:00", "13:00"), ("12:00", "17:00")]}, {}, "hours.mon"),
        ("Europe/Berlin", {"mon": [("9", "17:00")]}, {}, "hours.mon"),
        ("Europe/Berlin", {"mon": [("09:00", "25:00")]}, {}, "hours.mon"),
        ("Middle/Earth", OFFICE, {}, "timezone"),
        ("", OFFICE, {}, "timezone"),
        ("Europe/Berlin", OFFICE, {"country": "XX"}, "country"),
        ("Europe/Berlin", OFFICE, {"country": "DE", "subdivision": "ZZ"}, "subdivision"),
    ],
)
def test_a_calendar_that_cannot_work_is_refused(zone: str, hours: Any, changes: Any, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_calendar(zone, hours, **changes)
    assert caught.value.problems[0].field == field


def test_a_calendar_of_days_off_only_ends_the_search() -> None:
    never = make_calendar(
        "UTC", {"mon": [("09:00", "10:00")]}, days_off=[date(2026, 1, 5) + timedelta(weeks=n) for n in range(600)]
    )
    with pytest.raises(Invalid, match="ten years"):
        add_working_time(never, at("2026-01-01T00:00Z"), HOUR)


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(Invalid, match="is negative"):
        add_working_time(BERLIN, at("2026-03-09T12:00Z"), -HOUR)


def test_a_calendar_is_read_from_settings() -> None:
    read = calendar_from(
        {
            "timezone": "Europe/Berlin",
            "hours": {day: [list(span) for span in spans] for day, spans in OFFICE.items()},
            "country": "DE",
            "subdivision": "BE",
        }
    )
    assert read == BERLIN


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"hours": []},
        {"hours": {"mon": "09:00-17:00"}},
        {"hours": {"mon": [["09:00", "17:00"]]}, "days_off": ["Monday"]},
    ],
)
def test_settings_that_are_no_calendar_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        calendar_from(data)


CALENDARS = [
    BERLIN,
    make_calendar("Europe/Berlin", ALWAYS),
    make_calendar("Europe/Berlin", NIGHT),
    make_calendar("America/New_York", NIGHT, country="US"),
    make_calendar("Africa/Cairo", NIGHT),
    make_calendar("Australia/Lord_Howe", NIGHT),  # clocks change by half an hour
]
# Around the clock changes of 2026 in all of these zones.
near_changes = st.sampled_from(
    [at(f"2026-{day}T00:00Z") for day in ("03-08", "03-29", "04-05", "04-24", "10-04", "10-25", "11-01")]
)
instants = st.builds(lambda base, minutes: base + timedelta(minutes=minutes), near_changes, st.integers(-3000, 3000))


@given(st.sampled_from(CALENDARS), instants, st.integers(0, 2500))
@settings(max_examples=60)
def test_working_time_is_the_count_of_working_minutes(calendar: Calendar, start: datetime, minutes: int) -> None:
    counted = sum(is_working(calendar, start + timedelta(minutes=n)) for n in range(minutes))
    assert working_time_between(calendar, start, start + timedelta(minutes=minutes)) == timedelta(minutes=counted)


@given(st.sampled_from(CALENDARS), instants, st.integers(1, 6000))
def test_adding_and_measuring_agree(calendar: Calendar, start: datetime, minutes: int) -> None:
    duration = timedelta(minutes=minutes)
    due = add_working_time(calendar, start, duration)
    assert working_time_between(calendar, start, due) == duration
    assert working_time_between(calendar, start, due - timedelta(seconds=1)) < duration


@given(st.sampled_from(CALENDARS), instants, st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_measuring_is_additive_and_a_pause_takes_out_its_own_time(
    calendar: Calendar, start: datetime, one: int, two: int, three: int
) -> None:
    first = start + timedelta(minutes=one)
    second = first + timedelta(minutes=two)
    end = second + timedelta(minutes=three)
    parts = [working_time_between(calendar, *span) for span in ((start, first), (first, second), (second, end))]
    assert working_time_between(calendar, start, end) == sum(parts, timedelta(0))
    assert working_time_between(calendar, start, end, [Pause(first, second)]) == parts[0] + parts[2]
