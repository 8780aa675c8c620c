"""Dates, instants and durations as policies write them: ISO 8601, durations as XML Schema's dayTimeDuration and
yearMonthDuration, which have nothing in common: a month has no fixed number of days.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from headgate.kernel.canonical import duration_text
from headgate.kernel.errors import Unread
from headgate.kernel.months import Months, months_text, read_months
from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Moment

APART: Final = (
    "a month has no fixed number of days; compare days with days (type duration, P30D) and months with months "
    "(type months, P1M)"
)

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=.)(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)


_YEARLY = re.compile(r"-?P\d*[YM\d]*[YM]")


class BadTime(Unread, ValueError):
    """A text that is not the date, instant or duration it should be; the message says how to write one."""


def read_date(text: str) -> date:
    """`2026-01-31`. Raises `BadTime`."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadTime(phrase("%(text)s is not a date; write it 2026-01-31", text=repr(text)))


def read_instant(text: str) -> datetime:
    """`2026-01-31T10:00:00Z` or with an offset, as an instant in UTC. Raises `BadTime`, also without a zone."""
    try:
        found = datetime.fromisoformat(text)
        if "T" not in text or found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadTime(
            phrase("%(text)s is not a date and time with its zone; write it 2026-01-31T10:00:00Z", text=repr(text))
        ) from None


def read_duration(text: str) -> timedelta:
    """`P2D`, `PT4H30M`, `P1W`, `-PT5M`. Raises `BadTime`; months and years have no fixed length and are refused."""
    found = _DURATION.fullmatch(text)
    if found is None:
        months = (
            phrase(" (months and years have no fixed length; use days, or type months)") if _YEARLY.match(text) else ""
        )
        raise BadTime(
            phrase("%(text)s is not a duration%(months)s; write it P2D, PT4H30M or P1W", text=repr(text), months=months)
        )
    parts = found.groupdict(default="0")
    whole, _, rest = parts["seconds"].partition(".")
    try:
        length = timedelta(
            weeks=int(parts["weeks"]),
            days=int(parts["days"]),
            hours=int(parts["hours"]),
            minutes=int(parts["minutes"]),
            seconds=int(whole),
            microseconds=int(rest.ljust(6, "0")),
        )
    except OverflowError:
        raise BadTime(phrase("%(text)s is longer than a duration can be", text=repr(text))) from None
    return -length if found["sign"] not in (None, "0") else length


def read_span(text: str) -> timedelta | Months:
    """A duration of either kind. Raises `BadTime`, also for one that mixes months and days."""
    return read_months(text) or read_duration(text)


def months_of(text: str) -> Months:
    """`P1Y6M`, `P18M`, `P2Y`, `-P1M`. Raises `BadTime`."""
    found = read_months(text)
    if found is None:
        days = phrase(" (days do not add up to months; use type duration)") if re.match(r"-?P.*[DTW]", text) else ""
        raise BadTime(
            phrase(
                "%(text)s is not a duration of years and months%(days)s; write it P1Y6M, P18M or P2Y",
                text=repr(text),
                days=days,
            )
        )
    return found


def time_value(kind: str, value: object) -> Moment:
    """A value of type date, datetime, duration or months, from itself or its text. Raises `BadTime`."""
    if kind == "months":
        return value if type(value) is Months else months_of(str(value))
    if kind == "date":
        return value if type(value) is date else read_date(str(value))
    if kind == "datetime":
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise BadTime(
                    phrase("%(value)s has no zone; give an instant such as 2026-01-31T10:00:00Z", value=value)
                )
            return value.astimezone(UTC)
        return read_instant(str(value))
    return value if type(value) is timedelta else read_duration(str(value))


def time_literal(value: Moment) -> str:
    """A value as a cell writes it: `d('2026-01-31')`, `d('2026-01-31T10:00:00Z')`, `duration('PT4H')`,
    `duration('P1Y6M')`."""
    if isinstance(value, (timedelta, Months)):
        return f"duration('{months_text(value) if isinstance(value, Months) else duration_text(value)}')"
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat().removesuffix("+00:00")
        return f"d('{text}Z')"
    return f"d('{value.isoformat()}')"
