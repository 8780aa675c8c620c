"""Use cases of calendars: write a new version, say whose it is, find the one that counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from headgate.access import require
from headgate.channel.calendars import repo
from headgate.channel.calendars.core.book import EVER, Book, Use, Version, book_of
from headgate.channel.masters import RevisionCache, bump
from headgate.channel.partners import known_places, load_places
from headgate.domain.calendar import Calendar, calendar_from
from headgate.domain.periods import day_start, zone
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit

NOUN = "calendars"
SCOPES = ("tenant", "region", "partner")
MOST_CALENDARS = 500
MOST_USES = 5000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_KEYS = frozenset({"timezone", "hours", "country", "subdivision", "days_off", "working_days", "special_days"})
_BOOK = "book"


def change_calendar(
    conn: Connection[Any],
    ctx: Context,
    *,
    calendar: str,
    title: str,
    body: Mapping[str, object],
    reason: str,
    valid_from: date | None = None,
) -> Version:
    """Write a new calendar, or the next version of one, that holds from the start of a day in its own zone.

    Without a day, from now on; a new calendar holds from ever. Clocks that run keep the due times they have. Raises
    `Forbidden`, `Invalid` naming the field, and for a version that would begin in the past.
    """
    require(ctx.principal, "calendars.write")
    if not _NAME.fullmatch(calendar):
        raise invalid("calendar", calendar, "is not a short name", "Use lower-case letters, digits, _ and -.")
    unknown = sorted(set(body) - _KEYS)
    if unknown:
        raise invalid(
            unknown[0], "", "is not known in a calendar", phrase("Use %(names)s.", names=", ".join(sorted(_KEYS)))
        )
    held = calendar_from(body)
    conn.execute(repo.LOCK)
    before = repo.load_versions(conn)
    mine = [v for v in before if v.calendar == calendar]
    if not mine and len({v.calendar for v in before}) >= MOST_CALENDARS:
        raise Conflict(
            phrase(
                "there are %(most_calendars)s calendars already; change one that is there",
                most_calendars=MOST_CALENDARS,
            )
        )
    version = Version(
        calendar=calendar,
        version=len(mine) + 1,
        title=_line("title", title, 120),
        body=dict(body),
        valid_from=_begin(ctx, held, valid_from, first=not mine),
        reason=_line("reason", reason, 500),
        author=ctx.principal.id,
        created_at=ctx.now,
    )
    repo.add_version(conn, version)
    bump(conn, NOUN)
    details = {"version": version.version, "valid_from": version.valid_from, "body": dict(body)}
    _record(conn, ctx, "calendar.changed", calendar, {"title": version.title, "reason": version.reason, **details})
    return version


def assign_calendar(conn: Connection[Any], ctx: Context, *, scope: str, ref: str, calendar: str, reason: str) -> Use:
    """Let the tenant (`ref` empty), a region or country, or a partner use a calendar from now on; '' ends the use.

    Raises `Forbidden`, `Invalid` for a scope or reference that is none, and `NotFound` for an unknown calendar.
    """
    require(ctx.principal, "calendars.write")
    if scope not in SCOPES:
        raise invalid("scope", scope, "is not one", phrase("Use %(names)s.", names=", ".join(SCOPES)))
    if (scope == "tenant") == bool(ref):
        fix = phrase("Leave it out for the tenant.") if ref else phrase("Name the %(scope)s.", scope=scope)
        raise invalid("ref", ref, phrase("does not go with scope %(scope)s", scope=scope), fix)
    conn.execute(repo.LOCK)
    if calendar and not repo.load_versions(conn, calendar):
        raise NotFound(phrase("there is no calendar %(calendar)s", calendar=calendar))
    if calendar and ref and not known_places(conn, scope, ref):
        raise invalid(
            "ref",
            ref,
            phrase("is not a %(scope)s of any partner here", scope=scope),
            "Take it from the list of partners.",
        )
    if len(repo.load_uses(conn)) >= MOST_USES:
        raise Conflict(
            phrase(
                "there are %(most_uses)s choices already; set a calendar for regions instead of partners",
                most_uses=MOST_USES,
            )
        )
    use = Use(0, scope, ref, calendar, _line("reason", reason, 500), ctx.principal.id, ctx.now)
    use = repo.add_use(conn, use)
    bump(conn, NOUN)
    body = {"scope": scope, "ref": ref, "calendar": calendar, "reason": use.reason}
    _record(conn, ctx, "calendar.assigned" if calendar else "calendar.released", f"{scope} {ref}".strip(), body)
    return use


def list_calendars(conn: Connection[Any]) -> dict[str, list[Version]]:
    """Every calendar with its versions, newest first."""
    found: dict[str, list[Version]] = {}
    for version in repo.load_versions(conn):
        found.setdefault(version.calendar, []).insert(0, version)
    return found


def get_calendar(conn: Connection[Any], calendar: str) -> list[Version]:
    """The versions of one calendar, newest first. Raises `NotFound`."""
    found = repo.load_versions(conn, calendar)
    if not found:
        raise NotFound(phrase("there is no calendar %(calendar)s", calendar=calendar))
    return found[::-1]


def list_uses(conn: Connection[Any]) -> list[Use]:
    """Who uses which calendar now."""
    return [use for use in repo.load_uses(conn) if use.calendar]


def load_book(conn: Connection[Any], usual: Calendar, cache: RevisionCache | None = None) -> Book:
    """All calendars and their uses. `usual` counts where none is set; with a cache, nothing is read twice."""

    def load(_: object) -> dict[tuple[str, Calendar], Book]:
        uses = repo.load_uses(conn)
        regional = any(use.scope == "region" and use.calendar for use in uses)
        places = load_places(conn, cache) if regional else {}
        return {(_BOOK, usual): book_of(repo.load_versions(conn), uses, places, usual)}

    if cache is None:
        return load(())[_BOOK, usual]
    found = cache.take(conn, NOUN, [(_BOOK, usual)], load, weigh=lambda book: 1 + len(book.partners))[_BOOK, usual]
    # Where partners are is another noun, with a stamp of its own.
    return found if not found.regions else _with_places(found, load_places(conn, cache))


def _with_places(book: Book, places: Mapping[str, tuple[str, str]]) -> Book:
    return Book(book.hours, book.titles, book.tenant, book.regions, book.partners, places, book.usual)


def _begin(ctx: Context, held: Calendar, day: date | None, *, first: bool) -> datetime:
    if day is None:
        return EVER if first else ctx.now
    tz = zone(held.timezone)
    if not first and day < ctx.now.astimezone(tz).date():
        fix = phrase("Let it begin today or later; clocks that run keep their due times in any case.")
        raise invalid("valid_from", day.isoformat(), "has passed", fix)
    return day_start(day, tz)


def _line(field: str, value: str, longest: int) -> str:
    text = value.strip()
    if not text:
        raise invalid(field, value, "is empty")
    if len(text) > longest or not text.isprintable():
        raise invalid(field, value, phrase("is no line of up to %(longest)s characters", longest=longest))
    return text


def _record(conn: Connection[Any], ctx: Context, action: str, subject: str, body: dict[str, Any]) -> None:
    append_audit(conn, ctx.now, [AuditDraft(action, "calendar", subject, ctx.principal.id, body)])
