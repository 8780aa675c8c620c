"""All calendars of a tenant and who uses which: the nearest wins, partner before region before tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from headgate.domain.calendar import Calendar, Hours, Timetable, calendar_from

# From when a calendar's first version holds unless it says a day: before anything that is counted.
EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a calendar. It holds from `valid_from` until the next one's; of two that begin together the later
    one counts. `body` is its JSON form, see `headgate.domain.calendar.calendar_from`."""

    calendar: str
    version: int
    title: str
    body: Mapping[str, Any]
    valid_from: datetime
    reason: str
    author: str
    created_at: datetime

    @property
    def hours(self) -> Calendar:
        """The calendar itself."""
        return calendar_from(self.body)


@dataclass(frozen=True, slots=True)
class Use:
    """Who a calendar is for: the tenant (`ref` empty), a region or country, or a partner. No calendar ends a use.

    Changes count 1, 2, 3, …
    """

    change: int
    scope: str
    ref: str
    calendar: str
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The calendar that counts for somebody, and why: by which use. `title` is for people."""

    calendar: str
    title: str
    because: str
    hours: Hours


@dataclass(frozen=True, slots=True)
class Book:
    """Timetables by calendar, and which calendar each tenant (''), region and partner uses."""

    hours: Mapping[str, Timetable]
    titles: Mapping[str, str]
    tenant: str
    regions: Mapping[str, str]
    partners: Mapping[str, str]
    places: Mapping[str, tuple[str, str]]
    usual: Calendar

    def of(self, partner: str | None) -> Found:
        """The calendar that counts for a partner; without one, the tenant's own."""
        if partner and partner in self.partners:
            return self._found(self.partners[partner], f"set for partner {partner}")
        for place in self.places.get(partner or "", ()):
            if place in self.regions:
                return self._found(self.regions[place], f"set for region {place}")
        if self.tenant:
            return self._found(self.tenant, "set for everybody")
        return Found("", "the ordinary week", "no calendar is set", self.usual)

    def _found(self, calendar: str, because: str) -> Found:
        return Found(calendar, self.titles[calendar], because, self.hours[calendar])


def timetable(versions: Iterable[Version]) -> Timetable:
    """The versions of one calendar as what holds from when."""
    begins = {v.valid_from: v.hours for v in sorted(versions, key=lambda v: v.version)}
    return Timetable(tuple(sorted(begins.items(), key=lambda era: era[0])))


def book_of(
    versions: Sequence[Version], uses: Sequence[Use], places: Mapping[str, tuple[str, str]], usual: Calendar
) -> Book:
    """The book of a tenant. `uses` are those that count now, `places` region and country of partners."""
    named: dict[str, list[Version]] = {}
    for version in versions:
        named.setdefault(version.calendar, []).append(version)
    by_scope: dict[str, dict[str, str]] = {"tenant": {}, "region": {}, "partner": {}}
    for use in uses:
        if use.calendar:
            by_scope[use.scope][use.ref] = use.calendar
    return Book(
        hours={name: timetable(found) for name, found in named.items()},
        titles={name: max(found, key=lambda v: v.version).title for name, found in named.items()},
        tenant=by_scope["tenant"].get("", ""),
        regions=by_scope["region"],
        partners=by_scope["partner"],
        places=places,
        usual=usual,
    )
