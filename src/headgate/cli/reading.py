"""`headgate account reading`: in which time zone and which region's way pages and mails are written for somebody."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.access import get_account
from headgate.access.core.roles import require
from headgate.access.mailing import NO_CHOICE, choices_of, choose_reading
from headgate.cli.session import By, Json, Tenant, acting, named, print_json, say, session

BY_COMMAND = "command line"


def reading(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    timezone: Annotated[str | None, typer.Option(help="Such as Europe/Berlin; '' for as usual.")] = None,
    region: Annotated[str | None, typer.Option(help="Such as DE, CH, GB or US; '' for as usual.")] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show or change how times, numbers and dates are written for somebody. For others than oneself it takes an
    administrator."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        account = get_account(conn, named(person), ctx.now)
        acts = acting(conn, ctx, by) if by else ctx
        if acts.principal.id != account.principal:
            require(acts.principal, "admin")
        if timezone is not None or region is not None:
            choose_reading(conn, acts, timezone=timezone, region=region, principal=account.principal, by=BY_COMMAND)
        after = choices_of(conn, [account.principal]).get(account.principal, NO_CHOICE)
    if json:
        print_json({"principal": account.principal, "timezone": after.timezone, "region": after.region})
        return
    zone, place = after.timezone or "their browser's zone", after.region or "the usual region"
    say(f"{account.principal} reads times in {zone}, numbers and dates as in {place}.")
