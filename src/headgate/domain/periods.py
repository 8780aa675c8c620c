"""Effective periods: half-open instants [from, until), and the local days people write in contracts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import invalid


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises `Invalid` for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("timezone", name, "is not an IANA time zone", "Use a name such as Europe/Berlin.") from None


def first_instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The first instant (UTC) at which clocks in `tz` show `local` (naive) or later.

    Where the hour is doubled, the first of the two; where it is skipped, the moment of the jump.
    """
    first = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if first.astimezone(tz).replace(tzinfo=None) == local:
        return first
    low, high = local.replace(tzinfo=tz, fold=1).astimezone(UTC), first
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(tz).replace(tzinfo=None) >= local:
            high = middle
        else:
            low = middle
    return high


def day_start(day: date, tz: ZoneInfo) -> datetime:
    """The first instant (UTC) of a local day."""
    return first_instant(datetime.combine(day, time()), tz)


def day_end(day: date, tz: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local day is over: the exclusive `until` of an agreement that ends on that day.

    It is the first instant of the next local day, so it is right on days of 23 and 25 hours and where midnight is
    skipped.
    """
    return day_start(day + timedelta(days=1), tz)


def effective_from(field: str, value: object, tz: ZoneInfo) -> datetime:
    """An RFC 3339 instant, or a plain date read as the start of that day in `tz`. Raises `Invalid` naming the field."""
    day = _plain_date(value)
    return day_start(day, tz) if day is not None else parse_instant(field, value)


def effective_until(field: str, value: object, tz: ZoneInfo) -> datetime:
    """An RFC 3339 instant (exclusive), or a plain date read as the end of that day in `tz`. Raises `Invalid` naming the
    field."""
    day = _plain_date(value)
    return day_end(day, tz) if day is not None else parse_instant(field, value)


def within(
    outer_from: datetime, outer_until: datetime | None, inner_from: datetime | None, inner_until: datetime | None
) -> tuple[datetime, datetime | None]:
    """The period in which both hold: an agreement's bounds and those of one of its terms. None as `until` means
    open."""
    start = outer_from if inner_from is None or inner_from < outer_from else inner_from
    ends = [until for until in (outer_until, inner_until) if until is not None]
    return start, min(ends) if ends else None


def overlap(
    a_from: datetime, a_until: datetime | None, b_from: datetime, b_until: datetime | None
) -> tuple[datetime, datetime | None] | None:
    """The common part of two half-open periods, or None where they only touch or miss each other."""
    start, until = within(a_from, a_until, b_from, b_until)
    return None if until is not None and until <= start else (start, until)


def _plain_date(value: object) -> date | None:
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None
