"""Where 'now' comes from. Cores take it as an argument; only edges ask a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from headgate.kernel.errors import invalid


@dataclass(frozen=True, slots=True)
class Until:
    """The end of a span that is not part of it; people are told the last day."""

    end: datetime


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until moved, for tests, simulations and replays."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def move(self, by: timedelta) -> None:
        """Advance (or set back) by a duration."""
        self._at += by

    def set(self, at: datetime) -> None:
        """Jump to an instant."""
        self._at = at


def parse_instant(field: str, value: object) -> datetime:
    """An RFC 3339 instant with an offset, as aware UTC. Raises `Invalid` naming the field."""
    if not isinstance(value, str):
        raise invalid(field, value, "is not a time", "Use RFC 3339, for example 2026-03-01T09:30:00Z.")
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(field, value, "is not an RFC 3339 time", "Use for example 2026-03-01T09:30:00Z.") from None
    if at.tzinfo is None:
        raise invalid(field, value, "has no time zone", "End it with Z or an offset such as +01:00.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise invalid(field, value, "is out of range") from None
