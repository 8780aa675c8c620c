"""`headgate calendars …`: working hours, holidays, and whose they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from headgate.channel import calendars
from headgate.cli.session import By, Json, Tenant, acting, print_json, read_text, say, session, table
from headgate.domain.calendar import Hours, add_working_time, calendar_on
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import invalid
from headgate.policy.core.source import read_yaml

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Its short name.")]
Region = Annotated[str, typer.Option(help="A region or country code of partners.")]
Partner = Annotated[str, typer.Option(help="A partner's code.")]
Because = Annotated[str, typer.Option("--because", help="Why; it stands in the audit chain.")]
Day = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Its first day, in its own zone.")]


@app.command("list")
def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List calendars, newest version first, and who uses them."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = calendars.list_calendars(conn)
        uses = calendars.list_uses(conn)
    rows = [_row(v) for versions in found.values() for v in versions]
    used = [{"whose": f"{u.scope} {u.ref}".strip(), "calendar": u.calendar, "since": u.set_at} for u in uses]
    if json:
        print_json({"items": rows, "uses": used})
        return
    columns = {
        "calendar": "Calendar",
        "version": "Version",
        "title": "Title",
        "timezone": "Zone",
        "valid_from": "From (UTC)",
        "author": "By",
    }
    table("Calendars", rows, columns, "No calendars: the ordinary week counts. headgate calendars set --help")
    table("Whose they are", used, {"whose": "Whose", "calendar": "Calendar", "since": "Since (UTC)"}, "")


@app.command("show")
def show(
    calendar: Name,
    month: Annotated[str, typer.Option(help="Year and month such as 2026-12; without it, this one.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show a month of a calendar, day by day: working hours, or why nobody works."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        newest = calendars.get_calendar(conn, calendar)[0]
        hours = s.app.calendars(conn).hours[calendar]
        first = _month(month) if month else ctx.now.astimezone(ZoneInfo(newest.hours.timezone)).date()
    days = [
        {
            "day": d.day.isoformat(),
            "weekday": f"{d.day:%A}",
            "hours": ", ".join(f"{a}–{b}" for a, b in d.spans),
            "worked": Decimal(str(d.worked.total_seconds())) / 3600,
            "why_off": d.why_off,
        }
        for d in calendars.month_of(hours, first)
    ]
    if json:
        print_json({**_row(newest), "body": dict(newest.body), "days": days})
        return
    columns = {"day": "Day", "weekday": "", "hours": "Works", "worked": "Hours", "why_off": "Off because"}
    zone = calendar_on(hours, datetime.combine(first, datetime.min.time(), UTC)).timezone
    table(f"{newest.title}, {first:%B %Y}, {zone}", days, columns, "")


@app.command("set")
def set_(
    calendar: Name,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="YAML or JSON: timezone, hours, country, …")
    ],
    title: Annotated[str, typer.Option(help="What people call it.")],
    because: Because,
    since: Day = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Write a calendar, or its next version. Clocks that run keep the due times they have."""
    body = read_yaml(read_text(file), file.name).plain()
    if not isinstance(body, dict):
        raise invalid(file.name, "", "is not a mapping", "Give timezone and hours.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = calendars.change_calendar(
            conn,
            acting(conn, ctx, by) if by else ctx,
            calendar=calendar,
            title=title,
            body=body,
            reason=because,
            valid_from=since.date() if since else None,
        )
    if json:
        print_json(_row(made))
    else:
        say(f"{made.calendar}@{made.version} holds from {made.valid_from:%Y-%m-%d %H:%M} UTC", wrap=False)


@app.command("use")
def use(
    calendar: Name,
    because: Because,
    region: Region = "",
    partner: Partner = "",
    by: By = "",
    tenant: Tenant = "nordwind",
) -> None:
    """Let everybody, a region or a partner use a calendar from now on. The nearest counts: partner, region, all."""
    _assign(calendar, region, partner, because, by, tenant)
    say(f"{_whose(region, partner)} works by {calendar} from now on", wrap=False)


@app.command("release")
def release(
    because: Because, region: Region = "", partner: Partner = "", by: By = "", tenant: Tenant = "nordwind"
) -> None:
    """Let everybody, a region or a partner go back to what counts without a calendar of their own."""
    _assign("", region, partner, because, by, tenant)
    say(f"{_whose(region, partner)} has no calendar of its own any more", wrap=False)


@app.command("due")
def due(
    hours: Annotated[str, typer.Argument(help="Working hours, for example 16 or 0.5.")],
    start: Annotated[str, typer.Option("--from", help="An instant; without it, now.")] = "",
    partner: Partner = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Say when so many working hours are over, by whose calendar."""
    wanted = _hours(hours)
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        found = s.app.calendars(conn).of(partner or None)
        begin = parse_instant("from", start) if start else ctx.now
    end = add_working_time(found.hours, begin, wanted)
    row = {"from": begin, "due": end, "calendar": found.calendar, "because": found.because}
    if json:
        print_json(row)
    else:
        local = _local(found.hours, end)
        say(f"due {local:%A %Y-%m-%d %H:%M %Z} by {found.title} ({found.because})", wrap=False)


def _assign(calendar: str, region: str, partner: str, because: str, by: str, tenant: str) -> None:
    if region and partner:
        raise invalid("--region", region, "stands beside --partner", "Give one of the two.")
    scope = "region" if region else "partner" if partner else "tenant"
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        calendars.assign_calendar(conn, who, scope=scope, ref=region or partner, calendar=calendar, reason=because)


def _whose(region: str, partner: str) -> str:
    return f"region {region}" if region else f"partner {partner}" if partner else "everybody"


def _row(version: calendars.Version) -> dict[str, Any]:
    return {
        "calendar": version.calendar,
        "version": version.version,
        "title": version.title,
        "timezone": version.hours.timezone,
        "valid_from": version.valid_from,
        "author": version.author,
        "reason": version.reason,
    }


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise invalid("--month", text, "is not a month", "Write it like 2026-12.") from None


def _hours(text: str) -> timedelta:
    try:
        hours = Decimal(text)
        return timedelta(seconds=float(hours * 3600))
    except (InvalidOperation, ValueError, OverflowError):
        raise invalid("hours", text, "is not a number of hours", "Write it like 16 or 0.5.") from None


def _local(hours: Hours, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(calendar_on(hours, at).timezone))
