"""Business calendars: how long is two working days, and when are they over.

An instant is working time when the local wall clock shows a working hour of a day that is not a holiday. So a skipped
hour has no working time, a doubled hour has it twice, and sums are always true elapsed time. All instants are returned
in UTC.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from headgate.domain.periods import day_end, day_start, zone
from headgate.kernel.errors import Invalid, invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
HORIZON_DAYS = 3660
_ZERO = timedelta(0)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working hours per weekday in a time zone, less public holidays and further days off. Build it with
    `make_calendar`.

    `hours[0]` is Monday: a tuple of (start, end) in minutes after local midnight, end exclusive, 1440 for midnight.
    `days_off` and `working_days` are single dates; a date in `working_days` works although it is a holiday.
    """

    timezone: str
    hours: tuple[tuple[tuple[int, int], ...], ...]
    country: str = ""
    subdivision: str = ""
    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()


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
) -> Calendar:
    """A calendar from weekdays (`mon` … `sun`) to spans such as ("09:00", "17:30"); "24:00" is the end of the day.

    A night shift is two spans: until "24:00", and from "00:00" on the next day.

    Raises `Invalid` for an unknown zone, country or subdivision, spans that overlap or run backwards, and for a
    calendar in which nobody ever works.
    """
    unknown = [day for day in hours if day not in WEEKDAYS]
    if unknown:
        raise invalid(f"hours.{unknown[0]}", unknown[0], "is not a weekday", f"Use {', '.join(WEEKDAYS)}.")
    week = tuple(_spans(day, hours.get(day, ())) for day in WEEKDAYS)
    if not any(week):
        raise invalid("hours", "", "have no working day", "Give at least one weekday a span of hours.")
    if country:
        public_holidays(country, subdivision, 2024)  # refuses what the library does not know
    zone(timezone)  # refuses what is not a time zone
    return Calendar(timezone, week, country, subdivision, frozenset(days_off), frozenset(working_days))


def calendar_from(data: Mapping[str, object]) -> Calendar:
    """A calendar from its JSON form, as in a tenant's settings. Raises `Invalid` naming the field.

    `{"timezone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]]}, "country": "DE", "subdivision": "BE",
    "days_off": ["2026-12-24"], "working_days": []}`
    """
    raw = data.get("hours")
    if not isinstance(raw, dict):
        raise invalid("hours", raw, "is not an object", 'Write it like {"mon": [["09:00", "17:00"]]}.')
    hours: dict[str, list[tuple[str, str]]] = {}
    for day, spans in raw.items():
        pairs = spans if isinstance(spans, list) else [spans]
        if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
            raise invalid(f"hours.{day}", spans, "is not a list of spans", 'Write it like [["09:00", "17:00"]].')
        hours[str(day)] = [(str(start), str(end)) for start, end in pairs]
    return make_calendar(
        str(data.get("timezone") or "UTC"),
        hours,
        country=str(data.get("country") or ""),
        subdivision=str(data.get("subdivision") or ""),
        days_off=_dates("days_off", data.get("days_off")),
        working_days=_dates("working_days", data.get("working_days")),
    )


def add_working_time(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """The first instant at which `duration` of working time has passed since `start`; `start` itself for a duration of
    zero.

    So what is due after the last working hour of a day is due at its end, not the next morning. Raises `Invalid` for a
    negative duration, and when it is not over within about ten years.
    """
    due = due_at(calendar, start, duration)
    assert due is not None  # only an open pause has no end
    return due


def due_at(calendar: Calendar, start: datetime, duration: timedelta, pauses: Sequence[Pause] = ()) -> datetime | None:
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


def working_time_between(calendar: Calendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
    """Working time in [start, end), without the pauses; zero when the end is not after the start."""
    closed, halt = _merged(pauses)
    until = end if halt is None or halt > end else halt
    total = _ZERO
    for begin, stop in _working(calendar, start, until):
        for part_begin, part_end in _without(begin, stop, closed):
            total += part_end - part_begin
    return total


def is_working(calendar: Calendar, at: datetime) -> bool:
    """Whether an instant is working time."""
    local = at.astimezone(zone(calendar.timezone))
    minute = (local.hour * 60 + local.minute) + (local.second + local.microsecond / 1_000_000) / 60
    return any(start <= minute < end for start, end in _hours(calendar, local.date()))


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """The public holidays of a year. Raises `Invalid` for a country or subdivision that the library does not know."""
    import holidays  # slow to load, and calendars without a country never need it

    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        field_name, value = ("subdivision", f"{country}-{subdivision}") if subdivision else ("country", country)
        fix = "Use ISO 3166 codes such as DE and BE, or leave it out and list days_off."
        raise invalid(field_name, value, "has no known public holidays", fix) from None


def _spans(day: str, raw: Iterable[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
    spans = sorted((_minutes(day, start), _minutes(day, end)) for start, end in raw)
    for start, end in spans:
        if end <= start:
            raise invalid(f"hours.{day}", f"{start}-{end} minutes", "has a span that ends before it starts")
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise invalid(f"hours.{day}", f"{start} < {end} minutes", "has spans that overlap")
    return tuple(spans)


def _minutes(day: str, text: str) -> int:
    if not _CLOCK.fullmatch(text):
        raise invalid(f"hours.{day}", text, "is not a time of day", 'Write it like "09:00", "24:00" for midnight.')
    return int(text[:2]) * 60 + int(text[3:])


def _dates(name: str, raw: object) -> list[date]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise invalid(name, raw, "is not a list of dates", 'Write it like ["2026-12-24"].')
    try:
        return [date.fromisoformat(str(item)) for item in raw]
    except ValueError:
        raise invalid(name, raw, "has something that is not a date", 'Write it like ["2026-12-24"].') from None


def _hours(calendar: Calendar, day: date) -> tuple[tuple[int, int], ...]:
    if day not in calendar.working_days:
        if day in calendar.days_off:
            return ()
        if calendar.country and day in public_holidays(calendar.country, calendar.subdivision, day.year):
            return ()
    return calendar.hours[day.weekday()]


def _working(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Span]:
    """The spans of working time within [start, end), in order, in UTC."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    tz = zone(calendar.timezone)
    day = start.astimezone(tz).date()
    while True:
        opens = day_start(day, tz)
        if opens >= end:
            return
        spans = _hours(calendar, day)
        if spans:
            for begin, stop in _on_clock(tz, day, opens, spans):
                begin, stop = max(begin, start), min(stop, end)  # noqa: PLW2901
                if begin < stop:
                    yield begin, stop
        day += timedelta(days=1)


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
            raise Invalid(f"a pause ends at {end.isoformat()}, before it starts at {start.isoformat()}")
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
