"""How dates, times of day and spans are written for people. Pure: locale, zone and 'now' are arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton

from headgate.ui.figures import SPACE

Say: TypeAlias = Callable[[str], str]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_RELATIVE_DAYS = 14  # after this a date says more than a count of days


def plain(text: str) -> str:
    """The translator that leaves every phrase in English."""
    return text


@lru_cache(maxsize=4096)
def _medium(value: date, locale: str) -> str:
    return format_date(value, "medium", locale)


def in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant on the zone's clock. Raises ValueError for a datetime without a time zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown")
    return at.astimezone(zone)


def exact(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """Date, time to the second and zone: `21 Nov 2025, 14:32:07 CET`."""
    local = in_zone(at, zone)
    return f"{_medium(local.date(), locale)}, {local:%H:%M:%S} {_zone_name(local)}"


def minute(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """Date and time to the minute with the zone: `21 Nov 2025, 14:32 CET`."""
    local = in_zone(at, zone)
    return f"{_medium(local.date(), locale)}, {local:%H:%M} {_zone_name(local)}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """The time of day: `14:32`."""
    return f"{in_zone(at, zone):%H:%M}"


def day(value: date | datetime, zone: ZoneInfo, locale: str) -> str:
    """A date: `21 Nov 2025`. An instant is shown as its date in the zone."""
    return _medium(in_zone(value, zone).date() if isinstance(value, datetime) else value, locale)


def weekday(value: date | datetime, zone: ZoneInfo, locale: str) -> str:
    """A date with its weekday: `Friday, 21 November 2025`."""
    local = in_zone(value, zone) if isinstance(value, datetime) else value
    return format_date(local, "full", locale)


def day_short(value: date, locale: str) -> str:
    """A day under a chart, where its neighbours tell the year: `21 Nov`."""
    return format_skeleton("MMMd", value, locale=locale)


def weekday_short(value: date, locale: str) -> str:
    """A date with its weekday in a list, where the year stands above: `Fri 21 Nov`."""
    return format_skeleton("MMMEd", value, locale=locale)


def month(value: date, locale: str) -> str:
    """A month by its name: `November`."""
    return format_date(value, "LLLL", locale)


def month_of_year(value: date, locale: str) -> str:
    """A month with its year: `November 2025`."""
    return format_skeleton("yMMMM", value, locale=locale)


def _zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    if name and name[0] not in "+-":
        return name
    offset = f"{local:%z}"
    return f"UTC{offset[:3]}:{offset[3:]}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `2 h 10 min`, `3 d 4 h`, `12 min`, `<1 min`."""
    seconds = int(abs(length).total_seconds())
    if seconds < _MINUTE:
        return f"<1{SPACE}min"
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    if days:
        parts = [(days, "d"), (hours, "h")]
    elif hours:
        parts = [(hours, "h"), (minutes, "min")]
    else:
        parts = [(minutes, "min")]
    return SPACE.join(f"{count}{SPACE}{unit}" for count, unit in parts if count)


def time_left(due: datetime, now: datetime, say: Say = plain) -> str:
    """How a clock stands: `2 h 10 min left`, `overdue by 3 h`."""
    if due >= now:
        return say("%(span)s left") % {"span": span(due - now)}
    return say("overdue by %(span)s") % {"span": span(now - due)}


def relative(at: datetime, now: datetime, zone: ZoneInfo, locale: str, say: Say = plain) -> str:
    """How long ago, in one unit: `just now`, `5 min ago`, `3 h ago`, `2 d ago`; after two weeks, or ahead: the date."""
    seconds = (now - at).total_seconds()
    if seconds < 0 or seconds >= (_RELATIVE_DAYS + 1) * _DAY:
        return day(at, zone, locale)
    if seconds < _MINUTE:
        return say("just now")
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return say("%(span)s ago") % {"span": f"{int(seconds // size)}{SPACE}{unit}"}
    raise AssertionError("every age from a minute on has a unit")


def iso(at: datetime) -> str:
    """The instant for `<time datetime>`: RFC 3339 in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
