"""Business calendars: the list and whose they are, a year of one, and the form that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from headgate.console.views.common import FormError, Option, Person, View


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A calendar by its newest version. `week` is a line of hours, `used_by` who works by it."""

    name: str
    title: str
    zone: str
    week: str
    holidays: str
    used_by: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True)
class UseRow:
    """Whose hours count: everybody's, a region's or a partner's."""

    scope: str
    ref: str
    who: str
    title: str
    href: str
    reason: str
    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class PauseRow:
    """What lets the clock of a stage stand still."""

    process: str
    href: str
    stage: str
    because: str
    on: str
    until: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """When so many working hours end that start at `start`, and by whose calendar. `zone` is that calendar's, and
    `local` the same instant as its clocks show it."""

    hours: str
    start: datetime
    due: datetime
    local: str
    title: str
    because: str
    zone: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What the reader asked the preview: as typed."""

    hours: str
    partner: str = ""
    start: str = ""


class _WithErrors:
    """A form's errors by field; '' is what belongs to none."""

    __slots__ = ()
    errors: tuple[FormError, ...]

    def error(self, field: str) -> str:
        return " ".join(each.message for each in self.errors if each.field == field)


@dataclass(frozen=True, slots=True)
class CalendarsView(_WithErrors, View):
    """All calendars. `usual` says what counts where none is set."""

    template: ClassVar[str] = "calendars.html"
    nav: ClassVar[str] = "calendars"

    rows: tuple[CalendarRow, ...]
    uses: tuple[UseRow, ...]
    pauses: tuple[PauseRow, ...]
    usual: str
    ask: Ask
    due: Due | None
    may_write: bool
    choices: tuple[Option, ...] = ()
    places: tuple[Option, ...] = ()
    form: Mapping[str, str] | None = None
    errors: tuple[FormError, ...] = ()

    def typed(self, field: str) -> str:
        """What was typed into the form before it was refused."""
        return (self.form or {}).get(field, "")


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of the year. `kind`: work, other (hours unlike its weekday's), holiday, off."""

    number: int
    kind: str
    said: str
    today: bool = False


@dataclass(frozen=True, slots=True)
class MonthGrid:
    """A month as weeks that begin on Monday; None where a week reaches into another month."""

    first: date
    weeks: tuple[tuple[DayCell | None, ...], ...]
    worked_days: int


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date that is unlike its weekday, and why or how."""

    day: date
    said: str
    kind: str


@dataclass(frozen=True, slots=True)
class YearView:
    """A year at a glance."""

    year: int
    months: tuple[MonthGrid, ...]
    special: tuple[SpecialDay, ...]
    days: int
    hours: Decimal


@dataclass(frozen=True, slots=True)
class CalendarVersionRow:
    """A version of a calendar."""

    version: int
    since: datetime | None
    state: str
    by: Person
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CalendarView(_WithErrors, View):
    """One calendar and a year of it."""

    template: ClassVar[str] = "calendar.html"
    nav: ClassVar[str] = "calendars"

    name: str
    title: str
    zone: str
    holidays: str
    week: tuple[tuple[str, str], ...]
    used_by: tuple[str, ...]
    year: YearView
    earlier: str
    later: str
    versions: tuple[CalendarVersionRow, ...]
    ask: Ask
    due: Due | None
    may_write: bool
    errors: tuple[FormError, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarEditView(_WithErrors, View):
    """A new calendar, or the next version of one. `fields` are as typed; `year` shows what they would mean."""

    template: ClassVar[str] = "calendar_edit.html"
    nav: ClassVar[str] = "calendars"

    name: str
    title: str
    fields: Mapping[str, str]
    weekdays: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]
    year: YearView | None = None
    errors: tuple[FormError, ...] = ()

    def typed(self, field: str) -> str:
        return self.fields.get(field, "")
