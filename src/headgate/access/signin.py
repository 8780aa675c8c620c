"""Signing in with a password, and the sessions that follow."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from headgate.access import repo
from headgate.access.core import checks
from headgate.access.core.passwords import LONGEST, normalised
from headgate.access.core.roles import require
from headgate.access.core.tokens import parse_session_token, same, secret_hash, session_token
from headgate.access.hashing import password_fits, rehashed
from headgate.access.principals import load_principal
from headgate.access.recording import record
from headgate.access.standing import expect_open
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import HeadgateError, Invalid, NotFound, Unauthenticated

MOST_FAILURES = 5
LOCK = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
IDLE = timedelta(hours=2)
# Writing on every request would cost more than the session is worth knowing to the second.
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Denied:
    """A sign-in that failed. `reason` is for the log only; everybody is shown the same text, which tells nothing."""

    reason: str

    @property
    def shown(self) -> str:
        """What the person is told."""
        return (
            "E-mail or password is wrong. After several wrong passwords an account is locked for "
            f"{LOCK // timedelta(minutes=1)} minutes."
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A session as listed; `id` is the hex of what is stored, never the token."""

    id: str
    principal: str
    created_at: datetime
    expires_at: datetime
    last_seen: datetime
    user_agent: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just started. The token is known here and in the browser only."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is in force. `touch_due` says that its last use should be noted again."""

    principal: Principal
    touch_due: bool


def authenticate(conn: Connection, ctx: Context, email: str, password: str) -> Principal | Denied:
    """Check e-mail and password. Commit in either case: a failure has been counted.

    After five wrong passwords the account is locked for a quarter of an hour. An unknown address takes as long as a
    known one and gets the same answer.
    """
    try:
        row = conn.execute(repo.SIGN_IN, {"email": checks.email(email)}).fetchone()
    except Invalid:  # answered like any unknown address
        row = None
    principal, status, stored, locked_until = row or ("", "", None, None)
    given = normalised(password[: LONGEST + 1])
    fits = password_fits(stored, given) and len(password) <= LONGEST
    if row is None:
        return Denied("unknown e-mail")
    if locked_until is not None and locked_until > ctx.now:
        return Denied(f"{principal} is locked until {locked_until.isoformat()}")
    if not fits:
        values = {"principal": principal, "most": MOST_FAILURES, "until": ctx.now + LOCK}
        (locked,) = conn.execute(repo.NOTE_FAILURE, values).fetchone() or (False,)
        if locked:
            by = Context(ctx.tenant_id, SYSTEM, ctx.now, ctx.trace)
            record(conn, by, "principal.locked", "principal", principal, until=ctx.now + LOCK, failures=MOST_FAILURES)
        return Denied(f"wrong password for {principal}")
    if status != "active":
        return Denied(f"{principal} is suspended")
    conn.execute(repo.CLEAR_FAILURES, {"principal": principal, "rehashed": rehashed(stored, given)})
    return load_principal(conn, principal, ctx.now)


def start_session(conn: Connection, ctx: Context, principal: str, *, user_agent: str = "") -> NewSession:
    """Start a session for somebody who has just been authenticated; it lasts 12 hours at most, 2 hours unused."""
    expect_open(conn, load_principal(conn, principal, ctx.now), writes=False)
    secret = secrets.token_urlsafe(32)
    expires_at = ctx.now + ABSOLUTE
    shown = "".join(c for c in user_agent if c.isprintable())[:300]
    values = {"token_hash": secret_hash(secret), "principal": principal, "now": ctx.now}
    conn.execute(repo.ADD_SESSION, {**values, "expires_at": expires_at, "user_agent": shown})
    conn.execute(repo.PURGE_SESSIONS, {"now": ctx.now, "idle_since": ctx.now - IDLE})
    record(conn, ctx, "session.started", "principal", principal, user_agent=shown)
    return NewSession(session_token(ctx.tenant_id, secret), expires_at)


def resume_session(conn: Connection, token: str, now: datetime) -> Principal:
    """Who a session token belongs to, with today's roles. Raises `Unauthenticated` when it is over.

    The transaction must be that of the token's tenant (`parse_session_token`) and may write: about once a minute the
    session's last use is noted.
    """
    live = read_session(conn, token, now)
    if live.touch_due:
        touch_session(conn, token, now)
    return live.principal


def read_session(conn: Connection, token: str, now: datetime) -> LiveSession:
    """`resume_session` for a transaction that only reads: noting the last use is left to `touch_session`."""
    _, hashed = parse_session_token(token)
    row = conn.execute(repo.GET_SESSION, {"token_hash": hashed}).fetchone()
    over = Unauthenticated("the session has ended; sign in again")
    if row is None or not same(row[0], hashed):
        raise over
    session = _session(row)
    if now >= session.expires_at or now - session.last_seen >= IDLE:
        raise over
    try:
        principal = load_principal(conn, session.principal, now)
    except HeadgateError:
        raise over from None
    return LiveSession(principal, now - session.last_seen >= _TOUCH_EVERY)


def touch_session(conn: Connection, token: str, now: datetime) -> None:
    """Note that a session is being used."""
    conn.execute(repo.TOUCH_SESSION, {"token_hash": parse_session_token(token)[1], "now": now})


def end_session(conn: Connection, ctx: Context, token: str) -> None:
    """Sign out. A session that is over already is no error."""
    _, hashed = parse_session_token(token)
    row = conn.execute(repo.END_SESSION, {"token_hash": hashed}).fetchone()
    if row is not None:
        record(conn, ctx, "session.ended", "principal", row[0])


def list_sessions(conn: Connection, principal: str, now: datetime) -> list[Session]:
    """The live sessions of a principal, last used first."""
    values = {"principal": principal, "now": now, "idle_since": now - IDLE}
    return [_session(row) for row in conn.execute(repo.LIST_SESSIONS, values)]


def revoke_session(conn: Connection, ctx: Context, session_id: str) -> None:
    """End one of one's own sessions by its id, or anybody's as an administrator. Raises `NotFound`."""
    try:
        hashed = bytes.fromhex(session_id)
    except ValueError:
        raise NotFound("there is no such session") from None
    row = conn.execute(repo.GET_SESSION, {"token_hash": hashed}).fetchone()
    if row is None:
        raise NotFound("there is no such session")
    if row[1] != ctx.principal.id:
        require(ctx.principal, "admin")
    conn.execute(repo.END_SESSION, {"token_hash": hashed})
    record(conn, ctx, "session.revoked", "principal", row[1])


def revoke_sessions(conn: Connection, ctx: Context, principal: str, *, keep_token: str | None = None) -> int:
    """End all sessions of an account but the given one; returns how many."""
    if principal != ctx.principal.id:
        require(ctx.principal, "admin")
    keep = None if keep_token is None else parse_session_token(keep_token)[1]
    ended = conn.execute(repo.END_SESSIONS, {"principal": principal, "keep": keep}).rowcount
    if ended:
        record(conn, ctx, "session.revoked", "principal", principal, sessions=ended)
    return ended


def _session(row: tuple[bytes, str, datetime, datetime, datetime, str]) -> Session:
    return Session(row[0].hex(), *row[1:])


def forget_sessions(conn: Connection, before: datetime, limit: int) -> int:
    """Drop up to `limit` sessions that ended before an instant; returns how many."""
    return conn.execute(repo.FORGET_SESSIONS, {"before": before, "limit": limit}).rowcount
