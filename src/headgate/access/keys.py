"""API keys: shown once, stored as a hash, limited to scopes, replaced with an overlap."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.allowance import expect_room
from headgate.access.core.checks import text
from headgate.access.core.roles import PERMISSIONS, require
from headgate.access.core.tokens import api_key, parse_api_key, same, secret_hash
from headgate.access.principals import Account, get_account, load_principal
from headgate.access.recording import record
from headgate.access.repo import keys as repo
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, NotFound, Unauthenticated, invalid
from headgate.kernel.phrases import phrase
from headgate.store import Database

_TOUCH_EVERY = timedelta(minutes=1)
LONGEST_OVERLAP = timedelta(days=30)
_NO_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as listed, without its secret."""

    key_id: str
    principal: str
    name: str
    scopes: tuple[str, ...]
    status: Literal["active", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    replaces: str | None = None


def create_api_key(
    conn: Connection,
    ctx: Context,
    principal: str,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> str:
    """Create a key for one's own account, or anybody's as an administrator; returns its text, shown this once.

    Scopes are permissions that the account has now; a key never allows more than the account does when it is used.
    Raises `OverQuota` when the tenant has as many as it may.
    """
    if principal != ctx.principal.id:
        require(ctx.principal, "admin")
    shown = text("name", name, 100)
    wanted = held_scopes(get_account(conn, principal, ctx.now), scopes)
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= ctx.now):
        raise invalid("expires_at", expires_at, "is not a time in the future")
    expect_room(conn, ctx.now, "api_keys")
    key_id, made = _add(conn, ctx, principal, shown, wanted, expires_at, None)
    record(conn, ctx, "api_key.created", "api_key", key_id, principal=principal, scopes=wanted, expires_at=expires_at)
    return made


def rotate_api_key(conn: Connection, ctx: Context, key_id: str, *, keep: timedelta = timedelta(hours=24)) -> str:
    """A new key with the name, scopes and life span of an old one, which works for `keep` longer; returns its text.

    One's own key, or anybody's as an administrator. Raises `NotFound`, `Conflict` for a key that does not work.
    """
    old = _own_or_any(conn, ctx, key_id)
    if old.status != "active" or (old.expires_at is not None and old.expires_at <= ctx.now):
        raise Conflict("this key does not work any more; make a new one")
    until = ctx.now + overlap(keep)
    lasts = None if old.expires_at is None else ctx.now + (old.expires_at - old.created_at)
    new_id, made = _add(conn, ctx, old.principal, old.name, list(old.scopes), lasts, key_id)
    conn.execute(repo.END_KEY, {"key_id": key_id, "until": until})
    told = {"principal": old.principal, "replaces": key_id, "former_until": until, "expires_at": lasts}
    record(conn, ctx, "api_key.rotated", "api_key", new_id, **told)
    return made


def overlap(keep: timedelta) -> timedelta:
    """How long a secret that is replaced may go on: nothing to 30 days. Raises `Invalid`."""
    if not timedelta(0) <= keep <= LONGEST_OVERLAP:
        raise invalid("keep", keep, "is not between nothing and 30 days")
    return keep


def held_scopes(account: Account, scopes: Iterable[str]) -> list[str]:
    """Scopes in order, each a permission that the account has. Raises `Invalid`, `Forbidden`."""
    wanted = sorted(set(scopes))
    if not wanted:
        raise invalid("scopes", "", "is empty", phrase("Use some of %(names)s.", names=", ".join(PERMISSIONS)))
    held = account.as_principal().permissions
    for scope in wanted:
        if scope not in PERMISSIONS:
            raise invalid(
                "scopes", scope, "is not a permission", phrase("Use some of %(names)s.", names=", ".join(PERMISSIONS))
            )
        if scope not in held:
            raise Forbidden(
                phrase(
                    "%(principal)s does not have %(scope)s; grant a role that has it first",
                    principal=account.principal,
                    scope=scope,
                )
            )
    return wanted


def _add(
    conn: Connection,
    ctx: Context,
    principal: str,
    name: str,
    scopes: list[str],
    expires_at: datetime | None,
    replaces: str | None,
) -> tuple[str, str]:
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    values = {"key_id": key_id, "principal": principal, "name": name, "secret_hash": secret_hash(secret)}
    dates = {"now": ctx.now, "expires_at": expires_at}
    conn.execute(repo.ADD_KEY, {**values, **dates, "scopes": scopes, "replaces": replaces})
    return key_id, api_key(ctx.tenant_id, key_id, secret)


def list_api_keys(conn: Connection, *, principal: str | None = None) -> list[ApiKey]:
    """Keys, newest first; of one account or of all."""
    return [
        ApiKey(key_id, owner, name, tuple(scopes), *rest)
        for key_id, owner, name, scopes, *rest in conn.execute(repo.LIST_KEYS, {"principal": principal})
    ]


def revoke_api_key(conn: Connection, ctx: Context, key_id: str) -> None:
    """Make a key useless at once: one's own, or anybody's as an administrator. Raises `NotFound`."""
    found = _own_or_any(conn, ctx, key_id)
    if conn.execute(repo.REVOKE_KEY, {"key_id": key_id}).rowcount:
        record(conn, ctx, "api_key.revoked", "api_key", key_id, principal=found.principal)


def _own_or_any(conn: Connection, ctx: Context, key_id: str) -> ApiKey:
    found = next((key for key in list_api_keys(conn) if key.key_id == key_id), None)
    if found is None:
        raise NotFound("there is no such key")
    if found.principal != ctx.principal.id:
        require(ctx.principal, "admin")
    return found


def check_api_key(conn: Connection, key: str, now: datetime, *, audience: str = "api") -> Principal:
    """Who a key or token stands for, with the permissions that its scopes and the account's roles have in common.

    A token is taken by its `audience` only. The transaction must be that of the key's tenant and
    may write. Raises `Unauthenticated`.
    """
    _, key_id, hashed = parse_api_key(key)
    row = conn.execute(repo.CHECK_KEY, {"key_id": key_id, "now": now, "audience": audience}).fetchone()
    stored, owner, scopes, last_used, valid = row or (_NO_SECRET, "", [], None, False)
    if not same(stored, hashed) or not valid:
        raise Unauthenticated("the API key is unknown, revoked or expired")
    try:
        principal = load_principal(conn, owner, now)
    except HeadgateError:
        raise Unauthenticated("the account of this API key is suspended") from None
    if last_used is None or now - last_used >= _TOUCH_EVERY:
        conn.execute(repo.TOUCH_KEY, {"key_id": key_id, "now": now})
    return replace(principal, permissions=principal.permissions & frozenset(scopes))


def authenticate_api_key(
    database: Database, key: str, now: datetime, *, audience: str = "api"
) -> tuple[UUID, Principal]:
    """The tenant and principal of a key, in a transaction of its own. Raises `Unauthenticated`."""
    tenant_id, _, _ = parse_api_key(key)
    with database.transaction(tenant_id) as conn:
        return tenant_id, check_api_key(conn, key, now, audience=audience)
