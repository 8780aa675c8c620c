"""`headgate account mails`: which mails somebody gets, in which language and time zone."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.access import get_account
from headgate.access.core.roles import require
from headgate.access.mailing import NO_CHOICE, choices_of, choose_mails, kinds_of
from headgate.cli.session import By, Json, Tenant, acting, named, print_json, say, session, table
from headgate.kernel.errors import invalid

BY_COMMAND = "command line"
Kinds = list[str] | None
_WHEN = {"at_once": "at once", "digest": "in the daily digest", "off": "not at all"}


def mails(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    want: Annotated[Kinds, typer.Option(help="A kind of mails to get at once; may be repeated.")] = None,
    digest: Annotated[Kinds, typer.Option(help="A kind of mails to get once a day; may be repeated.")] = None,
    stop: Annotated[Kinds, typer.Option(help="A kind of mails to get no more; may be repeated.")] = None,
    hour: Annotated[int | None, typer.Option(help="At which hour of their day the digest comes, 0 to 23.")] = None,
    language: Annotated[str | None, typer.Option(help="en or de; '' for the organisation's.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Such as Europe/Berlin; '' for the organisation's.")] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show or change which mails somebody gets. For others than oneself it takes an administrator."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        account = get_account(conn, named(person), ctx.now)
        acts = acting(conn, ctx, by) if by else ctx
        if acts.principal.id != account.principal:
            require(acts.principal, "admin")
        kinds = kinds_of(account.as_principal())
        _check({"--want": want or (), "--digest": digest or (), "--stop": stop or ()}, [kind.code for kind in kinds])
        if want or stop or digest or hour is not None or language is not None or timezone is not None:
            choose_mails(
                conn,
                acts,
                language=language,
                timezone=timezone,
                off=stop or (),
                digest=digest or (),
                hour=hour,
                among=[*(want or ()), *(digest or ()), *(stop or ())],
                principal=account.principal,
                by=BY_COMMAND,
            )
        after = choices_of(conn, [account.principal]).get(account.principal, NO_CHOICE)
    rows = [
        {
            "kind": kind.code,
            "words": str(kind.label),
            "wanted": after.wants(kind.code),
            "when": after.when(kind.code),
        }
        for kind in kinds
    ]
    if json:
        told = {"language": after.language, "timezone": after.timezone, "digest_hour": after.digest_hour, "kinds": rows}
        print_json({"principal": account.principal, **told})
        return
    own = "the organisation's"
    say(f"{account.principal} reads mails in {after.language or own} language, times in {after.timezone or own} zone.")
    say(f"Their daily digest comes at {after.digest_hour:02d}:00.")
    shown = [{**row, "when": _WHEN[str(row["when"])]} for row in rows]
    table("Mails", shown, {"kind": "Kind", "words": "What", "when": "When"}, "")


def _check(given: dict[str, list[str] | tuple[str, ...]], known: list[str]) -> None:
    """Raises `Invalid` for a kind that is none of this person's, and for one that two options name."""
    for option, kinds in given.items():
        for kind in kinds:
            if kind not in known:
                raise invalid(option, kind, "is no kind of mail that they can turn off", f"Use {', '.join(known)}.")
    named_by: dict[str, str] = {}
    for option, kinds in given.items():
        for kind in kinds:
            if named_by.setdefault(kind, option) != option:
                raise invalid(option, kind, f"is named by {named_by[kind]}, too", "Name it once.")
