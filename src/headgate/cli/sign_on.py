"""`headgate sign-on …`: identity providers, roles by groups, and passwords, for whoever operates the installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headgate.access.federation import (
    get_provider,
    get_rules,
    group_roles,
    link_identity,
    list_providers,
    map_group,
    set_rules,
    unmap_group,
)
from headgate.cli.session import By, Json, Tenant, acting, named, print_json, say, session, table, tell

app = typer.Typer(no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="The provider's short name.")]
Origin = Annotated[str, typer.Argument(help="oidc:NAME for a provider's groups, scim for provisioned ones.")]


@app.command("list")
def providers(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List identity providers, and say whether passwords are allowed."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found, rules = list_providers(conn), get_rules(conn)
    rows = [{**asdict(p), "sealed_secret": p.sealed_secret is not None} for p in found]
    if json:
        print_json({"items": rows, "passwords": rules.passwords, "break_glass": rules.break_glass})
        return
    columns = {"code": "Provider", "name": "Name", "issuer": "Issuer", "status": "State", "tested_at": "Tested (UTC)"}
    table("Identity providers", rows, columns, "No identity provider: an administrator adds one under Sign-on.")
    say("Passwords are allowed." if rules.passwords else f"Passwords: only {', '.join(rules.break_glass)}.")


@app.command("passwords")
def passwords(
    allowed: Annotated[str, typer.Argument(help="on, or off for all but break-glass accounts.")],
    break_glass: Annotated[
        list[str] | None, typer.Option("--break-glass", help="Who may use one all the same; may be repeated.")
    ] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Switch passwords on or off: the way back in when nobody can sign in any more."""
    if allowed not in ("on", "off"):
        raise typer.BadParameter("say on or off")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        accounts = [named(person) for person in break_glass or get_rules(conn).break_glass]
        made = set_rules(conn, who, passwords=allowed == "on", break_glass=accounts)
    tell(asdict(made), f"Passwords are {allowed}.", json)


@app.command("link")
def link(
    provider: Code,
    subject: Annotated[str, typer.Argument(help="The subject, as a test sign-in shows it.")],
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Say that a subject of a provider is this person."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        link_identity(conn, who, get_provider(conn, provider), subject, named(person))
    tell({"subject": subject, "principal": named(person)}, f"{subject} is {named(person)}.", json)


@app.command("map")
def map_(
    origin: Origin,
    group: Annotated[str, typer.Argument(help="The group, as the provider tells it.")],
    role: Annotated[str, typer.Argument(help="The role that its members hold.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the line away.")] = False,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Give members of a group a role, or no more."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        (unmap_group if remove else map_group)(conn, who, origin, group, role)
        rows = [asdict(line) for line in group_roles(conn, origin)]
    if json:
        print_json({"items": rows})
    else:
        table("Roles by groups", rows, {"group": "Group", "role": "Role"}, "No group gives a role.")
