"""Business calendars: whose hours count, a year at a glance, when something would be due, and changing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import available_timezones

from headgate.channel.calendars import (
    EVER,
    Book,
    Found,
    assign_calendar,
    change_calendar,
    get_calendar,
    list_calendars,
    list_uses,
)
from headgate.channel.partners import load_places
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import calendar_form
from headgate.console.present import calendars as present
from headgate.console.views.calendars import Ask, CalendarEditView, CalendarsView, CalendarView, Due, YearView
from headgate.console.views.common import FormError, Notice, Option
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.domain.calendar import WEEKDAYS, add_working_time, calendar_from, calendar_on
from headgate.kernel.errors import Conflict, HeadgateError, Invalid, NotFound, invalid
from headgate.kernel.phrases import Phrase, joined, phrase, sentence
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

READ, WRITE = ("cases.read",), ("calendars.write",)
USUAL_HOURS = "8"
FIRST_YEAR, LAST_YEAR = 1990, 2100
# Which field of the form a word of the calendar's own form stands in.
_FIELDS = {"country": "holidays", "subdivision": "holidays"}
_KNOWN = frozenset(
    {
        *WEEKDAYS,
        "hours",
        "title",
        "name",
        "timezone",
        "holidays",
        "days_off",
        "working_days",
        "special_days",
        "from",
        "reason",
    }
)


def show_all(visit: Visit) -> Answer:
    """Every calendar, whose they are, and when something would be due."""
    return _all(visit, None, ())


def assign(visit: Visit) -> Answer:
    """Let everybody, a region or a partner work by a calendar from now on."""
    form = visit.form
    scope, ref = form.get("scope", ""), form.get("ref", "").strip()
    try:
        calendar = form.get("calendar", "")
        if not calendar:
            raise invalid("calendar", "", "is missing", "Choose one.")
        made = assign_calendar(
            visit.conn,
            visit.ctx,
            scope=scope,
            ref="" if scope == "tenant" else ref,
            calendar=calendar,
            reason=form.get("reason", ""),
        )
    except (Invalid, NotFound, Conflict) as error:
        return Shown(_all(visit, form, _errors(error, ("scope", "ref", "calendar", "reason"))), 422)
    named = present.who(made, names_of(visit, partners=[ref] if scope == "partner" else []))
    return Go(
        urls.CALENDARS,
        Notice("done", phrase("%(named)s: clocks that start from now on count these hours.", named=named)),
    )


def release(visit: Visit) -> Answer:
    """Let a use end: the next nearest calendar counts from then on."""
    form = visit.form
    try:
        assign_calendar(
            visit.conn,
            visit.ctx,
            scope=form.get("scope", ""),
            ref=form.get("ref", ""),
            calendar="",
            reason=form.get("reason", ""),
        )
    except (Invalid, NotFound, Conflict) as error:
        return Go(urls.CALENDARS, Notice("risk", phrase("Not ended: %(message)s", message=sentence(error.message))))
    return Go(urls.CALENDARS, Notice("done", phrase("It has ended. Clocks that run keep the due times they have.")))


def show(visit: Visit) -> Answer:
    """A year of one calendar."""
    name = visit.code("calendar")
    versions = get_calendar(visit.conn, name)
    uses = list_uses(visit.conn)
    mine = [use for use in uses if use.calendar == name]
    names = names_of(
        visit,
        people={v.author for v in versions} | {u.set_by for u in mine},
        partners={u.ref for u in mine if u.scope == "partner"},
    )
    hours = visit.app.calendars(visit.conn).hours[name]
    held = calendar_on(hours, visit.now)
    year = _year(visit)
    ask = Ask(visit.text("hours") or USUAL_HOURS, start=visit.text("start"))
    due, errors = _due(visit, ask, Found(name, versions[0].title, phrase("this calendar"), hours))
    return CalendarView(
        name=name,
        title=versions[0].title,
        zone=held.timezone,
        holidays=present.holidays(held),
        week=tuple(zip(present.WEEKDAY_NAMES, present.week_spans(held), strict=True)),
        used_by=present.users(name, mine, names),
        year=present.year_view(hours, year, visit.today()),
        earlier=urls.calendar(name, year - 1) if year > FIRST_YEAR else "",
        later=urls.calendar(name, year + 1) if year < LAST_YEAR else "",
        versions=present.version_rows(versions, names, visit.now, EVER),
        ask=ask,
        due=due,
        may_write=visit.may(*WRITE),
        errors=errors,
    )


def new(visit: Visit) -> Answer:
    """The form for a new calendar, with the ordinary week of the tenant's zone."""
    week = dict.fromkeys(WEEKDAYS[:5], "09:00-17:00")
    return _form(visit, "", "", {"timezone": visit.tenant.timezone, **week}, ())


def edit(visit: Visit) -> Answer:
    """The form for the next version, with what the newest says."""
    name = visit.code("calendar")
    newest = get_calendar(visit.conn, name)[0]
    return _form(visit, name, newest.title, {"title": newest.title, **calendar_form.typed(newest.body)}, ())


def create(visit: Visit) -> Answer:
    """Write a new calendar. A name that is taken is refused: the next version is written on its own page."""
    name = visit.form.get("name", "").strip()
    if not visit.form.get("look") and name in list_calendars(visit.conn):
        taken = FormError("name", phrase("There is a calendar %(value)s already. Open it to change it.", value=name))
        return Shown(_form(visit, "", "", visit.form, (taken,)), 422)
    return _write(visit, "", name)


def change(visit: Visit) -> Answer:
    """Write the next version, or only look at the year it would make."""
    name = visit.code("calendar")
    get_calendar(visit.conn, name)
    return _write(visit, name, name)


def _write(visit: Visit, known: str, name: str) -> Answer:
    form = visit.form
    title = form.get("title", "")
    try:
        body = calendar_form.body_of(form)
        if form.get("look"):
            year = present.year_view(calendar_from(body), _begin(form, visit).year, visit.today())
            return _form(visit, known, title, form, (), year)
        made = change_calendar(
            visit.conn,
            visit.ctx,
            calendar=name,
            title=title,
            body=body,
            reason=form.get("reason", ""),
            valid_from=_begin(form, visit) if form.get("from", "").strip() else None,
        )
    except (Invalid, NotFound, Conflict) as error:
        return Shown(_form(visit, known, title, form, _errors(error, _KNOWN)), 422)
    said = (
        phrase("It holds from now on.")
        if made.version == 1
        else phrase("Clocks that run keep the due times they have.")
    )
    return Go(
        urls.calendar(name),
        Notice(
            "done",
            phrase(
                "Version %(version)s of %(title)s is written. %(said)s",
                version=made.version,
                title=made.title,
                said=said,
            ),
        ),
    )


def _form(
    visit: Visit,
    name: str,
    title: str,
    fields: Mapping[str, str],
    errors: tuple[FormError, ...],
    year: YearView | None = None,
) -> CalendarEditView:
    zones = tuple(sorted(z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "posix", "right"))))
    return CalendarEditView(name, title, fields, present.weekdays(), ("UTC", *zones), year, errors)


def _begin(form: Mapping[str, str], visit: Visit) -> date:
    text = form.get("from", "").strip()
    try:
        day = date.fromisoformat(text) if text else visit.today()
    except ValueError:
        raise invalid("from", text, "is not a day", "Write it like 2026-12-24.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise invalid(
            "from", text, "is too far away", phrase("Use a day up to the year %(last_year)s.", last_year=LAST_YEAR)
        )
    return day


def _all(visit: Visit, form: Mapping[str, str] | None, errors: tuple[FormError, ...]) -> CalendarsView:
    found, uses = list_calendars(visit.conn), list_uses(visit.conn)
    ask = Ask(visit.text("hours") or USUAL_HOURS, visit.text("partner"), visit.text("start"))
    names = names_of(
        visit, people={u.set_by for u in uses}, partners={u.ref for u in uses if u.scope == "partner"} | {ask.partner}
    )
    places = load_places(visit.conn, visit.app.cache)
    book = visit.app.calendars(visit.conn)
    due, wrong = _preview(visit, ask, book, places)
    titles = {name: versions[0].title for name, versions in found.items()}
    return CalendarsView(
        rows=present.rows(found, uses, names),
        uses=present.use_rows(uses, titles, names),
        pauses=present.pause_rows(visit.app.engine.definitions.installed(visit.conn).current.values()),
        usual=f"{present.week_line(book.usual)} in {book.usual.timezone}",
        ask=ask,
        due=due,
        may_write=visit.may(*WRITE),
        choices=tuple(Option(name, title) for name, title in sorted(titles.items(), key=lambda each: each[1])),
        places=present.place_options(places),
        form=form,
        errors=(*errors, *wrong),
    )


def _preview(
    visit: Visit, ask: Ask, book: Book, places: Mapping[str, tuple[str, str]]
) -> tuple[Due | None, tuple[FormError, ...]]:
    if ask.partner and ask.partner not in places:
        return None, (
            FormError(
                "partner", phrase("There is no partner %(partner)s. Use the code from the list.", partner=ask.partner)
            ),
        )
    return _due(visit, ask, book.of(ask.partner or None))


def _due(visit: Visit, ask: Ask, found: Found) -> tuple[Due | None, tuple[FormError, ...]]:
    """When so many working hours that start then, or now, are over."""
    try:
        hours = _hours(ask.hours)
        start = visit.now if not ask.start else _start(visit, ask.start)
        due = add_working_time(found.hours, start, timedelta(minutes=float(hours * 60)))
    except Invalid as error:
        return None, _errors(error, ("hours", "start"), {"duration": "hours"})
    return present.due_of(found, f"{hours.normalize():f}", start, due, visit.lens), ()


def _hours(text: str) -> Decimal:
    try:
        hours = Decimal(text.replace(",", "."))
    except InvalidOperation:
        hours = Decimal(-1)
    if not hours.is_finite() or not Decimal(0) < hours <= 10_000 or round(hours, 4) != hours:
        raise invalid("hours", text, "are no working hours", "Write a number over 0, for example 8 or 1.5.")
    return hours


def _start(visit: Visit, text: str) -> datetime:
    """A time on the reader's clock, which the answer is shown by, too; in a skipped hour, the moment of the jump."""
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=visit.lens.fmt.zone)
    except ValueError:
        raise invalid("start", text, "is not a time", "Write it like 2026-03-31T09:00.") from None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise invalid(
            "start",
            text,
            "is too far away",
            phrase("Use a year from %(first_year)s to %(last_year)s.", first_year=FIRST_YEAR, last_year=LAST_YEAR),
        )
    return local.astimezone(UTC)


def _year(visit: Visit) -> int:
    text = visit.text("year")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else visit.today().year


def _errors(
    error: HeadgateError, known: Sequence[str] | frozenset[str], called: Mapping[str, str] = _FIELDS
) -> tuple[FormError, ...]:
    """What is wrong, beside its field where there is one."""
    found = []
    for problem in error.problems:
        group, _, part = problem.field.partition(".")
        field = part if group == "hours" and part else called.get(group, {"valid_from": "from"}.get(group, group))
        field = {"calendar": "name"}.get(field, field) if "name" in known else field
        called_so = {"name": phrase("The short name"), "from": phrase("The first day"), "ref": phrase("This")}
        label: Phrase = called_so.get(field, humanise(field))
        if problem.value:
            label = joined(" ", [label, f"‘{problem.value}’"])
        found.append(FormError(field if field in known else "", problem_told(problem, label)))
    return tuple(found) or (FormError("", sentence(error.message)),)


DOORS = (
    Door("GET", urls.CALENDARS, READ, show_all),
    Door("POST", urls.CALENDAR_USES, WRITE, assign),
    Door("POST", f"{urls.CALENDAR_USES}/end", WRITE, release),
    Door("GET", urls.CALENDAR_NEW, WRITE, new),
    Door("POST", urls.CALENDAR_NEW, WRITE, create),
    Door("GET", urls.calendar("{calendar}"), READ, show),
    Door("GET", urls.calendar_edit("{calendar}"), WRITE, edit),
    Door("POST", urls.calendar_edit("{calendar}"), WRITE, change),
)
