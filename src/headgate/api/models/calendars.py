"""Calendars as written and as shown."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Instant, Text
from headgate.channel.calendars import Day, Found, Use, Version

Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Span = Annotated[list[Clock], Field(min_length=2, max_length=2, examples=[["09:00", "17:00"]])]
IsoDay = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
DayOff = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\u0000]*$")]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]


class Write(Body):
    """A new calendar, or the next version of one: working hours per weekday in a zone, holidays, and single days."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\u0000]*$")]
    timezone: Zone = Field(description="IANA name.", examples=["Europe/Berlin"])
    hours: dict[str, list[Span]] = Field(
        description="Spans per weekday (mon … sun); a weekday left out does not work.",
        max_length=7,
        examples=[{"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}],
    )
    country: str = Field(default="", max_length=2, description="ISO 3166: its public holidays are off.")
    subdivision: str = Field(default="", max_length=6, description="ISO 3166-2 without the country, for example BE.")
    days_off: list[DayOff] = Field(default=[], max_length=2000, description="Dates; without a year, of every year.")
    working_days: list[IsoDay] = Field(default=[], max_length=2000, description="Dates that work although off.")
    special_days: dict[IsoDay, list[Span]] = Field(default={}, max_length=2000, description="Dates with own hours.")
    valid_from: IsoDay | None = Field(default=None, description="First day, in its zone; left out, from now on.")
    reason: Reason


class Assign(Body):
    """Who works by which calendar from now on."""

    scope: Annotated[str, StringConstraints(pattern=r"^(tenant|region|partner)$")]
    ref: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\u0000]*$")] = Field(
        default="", description="Region or country, or partner; empty for the tenant."
    )
    calendar: Annotated[str, StringConstraints(max_length=63, pattern=r"^[^\u0000]*$")] = Field(
        description="Its short name; empty ends the use."
    )
    reason: Reason


class CalendarVersion(Shape):
    """One version of a calendar."""

    calendar: str
    version: int
    title: str
    valid_from: Instant
    body: dict[str, Any]
    reason: str
    author: str
    created_at: Instant


class CalendarUse(Shape):
    """Who works by which calendar."""

    change: int
    scope: str
    ref: str
    calendar: str
    reason: str
    set_by: str
    set_at: Instant


class DayView(Shape):
    """One day: spans as local times, hours worked, and why it is off."""

    day: date
    spans: list[list[str]]
    hours: Amount
    why_off: str


class Month(Shape):
    """A month of a calendar."""

    calendar: str
    title: Text
    days: list[DayView]


class DueView(Shape):
    """When so many working hours are over, and by whose calendar."""

    start: Instant
    due: Instant
    calendar: str = Field(description="Empty where none is set.")
    title: str
    because: str


def version_view(found: Version) -> CalendarVersion:
    """A version as shown."""
    return CalendarVersion.model_validate(found)


def use_view(found: Use) -> CalendarUse:
    """A use as shown."""
    return CalendarUse.model_validate(found)


def day_view(found: Day) -> DayView:
    """A day as shown."""
    hours = round(found.worked.total_seconds() / 3600, 4)
    return DayView.model_validate(
        {"day": found.day, "spans": [list(s) for s in found.spans], "hours": str(hours), "why_off": found.why_off}
    )


def due_view(found: Found, start: Instant, due: Instant) -> DueView:
    """A due time as shown."""
    return DueView(start=start, due=due, calendar=found.calendar, title=found.title, because=found.because)
