"""Calendars as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from headgate.channel.calendars import Day, Found, Use, Version, usual_spans, year_of
from headgate.console import urls
from headgate.console.present.calendar_form import said
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.calendars import (
    CalendarRow,
    CalendarVersionRow,
    DayCell,
    Due,
    MonthGrid,
    PauseRow,
    SpecialDay,
    UseRow,
    YearView,
)
from headgate.console.views.common import Option
from headgate.domain.calendar import NO_HOURS, WEEKDAYS, Calendar, Hours, calendar_on
from headgate.domain.periods import zone
from headgate.kernel.phrases import Opening, phrase, worded
from headgate.process import Definition

WEEKDAY_NAMES: Final = (
    phrase("Monday"),
    phrase("Tuesday"),
    phrase("Wednesday"),
    phrase("Thursday"),
    phrase("Friday"),
    phrase("Saturday"),
    phrase("Sunday"),
)
MOST_PLACES: Final = 500


def rows(found: Mapping[str, Sequence[Version]], uses: Sequence[Use], names: Names) -> tuple[CalendarRow, ...]:
    """The calendars by name. `found` has each one's versions, newest first."""
    return tuple(
        CalendarRow(
            name=name,
            title=versions[0].title,
            zone=versions[0].hours.timezone,
            week=week_line(versions[0].hours),
            holidays=holidays(versions[0].hours),
            used_by=users(name, uses, names),
            href=urls.calendar(name),
        )
        for name, versions in sorted(found.items(), key=lambda each: each[1][0].title.casefold())
    )


def use_rows(uses: Iterable[Use], titles: Mapping[str, str], names: Names) -> tuple[UseRow, ...]:
    """Who works by which calendar: everybody first, then regions, then partners."""
    order = {"tenant": 0, "region": 1, "partner": 2}
    return tuple(
        UseRow(
            scope=use.scope,
            ref=use.ref,
            who=who(use, names),
            title=titles.get(use.calendar, use.calendar),
            href=urls.calendar(use.calendar),
            reason=use.reason,
            by=names.person(use.set_by),
            at=use.set_at,
        )
        for use in sorted(uses, key=lambda use: (order[use.scope], use.ref))
    )


def who(use: Use, names: Names) -> str:
    """Whom a use is about, in words."""
    if use.scope == "tenant":
        return phrase("Everybody")
    partner = names.partner(use.ref) if use.scope == "partner" else None
    return partner.name if partner is not None else phrase("Partners in %(ref)s", ref=use.ref)


def users(name: str, uses: Iterable[Use], names: Names) -> tuple[str, ...]:
    """Who works by a calendar."""
    return tuple(each.who for each in use_rows((u for u in uses if u.calendar == name), {}, names))


def week_line(calendar: Calendar) -> str:
    """The week in a line: days with the same hours together."""
    parts: list[tuple[list[int], str]] = []
    for place, spans in enumerate(week_spans(calendar)):
        if not spans:
            continue
        if parts and parts[-1][1] == spans and parts[-1][0][-1] == place - 1:
            parts[-1][0].append(place)
        else:
            parts.append(([place], spans))
    return "; ".join(f"{_days(days)} {spans}" for days, spans in parts)


def week_spans(calendar: Calendar) -> tuple[str, ...]:
    """The hours of each weekday, Monday first; '' for one that is off."""
    return tuple(
        said([(f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}") for a, b in spans]) for spans in calendar.hours
    )


def holidays(calendar: Calendar) -> str:
    """Whose public holidays are off; '' for nobody's."""
    return "-".join(filter(None, (calendar.country, calendar.subdivision)))


def year_view(hours: Hours, year: int, today: date) -> YearView:
    """A year at a glance, with what is unlike its weekday told apart."""
    days = year_of(hours, year)
    months = tuple(_month(hours, month, today) for month in days)
    every = [day for month in days for day in month]
    worked = sum((day.worked for day in every), timedelta())
    special = tuple(
        SpecialDay(day.day, _said(day, kind), kind)
        for day in every
        if (kind := _kind(hours, day)) in ("holiday", "other")
    )
    total = (Decimal(worked // timedelta(minutes=1)) / 60).quantize(Decimal("0.1"))
    return YearView(year, months, special, sum(1 for day in every if day.worked), total)


def due_of(found: Found, hours: str, start: datetime, due: datetime, lens: Lens) -> Due:
    """When something is due, and by whose clock."""
    held = calendar_on(found.hours, due).timezone
    local = due.astimezone(zone(held))
    away = local.utcoffset() != due.astimezone(lens.fmt.zone).utcoffset()
    return Due(hours, start, due, f"{local:%H:%M}" if away else "", found.title, found.because, held)


def version_rows(
    versions: Sequence[Version], names: Names, now: datetime, ever: datetime
) -> tuple[CalendarVersionRow, ...]:
    """The versions of a calendar, newest first. The first one holds from ever."""
    begun = [v for v in versions if v.valid_from <= now]
    current = max(begun, key=lambda v: (v.valid_from, v.version), default=None)
    return tuple(
        CalendarVersionRow(
            version=v.version,
            since=v.valid_from if v.valid_from > ever else None,
            state="active" if v is current else "approved" if v.valid_from > now else "retired",
            by=names.person(v.author),
            at=v.created_at,
            reason=v.reason,
        )
        for v in versions
    )


def pause_rows(definitions: Iterable[Definition]) -> tuple[PauseRow, ...]:
    """What stops clocks, in the versions in force."""
    return tuple(
        PauseRow(
            worded(d.title),
            urls.process(d.process),
            worded(stage.title),
            Opening(worded(pause.because)),
            pause.on,
            pause.until,
        )
        for d in definitions
        for stage in d.stages.values()
        if stage.sla is not None
        for pause in stage.sla.pauses
    )


def place_options(places: Mapping[str, tuple[str, str]]) -> tuple[Option, ...]:
    """Countries and regions of partners, then partners; as many as a list can bear."""
    regions = sorted({place for pair in places.values() for place in pair if place})
    return tuple(
        [Option(place, phrase("region or country")) for place in regions][:MOST_PLACES]
        + [Option(code, phrase("partner")) for code in sorted(places)][:MOST_PLACES]
    )


def weekdays() -> tuple[tuple[str, str], ...]:
    """Key and name of each day of the week."""
    return tuple(zip(WEEKDAYS, WEEKDAY_NAMES, strict=True))


def _month(hours: Hours, days: Sequence[Day], today: date) -> MonthGrid:
    cells: list[DayCell | None] = [None] * days[0].day.weekday()
    for day in days:
        kind = _kind(hours, day)
        cells.append(DayCell(day.day.day, kind, _said(day, kind), today=day.day == today))
    cells += [None] * (-len(cells) % 7)
    weeks = tuple(tuple(cells[i : i + 7]) for i in range(0, len(cells), 7))
    return MonthGrid(days[0].day, weeks, sum(1 for day in days if day.worked))


def _kind(hours: Hours, day: Day) -> str:
    if day.why_off:
        return "off" if day.why_off == NO_HOURS else "holiday"
    return "work" if day.spans == usual_spans(hours, day.day) else "other"


def _said(day: Day, kind: str) -> str:
    if kind in ("off", "holiday"):
        return day.why_off[:1].upper() + day.why_off[1:]
    # The sum tells a day with a skipped or a doubled hour.
    hours = Decimal(day.worked // timedelta(minutes=1)) / 60
    return said(day.spans) if kind == "work" else f"{said(day.spans)} ({round(hours, 2).normalize():f} h)"


def _days(places: Sequence[int]) -> str:
    first = WEEKDAY_NAMES[places[0]][:3]
    if len(places) == 1:
        return first
    return f"{first}{'–' if len(places) > 2 else ', '}{WEEKDAY_NAMES[places[-1]][:3]}"
