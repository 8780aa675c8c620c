"""Choosing how pages and mails are written for oneself: time zone, and whose way of writing numbers and dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from starlette.requests import Request

from headgate.access import LiveSession, Tenant
from headgate.access.mailing import choose_reading, regions, usual_zones
from headgate.identity.views import HowToRead, RegionChoice
from headgate.kernel.context import Context
from headgate.ui.countries import country
from headgate.ui.figures import number
from headgate.ui.languages import language_of
from headgate.ui.reading import ZONE_COOKIE, reading_of, reading_zone
from headgate.ui.times import day

# Enough figures to show every separator.
_SAMPLE: Final = Decimal("12345.67")


def reading_choice(
    tenant: Tenant, request: Request, live: LiveSession, now: datetime, typed: str | None = None
) -> HowToRead:
    """What somebody has chosen, for the page of their account; `typed` stands in for their zone where it was wrong."""
    reading = reading_of(tenant, request.cookies, request.headers.get("accept-language", ""), live)
    language = language_of(reading.locale)
    offered = regions(language) | ({live.region} if live.region else set())
    today = now.astimezone(ZoneInfo(tenant.timezone))
    choices = (RegionChoice(code, *_sample(code, reading.locale, today)) for code in offered)
    return HowToRead(
        timezone=live.timezone if typed is None else typed,
        told=reading_zone(tenant.timezone, "", request.cookies.get(ZONE_COOKIE, "")),
        usual=tenant.timezone,
        zones=usual_zones(),
        region=live.region,
        regions=tuple(sorted(choices, key=lambda each: each.name)),
    )


def keep_reading(conn: Connection[Any], ctx: Context, form: Mapping[str, str]) -> None:
    """Keep what the form of the account page says. Raises `Invalid`."""
    zone, region = form.get("timezone", "").strip()[:64], form.get("region", "").strip()[:2]
    choose_reading(conn, ctx, timezone=zone, region=region)


def _sample(code: str, locale: str, today: datetime) -> tuple[str, str]:
    """A region's name, and how it writes a number and a day; no sample where the reader's language is not written."""
    language = language_of(locale)
    if code not in regions(language):
        return country(code, locale), ""
    theirs = f"{language}_{code}"
    return country(code, locale), f"{number(_SAMPLE, theirs)} · {day(today.date(), ZoneInfo('UTC'), theirs)}"
