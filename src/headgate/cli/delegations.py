"""`headgate delegations …`: who decides for whom while somebody is away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.access import Delegation, create_delegation, get_delegation, list_delegations
from headgate.access import revoke_delegation as end_delegation
from headgate.cli.session import By, Json, Limit, Tenant, acting, midnight, named, print_json, say, session, table
from headgate.kernel.errors import invalid

app = typer.Typer(no_args_is_help=True)
Day = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; without it, from now on.")
]


@app.command("list")
def list_(
    person: Annotated[str, typer.Option(help="Only from or to this person: a principal id or an e-mail address.")] = "",
    past: Annotated[bool, typer.Option("--past", help="Also those that ended or were revoked.")] = False,
    tenant: Tenant = "nordwind",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List delegations, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        whose = named(person) if person else None
        found = list_delegations(conn, ctx.now, principal=whose, past=past, limit=limit)
        rows = [_row(d, ctx.now) for d in found]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "id": "Id",
        "delegator": "Away",
        "delegate": "Decides",
        "roles": "Roles",
        "valid_until": "Until (UTC)",
        "max_amount": "Up to",
        "state": "State",
    }
    table("Delegations", rows, columns, "Nobody decides for anybody else: headgate delegations create --help")


@app.command("create")
def create(
    delegator: Annotated[str, typer.Argument(help="Who is away: a principal id or an e-mail address.")],
    delegate: Annotated[str, typer.Argument(help="Who decides instead.")],
    role: Annotated[list[str], typer.Option(help="A role of the delegator's; may be repeated.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, through its end.")],
    because: Annotated[str, typer.Option("--because", help="Why; it stands in the audit chain.")],
    since: Day = None,
    up_to: Annotated[str, typer.Option("--up-to", help="The most at stake, in the tenant's currency.")] = "",
    onward: Annotated[bool, typer.Option("--onward", help="They may pass the roles on to somebody else.")] = False,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Let somebody decide for another in some of their roles. Days are the tenant's, in its time zone."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = create_delegation(
            conn,
            acting(conn, ctx, by) if by else ctx,
            delegator=named(delegator),
            delegate=named(delegate),
            roles=role,
            valid_from=max(ctx.now, midnight(conn, since)) if since else ctx.now,
            valid_until=midnight(conn, until + timedelta(days=1)),
            reason=because,
            max_amount=_amount(up_to) if up_to else None,
            onward=onward,
        )
        row = _row(made, ctx.now)
    if json:
        print_json(row)
    else:
        say(
            f"{made.delegate} decides for {made.delegator} as {', '.join(sorted(made.roles))} "
            f"until the end of {until:%Y-%m-%d}; delegation {made.id}",
            wrap=False,
        )


@app.command("revoke")
def revoke(
    delegation: Annotated[UUID, typer.Argument(help="Its id.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """End a delegation at once. Doing it again changes nothing."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        end_delegation(conn, acting(conn, ctx, by) if by else ctx, delegation)
        row = _row(get_delegation(conn, delegation, ctx.now), ctx.now)
    if json:
        print_json(row)
    else:
        say(f"{row['delegate']} does not decide for {row['delegator']} any more", wrap=False)


def _row(found: Delegation, now: datetime) -> dict[str, Any]:
    roles, effective = sorted(found.roles), sorted(found.effective_roles)
    return asdict(found) | {
        "roles": roles,
        "delegator_roles": sorted(found.delegator_roles),
        "effective_roles": effective,
        "state": _state(found, now),
    }


def _state(found: Delegation, now: datetime) -> str:
    if found.revoked_at:
        return "revoked"
    if now >= found.valid_until:
        return "ended"
    return "in force" if found.in_force(now) else "to come"


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise invalid("--up-to", text, "is not an amount", "Write it like 5000 or 5000.00.") from None
