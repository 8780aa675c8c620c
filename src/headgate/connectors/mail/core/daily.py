"""When somebody's daily digest is due: once on each day of their own calendar, at the hour they chose."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# A decision that is due so soon after the next digest cannot wait for it.
URGENT: Final = timedelta(hours=4)
# Zones lie up to 26 hours apart, so who moves west may have had the digest of a day that is still to come there. A day
# further ahead comes from a clock that went wrong, and keeps nothing back.
_AHEAD: Final = timedelta(days=3)
_DAY: Final = timedelta(days=1)


def last_slot(now: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """The latest instant, up to now, at which it is that hour there. An hour that a clock change skips comes as much
    later; of one that comes twice it is the first."""
    today = now.astimezone(zone).date()
    found = (_at(today + _DAY * days, zone, hour) for days in (1, 0, -1, -2))
    return max(each for each in found if each <= now)


def next_slot(now: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """The first instant after now at which it is that hour there."""
    today = now.astimezone(zone).date()
    found = (_at(today + _DAY * days, zone, hour) for days in (-1, 0, 1, 2))
    return min(each for each in found if each > now)


def day_due(now: datetime, zone: ZoneInfo, hour: int, last: date | None, oldest: datetime) -> date | None:
    """The day whose digest is due; None while none is.

    `last` is the day of the digest that went last, `oldest` since when something waits: what came after the hour waits
    for the next day's. Late is better than never: a digest that nobody wrote at its hour is due until the next.
    """
    slot = last_slot(now, zone, hour)
    day = slot.astimezone(zone).date()
    if oldest > slot or (last is not None and day <= last <= day + _AHEAD):
        return None
    return day


def urgent(due_at: datetime, now: datetime, zone: ZoneInfo, hour: int) -> bool:
    """Whether a decision would be due before the next digest is read."""
    return due_at <= next_slot(now, zone, hour) + URGENT


def _at(day: date, zone: ZoneInfo, hour: int) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
