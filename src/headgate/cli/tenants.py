"""`headgate tenant …`: tenants, people, roles, sources, keys. For whoever operates the installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import uuid4

import typer

from headgate.access import (
    ROLES,
    create_api_key,
    create_person,
    create_service,
    create_source,
    create_tenant,
    grant_role,
    list_accounts,
    list_sources,
)
from headgate.cli.session import Json, Tenant, new_password, opened, operator, print_json, say, session, table
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.packs import find_pack, install_pack, read_pack

app = typer.Typer(no_args_is_help=True)


@app.command("create")
def create(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="The organisation's name.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    timezone: Annotated[str, typer.Option(help="IANA name.")] = "Europe/Berlin",
    pack: Annotated[list[str] | None, typer.Option(help="Solution pack to install; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """Create a tenant and install solution packs (order_governance unless others are named)."""
    with opened() as a:
        tenant = uuid4()
        ctx = Context(tenant, operator(), a.clock.now())
        packs = [read_pack(find_pack(p)) for p in pack or ["order_governance"]]
        with a.database.transaction(tenant) as conn:
            made = create_tenant(conn, ctx, slug=slug, name=name, currency=currency, timezone=timezone)
            for one in packs:
                install_pack(conn, ctx, one, a.policies)
    _said(
        asdict(made) | {"packs": [p.name for p in packs]},
        f"Created {slug} with {', '.join(p.title for p in packs)}.",
        json,
    )


@app.command("list")
def list_(json: Json = False) -> None:
    """List the tenants of this installation."""
    with opened() as a, a.database.scan() as conn:
        rows = [
            {"slug": slug, "tenant": t} for t, slug in conn.execute("select tenant_id, slug from headgate_tenants()")
        ]
    if json:
        print_json({"items": rows})
    else:
        table("Tenants", rows, {"slug": "Name", "tenant": "Id"}, "No tenants yet: headgate tenant create NAME --name …")


@app.command("add-person")
def add_person(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option()],
    role: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(sorted(ROLES))}.")] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Add a person with roles; a password is made and shown once."""
    password = new_password()
    with session(tenant) as s, s.transaction() as (conn, ctx):
        account = create_person(conn, ctx, email=email, name=name, password=password)
        for one in role or []:
            grant_role(conn, ctx, account.principal, one)
    _said(
        {"principal": account.principal, "password": password}, f"Added {account.principal}; password: {password}", json
    )


@app.command("people")
def people(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List people and service accounts with their roles."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [asdict(a) for a in list_accounts(conn, ctx.now, limit=500)]
    if json:
        print_json({"items": rows})
    else:
        table("People", rows, {"principal": "Id", "name": "Name", "roles": "Roles", "status": "Status"}, "Nobody yet.")


@app.command("add-source")
def add_source(
    source: Annotated[str, typer.Argument(help="The system's code, for example webshop.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Event type it may send; may be repeated; default: all.")
    ] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Add a source of signed webhooks; its signing secret is shown once."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        secret = create_source(conn, ctx, s.app.envelope, source=source, name=name or source, types=types or ["*"])
    _said({"source": f"{tenant}/{source}", "secret": secret}, f"Source {tenant}/{source}; secret: {secret}", json)


@app.command("sources")
def sources(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List the sources of signed webhooks."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(x) for x in list_sources(conn)]
    if json:
        print_json({"items": rows})
    else:
        table(
            "Sources",
            rows,
            {"source": "Source", "name": "Name", "types": "May send", "status": "Status"},
            "No sources.",
        )


@app.command("add-key")
def add_key(
    code: Annotated[str, typer.Argument(help="The service's code, for example erp-bridge.")],
    scope: Annotated[list[str], typer.Option(help="Permission, for example events.write; may be repeated.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Add a service account with an API key; the key is shown once."""
    if not scope:
        raise invalid("--scope", "", "is missing", "Name what the key may do, for example events.write.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        account = create_service(conn, ctx, code=code, name=code)
        grant_role(conn, ctx, account.principal, "integration")
        key = create_api_key(conn, ctx, account.principal, name=code, scopes=scope)
    _said({"principal": account.principal, "key": key}, f"Key of {account.principal}: {key}", json)


def _said(result: dict[str, Any], text: str, json: bool) -> None:
    if json:
        print_json(result)
    else:
        say(text, wrap=False)
