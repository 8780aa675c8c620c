"""A password that was lost: a link by mail, single use, for half an hour; whether there is an account stays unknown."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.tokens import secret_hash, session_token
from headgate.access.recording import record
from headgate.access.repo import colleagues as repo
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Invalid

LASTS = timedelta(minutes=30)
# More within an hour would only fill somebody's mailbox.
MOST_AN_HOUR = 3


@dataclass(frozen=True, slots=True)
class Reset:
    """A link that was made: for whom, and its token."""

    principal: str
    name: str
    email: str
    token: str


def ask_reset(
    conn: Connection, ctx: Context, email: str, *, staff: bool, send: Callable[[Connection, Reset], None]
) -> bool:
    """Make a link and let `send` post it, where there is an active account of this edge; whether there was one.

    For an address that nobody has the very same is done and then taken back, so that neither answer nor time tells.
    """
    try:
        address = checks.email(email)
    except Invalid:
        address = "nobody@invalid.example"
    since = ctx.now - timedelta(hours=1)
    row = conn.execute(repo.FIND_RESET, {"email": address, "since": since}).fetchone()
    principal, name, status, partner, lately = row or (f"user:{address}", address, "", None, 0)
    known = status == "active" and (partner is None) == staff and lately < MOST_AN_HOUR
    secret = secrets.token_urlsafe(32)
    with conn.transaction(force_rollback=not known):
        values = {"token_hash": secret_hash(secret), "principal": principal, "by": SYSTEM.id, "now": ctx.now}
        conn.execute(repo.ADD_RESET, {**values, "expires_at": ctx.now + LASTS})
        send(conn, Reset(principal, name, address, session_token(ctx.tenant_id, secret)))
        record(conn, ctx, "password.reset_asked", "principal", principal)
    return known
