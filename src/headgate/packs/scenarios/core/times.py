"""Time in scenarios: local instants, and spans in the clock's time or in working time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from headgate.kernel.errors import invalid

_SPAN: Final = re.compile(r"(\d{1,6}(?:\.\d{1,2})?) (business |working )?(minute|hour|day|week)s?")
_DAY: Final = re.compile(r"\$today(?: ?([+-]) ?(\d{1,5}) days?)?")
# A business day is eight working hours, a business week five such days: what an ordinary week of the calendar holds.
_BUSINESS_HOURS: Final = {"minute": Decimal(1) / 60, "hour": Decimal(1), "day": Decimal(8), "week": Decimal(40)}
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 24 * 60, "week": 7 * 24 * 60}


def instant(text: str, zone: ZoneInfo) -> datetime:
    """A local time (`2026-03-02 10:00`), or one with an offset. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("at", text, "is not an instant", "Write it like 2026-03-02 10:00.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def span(text: str) -> tuple[Decimal | None, timedelta]:
    """A span: working hours, or None and the time of the clock. Raises Invalid."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise invalid("after", text, "is not a span", "Write it like 4 hours, 2 days or 3 business days.")
    amount = Decimal(match[1])
    if match[2]:
        return amount * _BUSINESS_HOURS[match[3]], timedelta()
    return None, timedelta(minutes=float(amount * _MINUTES[match[3]]))


def day(text: str, now: datetime, zone: ZoneInfo) -> str | None:
    """`$today`, `$today+30 days` as a local date, `$now` as an instant; None for any other text."""
    if text == "$now":
        return now.isoformat()
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    days = int(match[2] or 0) * (-1 if match[1] == "-" else 1)
    return (now.astimezone(zone).date() + timedelta(days=days)).isoformat()
