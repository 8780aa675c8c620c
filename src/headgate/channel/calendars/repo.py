"""SQL of calendars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from headgate.channel.calendars.core.book import Use, Version
from headgate.store import jsonb

VERSIONS = """
select calendar, version, title, body, valid_from, reason, author, created_at
from calendar_versions where %(calendar)s::text is null or calendar = %(calendar)s order by calendar, version
"""
# The newest change of each scope and reference is what counts.
USES = """
select distinct on (scope, ref) change, scope, ref, calendar, reason, set_by, set_at
from calendar_uses order by scope, ref, change desc
"""
ADD_VERSION = """
insert into calendar_versions (calendar, version, title, body, valid_from, reason, author, created_at)
values (%(calendar)s, %(version)s, %(title)s, %(body)s, %(valid_from)s, %(reason)s, %(author)s, %(now)s)
"""
ADD_USE = """
insert into calendar_uses (change, scope, ref, calendar, reason, set_by, set_at)
select coalesce(max(change), 0) + 1, %s, %s, %s, %s, %s, %s from calendar_uses returning change
"""
# One change of calendars at a time: a version's number and the newest use follow from what is committed.
LOCK = "select pg_advisory_xact_lock(hashtextextended('calendars' || current_setting('headgate.tenant'), 0))"


def load_versions(conn: Connection[Any], calendar: str | None = None) -> list[Version]:
    """The versions of one calendar, or of all, oldest first."""
    with conn.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(VERSIONS, {"calendar": calendar}).fetchall()


def load_uses(conn: Connection[Any]) -> list[Use]:
    """What each tenant, region and partner with a choice of its own uses now; ended ones have no calendar."""
    with conn.cursor(row_factory=class_row(Use)) as cursor:
        return cursor.execute(USES).fetchall()


def add_version(conn: Connection[Any], version: Version) -> None:
    """Store a new version."""
    conn.execute(
        ADD_VERSION,
        {
            "calendar": version.calendar,
            "version": version.version,
            "title": version.title,
            "body": jsonb(dict(version.body)),
            "valid_from": version.valid_from,
            "reason": version.reason,
            "author": version.author,
            "now": version.created_at,
        },
    )


def add_use(conn: Connection[Any], use: Use) -> Use:
    """Store who uses a calendar from now on, as the next change."""
    row = conn.execute(ADD_USE, (use.scope, use.ref, use.calendar, use.reason, use.set_by, use.set_at)).fetchone()
    assert row is not None
    return replace(use, change=row[0])
