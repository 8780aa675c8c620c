"""The working time of a tenant: its calendars, or the hours of its settings, or the ordinary week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from psycopg import Connection

from headgate.channel.calendars.core.book import Book, book_of
from headgate.channel.calendars.service import load_book
from headgate.channel.masters import RevisionCache
from headgate.domain.calendar import Calendar, Hours, add_working_time, calendar_from, working_time_between
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.errors import Misconfigured
from headgate.process import TenantProfile, WorkClock

WORKING_WEEK: Mapping[str, object] = {
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
PROFILE = """
select currency, timezone, settings, exists(select 1 from channel_revisions where noun = 'calendars') from tenants
"""


def tenant_profile(conn: Connection[Any], cache: RevisionCache) -> TenantProfile:
    """Currency, zone, settings and working time of the transaction's tenant. Raises `Misconfigured` when
    there is none."""
    (currency, timezone, raw), book = _read(conn, cache)

    def clock_of(partner: str | None) -> WorkClock:
        return _clock(book.of(partner).hours)

    return TenantProfile(currency, timezone, clock_of(None).deadline, raw, clock_of)


def tenant_book(conn: Connection[Any], cache: RevisionCache) -> Book:
    """Whose working hours count for whom, in the transaction's tenant. Raises `Misconfigured` when there is none."""
    return _read(conn, cache)[1]


def _read(conn: Connection[Any], cache: RevisionCache) -> tuple[tuple[str, str, dict[str, Any]], Book]:
    """Currency, zone and settings of the transaction's tenant, and its calendars."""
    row = conn.execute(PROFILE).fetchone()
    if row is None:
        raise Misconfigured("this tenant does not exist; create it first")
    currency, timezone, raw, has_calendars = row
    usual = calendar_of(raw, timezone)
    book = load_book(conn, usual, cache) if has_calendars else book_of((), (), {}, usual)
    return (currency, timezone, raw), book


@lru_cache(maxsize=4096)
def _clock(hours: Hours) -> WorkClock:
    def deadline(start: datetime, hours_: Decimal) -> datetime:
        return add_working_time(hours, start, timedelta(seconds=int(hours_ * 3600)))

    def elapsed(start: datetime, end: datetime) -> timedelta:
        return working_time_between(hours, start, end)

    return WorkClock(deadline, elapsed)


def calendar_of(settings: Mapping[str, Any], timezone: str) -> Calendar:
    """A tenant's working hours where no calendar is set: those of its settings (`calendar`) or the ordinary week."""
    return _calendar(canonical_text(settings.get("calendar") or WORKING_WEEK), timezone)


@lru_cache(maxsize=1024)
def _calendar(text: str, timezone: str) -> Calendar:
    return calendar_from({"timezone": timezone, **loads(text)})
