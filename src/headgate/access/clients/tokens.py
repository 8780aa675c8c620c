"""Access tokens for a client's secret: the client credentials grant of RFC 6749 4.4, revocation after RFC 7009.

A token is opaque and is looked up at every use (docs/decisions/0019-opaque-access-tokens.md): an account that is
suspended, a client that is switched off and a role that is taken away count from the next request on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from headgate.access.clients import repo
from headgate.access.clients.names import parse_client_id
from headgate.access.clients.service import AUDIENCES
from headgate.access.core.roles import PERMISSIONS
from headgate.access.core.tokens import access_token, parse_api_key, same, secret_hash
from headgate.access.principals import load_principal
from headgate.access.recording import record
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError, Unauthenticated

_NO_SECRET = bytes(32)


class OAuthRefusal(Exception):
    """A refusal in the words of RFC 6749 5.2: `error` is its code, the message is for who runs the client."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as it is answered: its text, seconds it lives, and what it may do."""

    token: str
    seconds: int
    scopes: tuple[str, ...]


def issue_token(
    conn: Connection, ctx: Context, client: str, secret: str, *, scope: str = "", audience: str = ""
) -> AccessToken:
    """A token for a client that proves itself. `scope` is some of its scopes, with blanks between; empty: all.

    The transaction must be that of the client's tenant; `ctx` names who asks only by time and trace. Raises
    `OAuthRefusal`: invalid_client, invalid_scope, invalid_target (RFC 8707).
    """
    name, principal, allowed, own_audience, minutes = _proven(conn, ctx, client, secret)
    wanted = tuple(dict.fromkeys(scope.split()))
    for each in wanted:
        if each not in PERMISSIONS or each not in allowed:
            raise OAuthRefusal("invalid_scope", f"this client has no scope {each[:80]!a}")
    if audience and (audience not in AUDIENCES or audience != own_audience):
        raise OAuthRefusal("invalid_target", f"tokens of this client are for {own_audience}")
    given = sorted(wanted or allowed)
    key_id, token = secrets.token_hex(8), secrets.token_urlsafe(32)
    ends = ctx.now + timedelta(minutes=minutes)
    conn.execute(repo.DROP_TOKENS_OF, {"client": client, "now": ctx.now})
    conn.execute(
        repo.ADD_ISSUED,
        {
            "key_id": key_id,
            "principal": principal.id,
            "name": name,
            "secret_hash": secret_hash(token),
            "scopes": given,
            "now": ctx.now,
            "expires_at": ends,
            "audience": own_audience,
            "client": client,
        },
    )
    by = Context(ctx.tenant_id, principal, ctx.now, ctx.trace)
    record(conn, by, "token.issued", "client", client, token=key_id, scopes=given, audience=own_audience, until=ends)
    return AccessToken(access_token(ctx.tenant_id, key_id, token), minutes * 60, tuple(given))


def revoke_token(conn: Connection, ctx: Context, client: str, secret: str, token: str) -> None:
    """End one of the client's own tokens. What is no token of it is no error (RFC 7009 2.2). Raises `OAuthRefusal`."""
    _, principal, *_ = _proven(conn, ctx, client, secret)
    try:
        _, key_id, hashed = parse_api_key(token)
    except Unauthenticated:
        return
    values = {"key_id": key_id, "client": client, "secret_hash": hashed}
    if conn.execute(repo.REVOKE_ISSUED, values).rowcount:
        by = Context(ctx.tenant_id, principal, ctx.now, ctx.trace)
        record(conn, by, "token.revoked", "client", client, token=key_id)


def forget_tokens(conn: Connection, before: datetime, limit: int) -> int:
    """Drop up to `limit` tokens that ended before an instant; returns how many."""
    return conn.execute(repo.FORGET_TOKENS, {"before": before, "limit": limit}).rowcount


def _proven(
    conn: Connection, ctx: Context, client: str, secret: str
) -> tuple[str, Principal, frozenset[str], str, int]:
    """Name, account, scopes, audience and minutes of a client whose secret this is."""
    refused = OAuthRefusal("invalid_client", "the client is unknown or switched off, or its secret is wrong")
    if parse_client_id(client) != ctx.tenant_id:
        raise refused
    row: tuple[Any, ...] | None = conn.execute(repo.GET_CLIENT, {"client": client}).fetchone()
    live = conn.execute(repo.LIVE_SECRETS, {"client": client, "now": ctx.now}).fetchall()
    hashed = secret_hash(secret)
    fits = [named for named, stored in live or [("", _NO_SECRET)] if same(bytes(stored), hashed)]
    if row is None or not fits:
        raise refused
    _, owner, name, scopes, audience, minutes, status, _ = row
    if status != "active":
        raise refused
    try:
        principal = load_principal(conn, owner, ctx.now)
    except HeadgateError:
        raise refused from None
    conn.execute(repo.TOUCH_PROOF, {"client": client, "secret": fits[0], "now": ctx.now})
    return name, principal, frozenset(scopes) & principal.permissions, audience, minutes
