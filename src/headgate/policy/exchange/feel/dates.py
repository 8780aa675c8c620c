"""Dates, times and durations as FEEL writes them (XML Schema's lexical forms, DMN 1.5, 10.3.2.3.4)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from headgate.kernel.errors import Unread
from headgate.kernel.months import Months, months_text, read_months
from headgate.kernel.phrases import phrase

_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[\w/+-]+)?")
_DAYS = re.compile(
    r"(-)?P(?=\d|T\d)(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


class BadDate(Unread):
    """The text is not a date, time or duration; the message says how to write one."""


def date_of(text: str) -> date:
    """`2026-01-31`. Raises `BadDate`; years before 1 and after 9999 are not supported."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadDate(phrase("%(text)s is not a date; write it as 2026-01-31", text=repr(text[:40])))


def time_of(text: str) -> time:
    """`13:45:00`, with an offset (`Z`, `+01:00`) or a zone (`@Europe/Berlin`). Raises `BadDate`."""
    match = _TIME.fullmatch(text)
    try:
        if match:
            plain = time(int(match[1]), int(match[2]), int(match[3]), int((match[4] or "0").ljust(6, "0")))
            zone = match[5] or ""
            if zone.startswith("@"):
                return plain.replace(tzinfo=ZoneInfo(zone[1:]))
            return plain.replace(tzinfo=time.fromisoformat(f"00:00:00{zone}").tzinfo)
    except (ValueError, KeyError, OSError):
        pass
    raise BadDate(phrase("%(text)s is not a time; write it as 13:45:00", text=repr(text[:40])))


def date_and_time_of(text: str) -> datetime:
    """`2026-01-31T13:45:00`, or a date alone, which means its midnight. Raises `BadDate`."""
    day, _, clock = text.partition("T")
    return datetime.combine(date_of(day), time_of(clock) if clock else time())


def duration_of(text: str) -> timedelta | Months:
    """`P1Y2M` or `P1DT2H3M4S`, negative with a minus before. Raises `BadDate`."""
    months = read_months(text)
    if months is not None:
        return months
    days = _DAYS.fullmatch(text)
    try:
        if days:
            seconds = Decimal(days[5] or 0)
            found = timedelta(
                days=int(days[2] or 0),
                hours=int(days[3] or 0),
                minutes=int(days[4] or 0),
                seconds=int(seconds),
                microseconds=int(seconds % 1 * 1_000_000),
            )
            return -found if days[1] else found
    except OverflowError:
        pass
    raise BadDate(phrase("%(text)s is not a duration; write it as P1Y2M or P1DT2H", text=repr(text[:40])))


def temporal_of(text: str) -> date | time | datetime | timedelta | Months:
    """What an `@"…"` literal means. Raises `BadDate`."""
    if text.lstrip("-").startswith("P"):
        return duration_of(text)
    if "T" in text:
        return date_and_time_of(text)
    return time_of(text) if ":" in text else date_of(text)


def temporal_text(value: date | time | timedelta | Months) -> str:
    """The text in quotes that `temporal_of` reads back."""
    if isinstance(value, Months):
        return months_text(value)
    if isinstance(value, timedelta):
        return _days_text(value)
    if isinstance(value, datetime):
        return f"{value.date().isoformat()}T{_time_text(value.timetz())}"
    return _time_text(value) if isinstance(value, time) else value.isoformat()


def _time_text(value: time) -> str:
    zone = value.tzinfo
    plain = value.replace(tzinfo=None).isoformat()
    return f"{plain}@{zone.key}" if isinstance(zone, ZoneInfo) else value.isoformat()


def _days_text(value: timedelta) -> str:
    whole = abs(value)
    hours, rest = divmod(whole.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n]
    if whole.microseconds:
        parts.append(f"{seconds}.{whole.microseconds:06d}S")
    elif seconds:
        parts.append(f"{seconds}S")
    days = f"{whole.days}D" if whole.days or not parts else ""
    return f"{'-' if value < timedelta(0) else ''}P{days}{'T' + ''.join(parts) if parts else ''}"
