"""Business calendars: working hours, holidays, whose they are, and when something is due."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import CalendarsWrite, CasesRead
from headgate.api.idempotency import Once, write_once
from headgate.api.models.calendars import (
    Assign,
    CalendarUse,
    CalendarVersion,
    DueView,
    Month,
    Write,
    day_view,
    due_view,
    use_view,
    version_view,
)
from headgate.api.models.common import PageOf
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Instant
from headgate.api.strict import StrictRoute
from headgate.channel import calendars
from headgate.domain.calendar import add_working_time
from headgate.kernel.errors import NotFound, invalid

router = APIRouter(route_class=StrictRoute, tags=["calendars"])
CalendarPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


@router.get("/calendars", responses=problems(*READ))
def list_all_calendars(caller: CasesRead) -> PageOf[CalendarVersion]:
    """Every version of every calendar, newest first within a calendar."""
    with caller.reading() as conn:
        found = calendars.list_calendars(conn)
    return PageOf(items=[version_view(v) for versions in found.values() for v in versions])


@router.get("/calendars/{calendar}", responses=problems(*FIND))
def read_calendar(caller: CasesRead, calendar: CalendarPath) -> PageOf[CalendarVersion]:
    """The versions of one calendar, newest first."""
    with caller.reading() as conn:
        return PageOf(items=[version_view(v) for v in calendars.get_calendar(conn, calendar)])


@router.get("/calendars/{calendar}/months/{month}", responses=problems(*FIND, 422))
def read_month(
    caller: CasesRead, calendar: CalendarPath, month: Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}$")]
) -> Month:
    """A month day by day: working hours, or why nobody works."""
    first = _day("month", f"{month}-01")
    with caller.reading() as conn:
        book = caller.app.calendars(conn)
    if calendar not in book.hours:
        raise NotFound(f"there is no calendar {calendar}")
    days = [day_view(d) for d in calendars.month_of(book.hours[calendar], first)]
    return Month(calendar=calendar, title=book.titles[calendar], days=days)


@router.post(
    "/calendars/{calendar}/versions", status_code=201, response_model=CalendarVersion, responses=problems(*WRITE)
)
def write_calendar(
    request: Request, caller: CalendarsWrite, calendar: CalendarPath, body: Write, once: Once = None
) -> Response:
    """Write a calendar, or its next version. Clocks that run keep the due times they have."""
    hours = body.model_dump(exclude={"title", "reason", "valid_from"}, exclude_defaults=True)

    def act(conn: Connection[Any]) -> CalendarVersion:
        made = calendars.change_calendar(
            conn,
            caller.ctx,
            calendar=calendar,
            title=body.title,
            body=hours,
            reason=body.reason,
            valid_from=None if body.valid_from is None else _day("valid_from", body.valid_from),
        )
        return version_view(made)

    return write_once(request, caller, once, body, act, status=201)


@router.get("/calendar-uses", responses=problems(*READ))
def list_calendar_uses(caller: CasesRead) -> PageOf[CalendarUse]:
    """Who works by which calendar. The nearest counts: partner, region, tenant."""
    with caller.reading() as conn:
        return PageOf(items=[use_view(u) for u in calendars.list_uses(conn)])


@router.post("/calendar-uses", status_code=201, response_model=CalendarUse, responses=problems(*WRITE))
def assign(request: Request, caller: CalendarsWrite, body: Assign, once: Once = None) -> Response:
    """Let the tenant, a region or a partner work by a calendar from now on; an empty calendar ends it."""

    def act(conn: Connection[Any]) -> CalendarUse:
        made = calendars.assign_calendar(
            conn, caller.ctx, scope=body.scope, ref=body.ref, calendar=body.calendar, reason=body.reason
        )
        return use_view(made)

    return write_once(request, caller, once, body, act, status=201)


@router.get("/due-time", responses=problems(*READ, 422))
def due_time(
    caller: CasesRead,
    hours: Annotated[str, Query(pattern=r"^[0-9]{1,5}(\.[0-9]{1,4})?$", description="Working hours.")],
    start: Annotated[Instant | None, Query(description="Left out, now.")] = None,
    partner: Annotated[str, Query(max_length=64, pattern=r"^[^\u0000]*$")] = "",
) -> DueView:
    """When so many working hours are over, and by whose calendar."""
    with caller.reading() as conn:
        found = caller.app.calendars(conn).of(partner or None)
    begin = start or caller.ctx.now
    return due_view(found, begin, add_working_time(found.hours, begin, timedelta(hours=float(hours))))


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(field, text, "is not a day of the calendar", "Write it like 2026-12-24.") from None
