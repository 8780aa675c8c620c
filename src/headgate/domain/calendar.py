"""Business calendars: how long is two working days, and when are they over.

An instant is working time when the local wall clock shows a working hour of a day that is not a holiday. So a skipped
hour has no working time, a doubled hour has it twice, and sums are always true elapsed time. All instants are returned
in UTC.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from headgate.domain.periods import day_end, day_start, zone
from headgate.kernel.errors import Invalid, invalid
from headgate.kernel.phrases import phrase

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
HORIZON_DAYS = 3660
_ZERO = timedelta(0)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_EVERY_YEAR = re.compile(r"(\d\d)-(\d\d)")
NO_HOURS = "no working hours on this weekday"
MOST_DAYS = 2000  # single dates of one calendar: decades of them

Span = tuple[datetime, datetime]
Minutes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working hours per weekday in a time zone, less public holidays and further days off. Build it with
    `make_calendar`.

    `hours[0]` is Monday: a tuple of (start, end) in minutes after local midnight, end exclusive, 1440 for midnight.
    `days_off` and `working_days` are single dates; a date in `working_days` works although it is a holiday.
    `yearly_off` are (month, day) of every year; `special` are dates with hours of their own, before all else.
    """

    timezone: str
    hours: tuple[Minutes, ...]
    country: str = ""
    subdivision: str = ""
    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    yearly_off: frozenset[tuple[int, int]] = frozenset()
    special: tuple[tuple[date, Minutes], ...] = ()


@dataclass(frozen=True, slots=True)
class Timetable:
    """A calendar and what it changes to: each `Calendar` holds from its instant until the next one's, the first one
    from ever."""

    eras: tuple[tuple[datetime, Calendar], ...]


Hours = Calendar | Timetable


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a clock stands still, [start, end); an end of None means it still does."""

    start: datetime
    end: datetime | None = None


def make_calendar(
    timezone: str,
    hours: Mapping[str, Iterable[tuple[str, str]]],
    *,
    country: str = "",
    subdivision: str = "",
    days_off: Iterable[date] = (),
    working_days: Iterable[date] = (),
    yearly_off: Iterable[tuple[int, int]] = (),
    special: Mapping[date, Iterable[tuple[str, str]]] | None = None,
) -> Calendar:
    """A calendar from weekdays (`mon` … `sun`) to spans such as ("09:00", "17:30"); "24:00" is the end of the day.

    A night shift is two spans: until "24:00", and from "00:00" on the next day.

    Raises `Invalid` for an unknown zone, country or subdivision, spans that overlap or run backwards, and for a
    calendar in which nobody ever works.
    """
    unknown = [day for day in hours if day not in WEEKDAYS]
    if unknown:
        raise invalid(
            f"hours.{unknown[0]}", unknown[0], "is not a weekday", phrase("Use %(names)s.", names=", ".join(WEEKDAYS))
        )
    week = tuple(_spans(f"hours.{day}", hours.get(day, ())) for day in WEEKDAYS)
    if not any(week):
        raise invalid("hours", "", "have no working day", "Give at least one weekday a span of hours.")
    if country:
        public_holidays(country, subdivision, 2024)  # refuses what the library does not know
    zone(timezone)  # refuses what is not a time zone
    if subdivision and not country:
        raise invalid("subdivision", subdivision, "stands without a country", "Give the country too, for example DE.")
    off, on = frozenset(days_off), frozenset(working_days)
    for day in sorted(off & on):
        raise invalid("days_off", day.isoformat(), "is a working day as well", "Keep it in one of the two.")
    own = tuple(sorted((day, _spans(f"special_days.{day}", spans)) for day, spans in (special or {}).items()))
    if len(off) + len(on) + len(own) > MOST_DAYS:
        raise invalid(
            "days_off",
            len(off) + len(on) + len(own),
            phrase("are more than %(most_days)s single days", most_days=MOST_DAYS),
        )
    return Calendar(timezone, week, country, subdivision, off, on, frozenset(yearly_off), own)


def calendar_from(data: Mapping[str, object]) -> Calendar:
    """A calendar from its JSON form, as in a tenant's settings. Raises `Invalid` naming the field.

    `{"timezone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]]}, "country": "DE", "subdivision": "BE",
    "days_off": ["2026-12-24", "12-31"], "working_days": [], "special_days": {"2026-12-23": [["09:00", "12:00"]]}}`;
    a day off without a year is off in every year.
    """
    days, yearly = _days_off(data.get("days_off"))
    special = data.get("special_days") or {}
    if not isinstance(special, Mapping):
        raise invalid("special_days", special, "is not an object", 'Write {"2026-12-24": [["09:00", "12:00"]]}.')
    return make_calendar(
        str(data.get("timezone") or "UTC"),
        _week(data.get("hours")),
        country=str(data.get("country") or ""),
        subdivision=str(data.get("subdivision") or ""),
        days_off=days,
        working_days=_dates("working_days", data.get("working_days")),
        yearly_off=yearly,
        special={
            _dates("special_days", [day])[0]: _pairs(f"special_days.{day}", spans) for day, spans in special.items()
        },
    )


def _week(raw: object) -> dict[str, list[tuple[str, str]]]:
    if not isinstance(raw, Mapping):
        raise invalid("hours", raw, "is not an object", 'Write it like {"mon": [["09:00", "17:00"]]}.')
    return {str(day): _pairs(f"hours.{day}", spans) for day, spans in raw.items()}


def _pairs(field: str, spans: object) -> list[tuple[str, str]]:
    pairs: list[Any] = list(spans) if isinstance(spans, (list, tuple)) else [spans]
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise invalid(field, spans, "is not a list of spans", 'Write it like [["09:00", "17:00"]].')
    return [(str(start), str(end)) for start, end in pairs]


def _days_off(raw: object) -> tuple[list[date], list[tuple[int, int]]]:
    """Dates, and (month, day) of those that say no year."""
    items: list[object] = list(raw) if isinstance(raw, (list, tuple)) else [] if raw is None else [raw]
    yearly = [found for found in (_EVERY_YEAR.fullmatch(str(item)) for item in items) if found]
    days = []
    for found in yearly:
        try:
            days.append(date(2024, int(found[1]), int(found[2])))  # a leap year has every day
        except ValueError:
            raise invalid("days_off", found[0], "is not a day of a year", 'Write month and day like "12-24".') from None
    rest = [item for item in items if not _EVERY_YEAR.fullmatch(str(item))]
    return _dates("days_off", rest), [(day.month, day.day) for day in days]


def add_working_time(calendar: Hours, start: datetime, duration: timedelta) -> datetime:
    """The first instant at which `duration` of working time has passed since `start`; `start` itself for a duration of
    zero.

    So what is due after the last working hour of a day is due at its end, not the next morning. Raises `Invalid` for a
    negative duration, and when it is not over within about ten years.
    """
    due = due_at(calendar, start, duration)
    assert due is not None  # only an open pause has no end
    return due


def due_at(calendar: Hours, start: datetime, duration: timedelta, pauses: Sequence[Pause] = ()) -> datetime | None:
    """`add_working_time` with pauses in which the clock stands; None when an open pause begins before it is due."""
    if duration < _ZERO:
        raise invalid("duration", duration, "is negative")
    if not duration:
        return start.astimezone(UTC)
    left = duration
    closed, halt = _merged(pauses)
    for begin, end in _working(calendar, start, start + timedelta(days=HORIZON_DAYS)):
        for part_begin, part_end in _without(begin, end, closed):
            if halt is not None and part_begin + left > halt and part_end > halt:
                return None
            if part_end - part_begin >= left:
                return part_begin + left
            left -= part_end - part_begin
    raise invalid("duration", duration, "is not over within ten years of working time", "Check hours and days off.")


def working_time_between(calendar: Hours, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
    """Working time in [start, end), without the pauses; zero when the end is not after the start."""
    closed, halt = _merged(pauses)
    until = end if halt is None or halt > end else halt
    total = _ZERO
    for begin, stop in _working(calendar, start, until):
        for part_begin, part_end in _without(begin, stop, closed):
            total += part_end - part_begin
    return total


def is_working(calendar: Hours, at: datetime) -> bool:
    """Whether an instant is working time."""
    return any(True for _ in _working(calendar, at, at + timedelta(microseconds=1)))


def working_spans(calendar: Hours, start: datetime, end: datetime) -> list[Span]:
    """The spans of working time in [start, end), in order, in UTC: what a month is shown by."""
    return list(_working(calendar, start, end))


def calendar_on(hours: Hours, at: datetime) -> Calendar:
    """The calendar that holds at an instant."""
    if isinstance(hours, Calendar):
        return hours
    held = [calendar for begin, calendar in hours.eras if begin <= at]
    return held[-1] if held else hours.eras[0][1]


def why_off(calendar: Calendar, day: date) -> str:
    """Why a date does not work, in words; empty where somebody works on it."""
    if _hours(calendar, day):
        return ""
    if any(own == day for own, _ in calendar.special) or day in calendar.days_off:
        return "day off"
    if (day.month, day.day) in calendar.yearly_off:
        return "day off every year"
    named = holiday_names(calendar.country, calendar.subdivision, day.year).get(day) if calendar.country else None
    return named or NO_HOURS


def public_holidays(country: str, subdivision: str, year: int) -> AbstractSet[date]:
    """The public holidays of a year. Raises `Invalid` for a country or subdivision that the library does not know."""
    return holiday_names(country, subdivision, year).keys()


@lru_cache(maxsize=512)
def holiday_names(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """The public holidays of a year by name, in English where the library has it. Raises as `public_holidays`."""
    import holidays  # slow to load, and calendars without a country never need it

    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
        if "en_US" in found.supported_languages:
            found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US")
    except NotImplementedError:
        field_name, value = ("subdivision", f"{country}-{subdivision}") if subdivision else ("country", country)
        fix = phrase("Use ISO 3166 codes such as DE and BE, or leave it out and list days_off.")
        raise invalid(field_name, value, "has no known public holidays", fix) from None
    return dict(found)


def _spans(field: str, raw: Iterable[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
    spans = sorted((_minutes(field, start), _minutes(field, end)) for start, end in raw)
    for start, end in spans:
        if end <= start:
            raise invalid(field, f"{start}-{end} minutes", "has a span that ends before it starts")
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise invalid(field, f"{start} < {end} minutes", "has spans that overlap")
    return tuple(spans)


def _minutes(field: str, text: str) -> int:
    if not _CLOCK.fullmatch(text):
        raise invalid(field, text, "is not a time of day", 'Write it like "09:00", "24:00" for midnight.')
    return int(text[:2]) * 60 + int(text[3:])


def _dates(name: str, raw: object) -> list[date]:
    if raw is None:
        return []
    if not isinstance(raw, (list, tuple)):
        raise invalid(name, raw, "is not a list of dates", 'Write it like ["2026-12-24"].')
    try:
        return [date.fromisoformat(str(item)) for item in raw]
    except ValueError:
        raise invalid(name, raw, "has something that is not a date", 'Write it like ["2026-12-24"].') from None


def _hours(calendar: Calendar, day: date) -> Minutes:
    for own, spans in calendar.special:
        if own == day:
            return spans
    if day not in calendar.working_days:
        if day in calendar.days_off or (day.month, day.day) in calendar.yearly_off:
            return ()
        if calendar.country and day in public_holidays(calendar.country, calendar.subdivision, day.year):
            return ()
    return calendar.hours[day.weekday()]


def _working(calendar: Hours, start: datetime, end: datetime) -> Iterator[Span]:
    """The spans of working time within [start, end), in order, in UTC."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if isinstance(calendar, Timetable):
        for place, (begin, held) in enumerate(calendar.eras):
            since = max(start, begin) if place else start
            until = min(end, calendar.eras[place + 1][0]) if place + 1 < len(calendar.eras) else end
            if since < until:
                yield from _working(held, since, until)
        return
    tz = zone(calendar.timezone)
    day = start.astimezone(tz).date()
    last = end.astimezone(tz).date()
    while day <= last:
        for begin, stop in _spans_of(calendar, day):
            begin, stop = max(begin, start), min(stop, end)  # noqa: PLW2901
            if begin < stop:
                yield begin, stop
        day += timedelta(days=1)


@lru_cache(maxsize=32_768)
def _spans_of(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """A local day's working time in UTC; kept, for many clocks run over the same days."""
    spans = _hours(calendar, day)
    tz = zone(calendar.timezone)
    return tuple(_on_clock(tz, day, day_start(day, tz), spans)) if spans else ()


def _on_clock(tz: ZoneInfo, day: date, opens: datetime, spans: tuple[tuple[int, int], ...]) -> Iterator[Span]:
    """The instants at which a local day's clock shows a working hour: per stretch of the day with one UTC offset."""
    closes = day_end(day, tz)
    midnight = datetime.combine(day, time(), UTC)
    for begin, stop in _stretches(tz, opens, closes):
        offset = begin.astimezone(tz).utcoffset() or _ZERO
        for start, end in spans:
            span_begin = max(midnight + timedelta(minutes=start) - offset, begin)
            span_stop = min(midnight + timedelta(minutes=end) - offset, stop)
            if span_begin < span_stop:
                yield span_begin, span_stop


def _stretches(tz: ZoneInfo, opens: datetime, closes: datetime) -> list[Span]:
    """A day cut where its UTC offset changes (to the second); one piece on all but a few days."""
    before = opens.astimezone(tz).utcoffset()
    last = closes - timedelta(microseconds=1)
    if before == last.astimezone(tz).utcoffset():
        return [(opens, closes)]
    low, high = opens, last
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(tz).utcoffset() == before:
            low = middle
        else:
            high = middle
    turn = high.replace(microsecond=0)
    return [(opens, turn), (turn, closes)]


def _merged(pauses: Sequence[Pause]) -> tuple[list[Span], datetime | None]:
    """Closed pauses joined where they touch, and the start of the first open one."""
    open_starts = [pause.start for pause in pauses if pause.end is None]
    merged: list[Span] = []
    for start, end in sorted((pause.start, pause.end) for pause in pauses if pause.end is not None):
        if end < start:
            raise Invalid(
                phrase(
                    "a pause ends at %(end)s, before it starts at %(start)s",
                    end=end.isoformat(),
                    start=start.isoformat(),
                )
            )
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged, min(open_starts) if open_starts else None


def _without(begin: datetime, end: datetime, pauses: list[Span]) -> Iterator[Span]:
    """[begin, end) less the pauses."""
    at = begin
    first = max(bisect_right(pauses, (begin, begin)) - 1, 0)
    for start, stop in pauses[first:]:
        if start >= end:
            break
        if start > at:
            yield at, start
        at = max(at, stop)
    if at < end:
        yield at, end
