"""Choosing which mails one gets, and how pages and mails are written for one: language, time zone, region. Every change
is in the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, get_args

from psycopg import Connection

from headgate.access.branding import WORD_LANGUAGES
from headgate.access.mailing.kinds import CHOSEN, DIGESTS, KINDS
from headgate.access.mailing.places import check_region, check_zone
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid

_READ: Final = """
select principal, language, timezone, region, off, digest, digest_hour from mail_choices
where principal = any(%(principals)s)
"""
# Made first, so that the row can be locked: two changes at once both count.
_MAKE: Final = """
insert into mail_choices (principal, changed_at) values (%(principal)s, %(now)s) on conflict do nothing
"""
_LOCK: Final = """
select language, timezone, region, off, digest, digest_hour from mail_choices where principal = %(principal)s for update
"""
_KEEP: Final = """
update mail_choices set language = %(language)s, timezone = %(timezone)s, region = %(region)s, off = %(off)s,
    digest = %(digest)s, digest_hour = %(digest_hour)s, changed_at = %(now)s
where principal = %(principal)s
"""


When = Literal["at_once", "digest", "off"]
WHENS: Final[tuple[When, ...]] = get_args(When)
USUAL_HOUR: Final = 8


@dataclass(frozen=True, slots=True)
class MailChoice:
    """What somebody chose: language, zone and region ('' as is usual here), the kinds they do not want, and those that
    come in the digest at an hour of their day."""

    language: str = ""
    timezone: str = ""
    region: str = ""
    off: frozenset[str] = frozenset()
    digest: frozenset[str] = frozenset()
    digest_hour: int = USUAL_HOUR

    def wants(self, kind: str) -> bool:
        """Whether they get mails of a kind, now or later; those about their account always."""
        return self.when(kind) != "off"

    @property
    def stopped(self) -> bool:
        """Whether they have stopped the digest itself."""
        return not DIGESTS.isdisjoint(self.off)

    def when(self, kind: str) -> When:
        """When mails of a kind come."""
        if kind in self.off or (kind in self.digest and self.stopped):
            return "off"
        return "digest" if kind in self.digest else "at_once"


NO_CHOICE: Final = MailChoice()


def choices_of(conn: Connection[Any], principals: Iterable[str]) -> dict[str, MailChoice]:
    """What these people chose, in one query; who chose nothing is left out."""
    rows = conn.execute(_READ, {"principals": sorted(set(principals))})
    return {row[0]: _choice(row[1:]) for row in rows}


def choose_mails(
    conn: Connection[Any],
    ctx: Context,
    *,
    language: str | None,
    timezone: str | None,
    off: Collection[str],
    among: Collection[str],
    digest: Collection[str] = (),
    hour: int | None = None,
    principal: str = "",
    by: str = "account",
) -> bool:
    """Keep what was chosen about the kinds `among` for somebody, else for the one who acts; whether it is another
    choice than before. Those that are neither `off` nor in the `digest` come at once. None leaves the language, zone or
    hour of the digest as it is; `by` says for the audit trail how it was asked for.

    Raises `Invalid` for a language, zone, hour or kind that there is not.
    """
    _check_language(language or "")
    check_zone(timezone or "")
    _check_hour(hour)
    for field, kinds in (("off", (*off, *among)), ("digest", digest)):
        for kind in kinds:
            if kind not in CHOSEN:
                raise invalid(field, kind, "is no kind of mail that can be turned off", f"Use {', '.join(CHOSEN)}.")
    whose = principal or ctx.principal.id
    before = _locked(conn, ctx, whose)
    about, stopped = frozenset(among), frozenset(off)
    # A digest that a link stopped goes on with the kinds that are chosen for it now, and with no others.
    others = {kind for kind in before.off | before.digest if kind not in DIGESTS} - about
    after = replace(
        _read_as(before, language, timezone, None),
        off=frozenset(kind for kind in others if before.when(kind) == "off") | (stopped & about),
        digest=frozenset(kind for kind in others if before.when(kind) == "digest")
        | ((frozenset(digest) & about) - stopped),
        digest_hour=before.digest_hour if hour is None else hour,
    )
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


def _check_hour(hour: int | None) -> None:
    if hour is not None and not 0 <= hour <= 23:
        raise invalid("digest_hour", hour, "is no hour of the day", "Use a whole number from 0 to 23.")


def _check_language(language: str) -> None:
    if language and language not in WORD_LANGUAGES:
        languages = " or ".join(WORD_LANGUAGES)
        raise invalid("language", language, "is not a language of Headgate", f"Use {languages}.")


def _locked(conn: Connection[Any], ctx: Context, principal: str) -> MailChoice:
    conn.execute(_MAKE, {"principal": principal, "now": ctx.now})
    row = conn.execute(_LOCK, {"principal": principal}).fetchone()
    assert row is not None, "it was made a moment ago"
    return _choice(row)


def _choice(row: Sequence[Any]) -> MailChoice:
    language, timezone, region, off, digest, hour = row
    return MailChoice(language, timezone, region, frozenset(off), frozenset(digest), hour)


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
    values = {**asdict(after), "off": sorted(after.off), "digest": sorted(after.digest)}
    conn.execute(_KEEP, {**values, "principal": principal, "now": ctx.now})
    told = {name: value for name, value in values.items() if getattr(after, name) != getattr(before, name)}
    record(conn, ctx, act, "principal", principal, by=by, **told)
    return True
