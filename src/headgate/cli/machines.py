"""`headgate clients …` and `headgate keys …`: how machines get in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from headgate.access import (
    create_api_key,
    create_service,
    get_account,
    grant_role,
    list_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from headgate.access.clients import (
    Audience,
    Client,
    change_client_status,
    create_client,
    list_clients,
    retire_secrets,
    rotate_client_secret,
)
from headgate.cli.session import By, Json, Tenant, acting, print_json, session, table, tell
from headgate.kernel.errors import NotFound, invalid

clients_app = typer.Typer(no_args_is_help=True)
keys_app = typer.Typer(no_args_is_help=True)
Scopes = Annotated[list[str], typer.Option("--scope", help="Permission, for example orders.read; may be repeated.")]
Keep = Annotated[int, typer.Option("--keep", min=0, max=720, help="Hours for which the one before goes on working.")]
ClientId = Annotated[str, typer.Argument(help="The client's id, hgc_…")]
KeyId = Annotated[str, typer.Argument(help="The key's id, as `headgate keys list` shows it.")]
Service = Annotated[str, typer.Argument(help="The service account's code, for example erp-bridge.")]


@clients_app.command("add")
def add_client(
    service: Service,
    scope: Scopes,
    name: Annotated[str, typer.Option(help="What people call it; without it, the service's code.")] = "",
    audience: Annotated[str, typer.Option(help="api, or scim for an identity provider.")] = "api",
    minutes: Annotated[int, typer.Option(min=1, max=60, help="How long a token lives.")] = 15,
    role: Annotated[str, typer.Option(help="Role of a service account that has to be made first.")] = "integration",
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Let a service account get tokens at /oauth/token; the secret is shown once. The account is made if need be."""
    if audience not in ("api", "scim"):
        raise invalid("--audience", audience, "is not an audience", "Use api or scim.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        principal = f"service:{service}"
        try:
            get_account(conn, principal, who.now)
        except NotFound:
            principal = create_service(conn, who, code=service, name=name or service).principal
            grant_role(conn, who, principal, role)
        aimed: Audience = "scim" if audience == "scim" else "api"
        made = create_client(
            conn,
            who,
            principal,
            name=name or service,
            scopes=scope,
            audience=aimed,
            token_minutes=minutes,
        )
    tell(asdict(made), f"client_id: {made.client}\nclient_secret: {made.secret}\nNobody can read it again.", json)


@clients_app.command("list")
def clients(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List the OAuth 2 clients of service accounts."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [_client_row(c) for c in list_clients(conn, ctx.now)]
    if json:
        print_json({"items": rows})
        return
    columns = {"client": "Client", "principal": "Account", "scopes": "Scopes", "audience": "For", "status": "State"}
    empty = "No clients yet: headgate clients add SERVICE --scope …"
    table("Clients", rows, columns | {"secrets": "Secrets", "last_used": "Last used (UTC)"}, empty)


@clients_app.command("rotate")
def rotate_client(
    client: ClientId, keep: Keep = 24, by: By = "", tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Give a client a new secret, shown once; the one before works on for a while."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        made = rotate_client_secret(conn, who, client, keep=timedelta(hours=keep))
    tell(asdict(made), f"client_secret: {made.secret}\nThe one before works for {keep} more hours.", json)


@clients_app.command("retire")
def retire(client: ClientId, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """End every secret of a client but the newest at once."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        ended = retire_secrets(conn, acting(conn, ctx, by) if by else ctx, client)
    tell({"client": client, "ended": ended}, f"{ended} secrets of {client} ended.", json)


@clients_app.command("disable")
def disable(client: ClientId, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Switch a client off; its tokens end at once."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        change_client_status(conn, acting(conn, ctx, by) if by else ctx, client, "disabled")
    tell({"client": client, "status": "disabled"}, f"{client} is switched off.", json)


@clients_app.command("enable")
def enable(client: ClientId, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Switch a client on again."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        change_client_status(conn, acting(conn, ctx, by) if by else ctx, client, "active")
    tell({"client": client, "status": "active"}, f"{client} is switched on.", json)


@keys_app.command("add")
def add_key(
    service: Service,
    scope: Scopes,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    days: Annotated[int, typer.Option(min=0, max=3650, help="Days it works; 0 for no end.")] = 365,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Make a further API key for a service account; it is shown once."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        ends = who.now + timedelta(days=days) if days else None
        principal = f"service:{service}"
        key = create_api_key(conn, who, principal, name=name or service, scopes=scope, expires_at=ends)
    tell({"principal": principal, "key": key, "expires_at": ends}, f"Key of {principal}: {key}", json)


@keys_app.command("list")
def keys(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List API keys, with when they end and were last used."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(k) for k in list_api_keys(conn)]
    if json:
        print_json({"items": rows})
        return
    columns = {"key_id": "Key", "principal": "Account", "name": "Name", "scopes": "Scopes", "status": "State"}
    columns |= {"expires_at": "Ends (UTC)", "last_used": "Last used (UTC)"}
    table("API keys", rows, columns, "No keys yet: headgate keys add SERVICE --scope …")


@keys_app.command("rotate")
def rotate_key(key: KeyId, keep: Keep = 24, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Replace a key by a new one, shown once; the old one works on for a while."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        made = rotate_api_key(conn, who, key, keep=timedelta(hours=keep))
    tell({"key": made, "replaces": key}, f"New key: {made}\n{key} works for {keep} more hours.", json)


@keys_app.command("revoke")
def revoke_key(key: KeyId, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Make a key useless at once."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        revoke_api_key(conn, acting(conn, ctx, by) if by else ctx, key)
    tell({"key": key, "status": "revoked"}, f"{key} is revoked.", json)


def _client_row(client: Client) -> dict[str, Any]:
    return asdict(client) | {"secrets": len(client.secrets), "last_used": client.last_used}
