"""A month or a year of a calendar, day by day, as people look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from headgate.domain.calendar import Hours, calendar_on, why_off, working_spans
from headgate.domain.periods import day_end, day_start, zone


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: its spans of working time as local wall-clock times, the working time, and why it does not
    work."""

    day: date
    spans: tuple[tuple[str, str], ...]
    worked: timedelta
    why_off: str


def month_of(hours: Hours, first: date) -> list[Day]:
    """Every day of the month that `first` lies in."""
    return list(_days(hours, first.replace(day=1)))


def year_of(hours: Hours, year: int) -> list[list[Day]]:
    """The twelve months of a year."""
    return [month_of(hours, date(year, month, 1)) for month in range(1, 13)]


def usual_spans(hours: Hours, day: date) -> tuple[tuple[str, str], ...]:
    """The working hours of a date's weekday, before holidays and single days are looked at."""
    held = calendar_on(hours, datetime.combine(day, time(12), UTC))
    return tuple((_minute(start), _minute(end)) for start, end in held.hours[day.weekday()])


def _days(hours: Hours, first: date) -> Iterator[Day]:
    day = first
    while day.month == first.month:
        yield day_of(hours, day)
        day += timedelta(days=1)


def day_of(hours: Hours, day: date) -> Day:
    """One day, by the calendar that holds at its noon."""
    held = calendar_on(hours, datetime.combine(day, time(12), UTC))
    tz = zone(held.timezone)
    spans = working_spans(held, day_start(day, tz), day_end(day, tz))
    return Day(
        day=day,
        spans=tuple((_clock(begin.astimezone(tz), day), _clock(end.astimezone(tz), day)) for begin, end in spans),
        worked=sum((end - begin for begin, end in spans), timedelta()),
        why_off=why_off(held, day),
    )


def _clock(local: datetime, day: date) -> str:
    return "24:00" if local.date() > day else f"{local:%H:%M}"


def _minute(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
