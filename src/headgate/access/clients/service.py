"""Clients of service accounts: make, list, give a new secret, switch off."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from psycopg import Connection

from headgate.access.allowance import expect_room
from headgate.access.clients import repo
from headgate.access.clients.names import client_id
from headgate.access.core.checks import text
from headgate.access.core.roles import require
from headgate.access.core.tokens import secret_hash
from headgate.access.keys import held_scopes, overlap
from headgate.access.principals import get_account
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase

Audience = Literal["api", "scim"]
AUDIENCES: tuple[Audience, ...] = ("api", "scim")
MOST_MINUTES = 60
MOST_SECRETS = 2


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret as listed: its name, when it was made, ends (None: when it is replaced) and was last used."""

    client: str
    secret: str
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a service account. `scopes` are the most its tokens may do, for `audience`, for `token_minutes`."""

    client: str
    principal: str
    name: str
    scopes: tuple[str, ...]
    audience: Audience
    token_minutes: int
    status: Literal["active", "disabled"]
    created_at: datetime
    secrets: tuple[ClientSecret, ...] = ()

    @property
    def last_used(self) -> datetime | None:
        """When a token was last asked for."""
        return max((s.last_used for s in self.secrets if s.last_used is not None), default=None)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What nobody can read again: a client's id and its secret."""

    client: str
    secret: str


def create_client(
    conn: Connection,
    ctx: Context,
    principal: str,
    *,
    name: str,
    scopes: Iterable[str],
    audience: Audience = "api",
    token_minutes: int = 15,
) -> NewSecret:
    """Let a service account get tokens for a secret, which is shown this once.

    Scopes are permissions that the account has now. Raises `Invalid`, `Conflict` for who is no service account.
    """
    require(ctx.principal, "admin")
    account = get_account(conn, principal, ctx.now)
    if account.kind != "service":
        raise Conflict(phrase("%(principal)s is not a service account; clients are for machines", principal=principal))
    shown, wanted = text("name", name, 100), held_scopes(account, scopes)
    if audience not in AUDIENCES:
        raise invalid(
            "audience", audience, "is not an audience", phrase("Use one of %(names)s.", names=", ".join(AUDIENCES))
        )
    if not 1 <= token_minutes <= MOST_MINUTES:
        raise invalid(
            "token_minutes", token_minutes, phrase("is not between 1 and %(most_minutes)s", most_minutes=MOST_MINUTES)
        )
    expect_room(conn, ctx.now, "oauth_clients")
    made = client_id(ctx.tenant_id, secrets.token_hex(8))
    values = {"client": made, "principal": principal, "name": shown, "scopes": wanted, "audience": audience}
    conn.execute(repo.ADD_CLIENT, {**values, "minutes": token_minutes, "now": ctx.now, "by": ctx.principal.id})
    named, secret = _new_secret(conn, ctx, made)
    told = {"principal": principal, "name": shown, "scopes": wanted, "audience": audience, "secret": named}
    record(conn, ctx, "client.created", "client", made, **told, token_minutes=token_minutes)
    return NewSecret(made, secret)


def list_clients(conn: Connection, now: datetime, *, principal: str | None = None) -> list[Client]:
    """Clients with the secrets that still work, newest first; of one account or of all. Two queries."""
    rows = conn.execute(repo.LIST_CLIENTS, {"principal": principal}).fetchall()
    found = conn.execute(repo.LIST_SECRETS, {"clients": [row[0] for row in rows], "now": now})
    kept = [ClientSecret(*row) for row in found]
    return [_client(row, tuple(s for s in kept if s.client == row[0])) for row in rows]


def rotate_client_secret(
    conn: Connection, ctx: Context, client: str, *, keep: timedelta = timedelta(hours=24)
) -> NewSecret:
    """A further secret, shown this once; those of before work for `keep` longer. Raises `NotFound`, `Conflict`."""
    require(ctx.principal, "admin")
    _get(conn, client)
    until = ctx.now + overlap(keep)
    conn.execute(repo.DROP_ENDED, {"client": client, "now": ctx.now})
    if len(conn.execute(repo.LIVE_SECRETS, {"client": client, "now": ctx.now}).fetchall()) >= MOST_SECRETS:
        raise Conflict("the secret before this one still works; end it first")
    named, secret = _new_secret(conn, ctx, client)
    conn.execute(repo.END_SECRETS, {"client": client, "keep": named, "until": until})
    record(conn, ctx, "client.secret_rotated", "client", client, secret=named, former_until=until)
    return NewSecret(client, secret)


def retire_secrets(conn: Connection, ctx: Context, client: str) -> int:
    """End every secret but the newest at once; returns how many. Raises `NotFound`."""
    require(ctx.principal, "admin")
    _get(conn, client)
    live = conn.execute(repo.LIVE_SECRETS, {"client": client, "now": ctx.now}).fetchall()
    if len(live) < 2:
        return 0
    conn.execute(repo.END_SECRETS, {"client": client, "keep": live[0][0], "until": ctx.now})
    record(conn, ctx, "client.secrets_retired", "client", client, secrets=[row[0] for row in live[1:]])
    return len(live) - 1


def change_client_status(conn: Connection, ctx: Context, client: str, status: Literal["active", "disabled"]) -> None:
    """Switch a client off, which ends its tokens at once, or on again. Raises `NotFound`."""
    require(ctx.principal, "admin")
    if status == "active" and _get(conn, client).status != "active":
        expect_room(conn, ctx.now, "oauth_clients")
    _get(conn, client)
    if conn.execute(repo.SET_STATUS, {"client": client, "status": status}).rowcount == 0:
        return
    ended = 0
    if status == "disabled":
        ended = conn.execute(repo.REVOKE_TOKENS_OF, {"client": client}).rowcount
    record(conn, ctx, f"client.{status}", "client", client, tokens_ended=ended)


def _get(conn: Connection, client: str) -> Client:
    row = conn.execute(repo.GET_CLIENT, {"client": client}).fetchone()
    if row is None:
        raise NotFound("there is no such client")
    return _client(row, ())


def _client(row: tuple, found: tuple[ClientSecret, ...]) -> Client:  # type: ignore[type-arg]  # a row of the query
    client, principal, name, scopes, audience, minutes, status, created_at = row
    return Client(client, principal, name, tuple(scopes), audience, minutes, status, created_at, found)


def _new_secret(conn: Connection, ctx: Context, client: str) -> tuple[str, str]:
    named, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    values = {"client": client, "secret": named, "secret_hash": secret_hash(secret), "now": ctx.now}
    conn.execute(repo.ADD_PROOF, values)
    return named, secret
