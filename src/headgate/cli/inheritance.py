"""`headgate offers …` and `headgate inherited …`: what a provider gives to its clients, and what those have of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.access.inheritance import KINDS, go_back, list_inherited, list_offers, withdraw_offer
from headgate.cli.session import By, Json, Tenant, acting, midnight, print_json, session, table, tell
from headgate.packs.inherited import offer, takers

offers_app = typer.Typer(no_args_is_help=True)
inherited_app = typer.Typer(no_args_is_help=True)
Kind = Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")]
Name = Annotated[str, typer.Argument(help="Its short name.")]


@offers_app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """List what a tenant offers to those below it."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = [each for each in list_offers(conn) if every or each.ended_at is None]
    rows: list[dict[str, Any]] = [asdict(each) | {"own": _own(each.locked)} for each in found]
    columns = {
        "kind": "Kind",
        "name": "Name",
        "version": "Version",
        "own": "Clients",
        "effective_at": "From (UTC)",
        "ended_at": "Ended (UTC)",
        "id": "Id",
    }
    _listed(f"Offers of {tenant}", rows, columns, json, "Nothing is offered: headgate offers add policy NAME")


@offers_app.command("add")
def add(
    kind: Kind,
    name: Name,
    version: Annotated[int | None, typer.Option(min=1, help="Of a policy; without it, the one in force.")] = None,
    locked: Annotated[bool, typer.Option("--locked", help="Clients may not put their own in its place.")] = False,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; without it, from now on.")
    ] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Offer an approved policy version, a role or a pack to the tenants below; they take copies within a minute."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        start = midnight(conn, since) if since else None
        who = acting(conn, ctx, by) if by else ctx
        made = offer(s.app.policies, conn, who, kind, name, version=version, locked=locked, effective_at=start)
    tell(asdict(made), f"{made.kind} {made.name} version {made.version} is offered; clients {_own(made.locked)}.", json)


@offers_app.command("withdraw")
def withdraw(
    offer: Annotated[UUID, typer.Argument(help="The offer's id.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Offer something no more. Clients keep what they have as their own."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        found = withdraw_offer(conn, acting(conn, ctx, by) if by else ctx, offer)
    tell(asdict(found), f"{found.kind} {found.name} is not offered any more.", json)


@inherited_app.command("list")
def list_inherited_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List what a tenant has from those above it: from whom, and whether it follows it."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows: list[dict[str, Any]] = [asdict(each) | {"own": _own(each.locked)} for each in list_inherited(conn)]
    columns = {
        "kind": "Kind",
        "name": "Name",
        "provider_name": "From",
        "version": "Offered",
        "taken_version": "Taken",
        "local_version": "Here",
        "state": "State",
        "own": "You",
        "problem": "Problem",
    }
    _listed(f"Inherited by {tenant}", rows, columns, json, "Nothing is inherited.")


@inherited_app.command("follow")
def follow(kind: Kind, name: Name, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Go back to what is inherited, instead of something of one's own."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        found = go_back(conn, acting(conn, ctx, by) if by else ctx, takers(s.app.policies, s.app.actions), kind, name)
    told = f"{name} is inherited from {found.provider_name} again, version {found.taken_version}."
    tell(asdict(found), told, json)


def _own(locked: bool) -> str:
    return "must follow it" if locked else "may override it"


def _listed(title: str, rows: list[dict[str, Any]], columns: dict[str, str], json: bool, empty: str) -> None:
    if json:
        print_json({"items": rows})
    else:
        table(title, rows, columns, empty)
