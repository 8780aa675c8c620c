"""Choosing which mails one gets, and how pages and mails are written for one: language, time zone, region. Every change
is in the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from psycopg import Connection

from headgate.access.branding import WORD_LANGUAGES
from headgate.access.mailing.kinds import KINDS
from headgate.access.mailing.places import check_region, check_zone
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid

_READ: Final = """
select principal, language, timezone, region, off from mail_choices where principal = any(%(principals)s)
"""
# Made first, so that the row can be locked: two changes at once both count.
_MAKE: Final = """
insert into mail_choices (principal, changed_at) values (%(principal)s, %(now)s) on conflict do nothing
"""
_LOCK: Final = "select language, timezone, region, off from mail_choices where principal = %(principal)s for update"
_KEEP: Final = """
update mail_choices set language = %(language)s, timezone = %(timezone)s, region = %(region)s, off = %(off)s,
    changed_at = %(now)s
where principal = %(principal)s
"""


@dataclass(frozen=True, slots=True)
class MailChoice:
    """What somebody chose: language, zone and region ('' as is usual here), and the kinds they do not want."""

    language: str = ""
    timezone: str = ""
    region: str = ""
    off: frozenset[str] = frozenset()

    def wants(self, kind: str) -> bool:
        """Whether they get mails of a kind; those about their account always."""
        return kind not in self.off


NO_CHOICE: Final = MailChoice()


def choices_of(conn: Connection[Any], principals: Iterable[str]) -> dict[str, MailChoice]:
    """What these people chose, in one query; who chose nothing is left out."""
    rows = conn.execute(_READ, {"principals": sorted(set(principals))})
    return {row[0]: MailChoice(row[1], row[2], row[3], frozenset(row[4])) for row in rows}


def choose_mails(
    conn: Connection[Any],
    ctx: Context,
    *,
    language: str | None,
    timezone: str | None,
    off: Collection[str],
    among: Collection[str],
    principal: str = "",
    by: str = "account",
) -> bool:
    """Keep what was chosen about the kinds `among` for somebody, else for the one who acts; whether it is another
    choice than before. None leaves the language or zone as it is; `by` says for the audit trail how it was asked for.

    Raises `Invalid` for a language, zone or kind that there is not.
    """
    _check_language(language or "")
    check_zone(timezone or "")
    for kind in (*off, *among):
        if kind not in KINDS:
            raise invalid("off", kind, "is no kind of mail that can be turned off", f"Use {', '.join(KINDS)}.")
    whose = principal or ctx.principal.id
    before = _locked(conn, ctx, whose)
    kept = (before.off - frozenset(among)) | (frozenset(off) & frozenset(among))
    after = replace(_read_as(before, language, timezone, None), off=kept)
    return _keep(conn, ctx, whose, before, after, by=by)


def choose_language(conn: Connection[Any], ctx: Context, language: str) -> bool:
    """Keep the language that the one who acts reads in ('' the tenant's); whether it is another than before."""
    _check_language(language)
    before = _locked(conn, ctx, ctx.principal.id)
    return _keep(conn, ctx, ctx.principal.id, before, replace(before, language=language))


def choose_reading(
    conn: Connection[Any],
    ctx: Context,
    *,
    language: str | None = None,
    timezone: str | None = None,
    region: str | None = None,
    principal: str = "",
    by: str = "account",
) -> bool:
    """Keep how pages and mails are written for somebody, else for the one who acts; whether it is another choice than
    before. None leaves what was; '' is as usual here. Raises `Invalid` for a language, zone or region there is not."""
    _check_language(language or "")
    check_zone(timezone or "")
    check_region(region or "")
    whose = principal or ctx.principal.id
    before = _locked(conn, ctx, whose)
    return _keep(conn, ctx, whose, before, _read_as(before, language, timezone, region), by=by, act="reading.chosen")


def want_kind(conn: Connection[Any], ctx: Context, principal: str, kind: str, *, wanted: bool, by: str) -> bool:
    """Turn mails of a kind to somebody on or off; whether that changed anything. `by` says for the audit trail how it
    was asked for. Raises `Invalid` for a kind that cannot be turned off."""
    if kind not in KINDS:
        raise invalid("kind", kind, "is no kind of mail that can be turned off", f"Use {', '.join(KINDS)}.")
    before = _locked(conn, ctx, principal)
    off = before.off - {kind} if wanted else before.off | {kind}
    return _keep(conn, ctx, principal, before, replace(before, off=off), by=by)


def _read_as(before: MailChoice, language: str | None, timezone: str | None, region: str | None) -> MailChoice:
    """A choice with what is given in the place of what was."""
    return replace(
        before,
        language=before.language if language is None else language,
        timezone=before.timezone if timezone is None else timezone,
        region=before.region if region is None else region,
    )


def _check_language(language: str) -> None:
    if language and language not in WORD_LANGUAGES:
        languages = " or ".join(WORD_LANGUAGES)
        raise invalid("language", language, "is not a language of Headgate", f"Use {languages}.")


def _locked(conn: Connection[Any], ctx: Context, principal: str) -> MailChoice:
    conn.execute(_MAKE, {"principal": principal, "now": ctx.now})
    row = conn.execute(_LOCK, {"principal": principal}).fetchone()
    assert row is not None, "it was made a moment ago"
    return MailChoice(row[0], row[1], row[2], frozenset(row[3]))


def _keep(
    conn: Connection[Any],
    ctx: Context,
    principal: str,
    before: MailChoice,
    after: MailChoice,
    by: str = "account",
    act: str = "mails.chosen",
) -> bool:
    if after == before:
        return False
    values = {**asdict(after), "off": sorted(after.off)}
    conn.execute(_KEEP, {**values, "principal": principal, "now": ctx.now})
    told = {name: value for name, value in values.items() if getattr(after, name) != getattr(before, name)}
    record(conn, ctx, act, "principal", principal, by=by, **told)
    return True
