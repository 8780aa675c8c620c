"""What a backtest is asked: which policy, which period, which candidates. Values and their checks."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from headgate.kernel.canonical import digest, instant_text
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

MOST_CANDIDATES = 5
MOST_DAYS = 1_100  # three years
MOST_DECISIONS = 5_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version to try. `source` is `version` for one of the tenant's and `text` for one that was handed in; `digest`
    is SHA-256 (hex) of its text."""

    label: str
    version: int
    title: str
    digest: str
    source: str
    status: str = ""

    def as_json(self) -> dict[str, Any]:
        """As stored."""
        return {
            "label": self.label,
            "version": self.version,
            "title": self.title,
            "digest": self.digest,
            "source": self.source,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class Period:
    """From the first instant of `first` to before the end of `last`, in a zone."""

    first: date
    last: date
    zone: str

    @property
    def since(self) -> datetime:
        """The first instant."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The instant after the last."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    def months(self) -> list[tuple[datetime, str]]:
        """The months of the period, each with the instant from which it counts and its name (2026-03)."""
        found, day = [], self.first
        while day <= self.last:
            found.append((_midnight(day, self.zone), f"{day:%Y-%m}"))
            day = day.replace(day=1) + timedelta(days=calendar.monthrange(day.year, day.month)[1])
        return found


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone))


def period_of(first: date, last: date, zone: str, today: date) -> Period:
    """A period that can be replayed. Raises `Invalid` naming the day that is wrong."""
    if last < first:
        raise invalid(
            "to",
            last.isoformat(),
            phrase("lies before %(first)s", first=first.isoformat()),
            "Give the earlier day as from.",
        )
    if first > today:
        raise invalid("from", first.isoformat(), "has not come yet", "A backtest looks at the past.")
    if first.year < 1970 or last.year > 9000:
        raise invalid("from", first.isoformat(), "is out of range", "Give a day from 1970 on.")
    if (last - first).days >= MOST_DAYS:
        raise invalid(
            "from",
            first.isoformat(),
            phrase("is more than %(most_days)s days before the end", most_days=MOST_DAYS),
            "Shorten the period.",
        )
    return Period(first, min(last, today), zone)


def last_quarter(today: date) -> tuple[date, date]:
    """First and last day of the calendar quarter that has ended."""
    start = date(today.year, today.month - (today.month - 1) % 3, 1)
    last = start - timedelta(days=1)
    return date(last.year, last.month - 2, 1), last


def spec_digest(policy: str, since: datetime, until: datetime, zone: str, candidates: Sequence[Candidate]) -> bytes:
    """SHA-256 over what was asked, by which a run is told to be the same as another."""
    return digest(
        {
            "policy": policy,
            "since": instant_text(since),
            "until": instant_text(until),
            "zone": zone,
            "candidates": [c.digest for c in candidates],
        }
    )
