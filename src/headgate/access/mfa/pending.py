"""Between the password and the second factor: a sign-in that has not happened yet."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from headgate.access.core.tokens import parse_session_token, secret_hash, session_token
from headgate.access.mfa import repo
from headgate.kernel.context import Context
from headgate.kernel.errors import Unauthenticated

LASTS = timedelta(minutes=10)
MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Pending:
    """Who is signing in, what they have proved so far, and what the session will be good for (empty: everything)."""

    principal: str
    proofs: tuple[str, ...]
    limited_to: str = ""


def begin_pending(
    conn: Connection, ctx: Context, principal: str, proofs: tuple[str, ...], *, limited_to: str = ""
) -> str:
    """Remember that somebody gave a right password; the token goes into a cookie of the sign-in pages."""
    secret = secrets.token_urlsafe(32)
    conn.execute(repo.FORGET_PENDING, {"now": ctx.now})
    values = {"token_hash": secret_hash(secret), "principal": principal, "proofs": list(proofs), "now": ctx.now}
    conn.execute(repo.ADD_PENDING, {**values, "expires_at": ctx.now + LASTS, "limited_to": limited_to})
    return session_token(ctx.tenant_id, secret)


def read_pending(conn: Connection, token: str, now: datetime) -> Pending:
    """Whose second factor is awaited. Raises `Unauthenticated` when that is over."""
    row = conn.execute(repo.GET_PENDING, {"token_hash": parse_session_token(token)[1]}).fetchone()
    if row is None or row[3] <= now or row[2] >= MOST_ATTEMPTS:
        raise Unauthenticated("the sign-in took too long; begin again")
    return Pending(row[0], tuple(row[1]), row[4])


def take_attempt(conn: Connection, token: str, now: datetime) -> Pending:
    """The same, counting a try; after five there is no further one. Commit in either case."""
    values = {"token_hash": parse_session_token(token)[1], "now": now, "most": MOST_ATTEMPTS}
    row = conn.execute(repo.COUNT_ATTEMPT, values).fetchone()
    if row is None:
        raise Unauthenticated("the sign-in took too long; begin again")
    return Pending(row[0], tuple(row[1]), row[2])


def end_pending(conn: Connection, token: str) -> None:
    """It became a session, or was given up."""
    conn.execute(repo.DROP_PENDING, {"token_hash": parse_session_token(token)[1]})
