"""Sessions: who is signed in where, how they proved it and when, and how it ends."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.core.security import DEFAULT, SecurityRules, rules_of
from headgate.access.core.tokens import parse_session_token, same, secret_hash, session_token
from headgate.access.devices import forget_device
from headgate.access.mfa.factors import factors_of
from headgate.access.principals import load_principal
from headgate.access.recording import record
from headgate.access.repo import sessions as repo
from headgate.access.repo.devices import DROP_DEVICES
from headgate.access.rules import security_of
from headgate.access.standing import expect_open
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError, NotFound, Unauthenticated
from headgate.store.news import SESSIONS, tell_within

# Where a tenant has not chosen otherwise.
ABSOLUTE = DEFAULT.absolute
IDLE = DEFAULT.idle
# Writing on every request would cost more than the session is worth knowing to the second.
_TOUCH_EVERY = timedelta(minutes=1)
# What a session may be limited to until its owner has set up the second factor that their role needs.
ENROL = "enrol"
_SECOND_FACTORS = frozenset({"passkey", "totp", "recovery"})
# How the ids of a provider's people in its clients begin.
GUEST = "guest:"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as listed; `id` is the hex of what is stored, never the token.

    `proofs` are what its owner has shown: password, totp, recovery, passkey, link, …; `proved_at` when they last did.
    `address` is the network address it was started from, `device` the browser where that is known. `limited_to` names
    the only thing it is good for; empty: everything.
    """

    id: str
    principal: str
    created_at: datetime
    expires_at: datetime
    last_seen: datetime
    user_agent: str
    proved_at: datetime | None
    proofs: tuple[str, ...]
    address: str
    limited_to: str
    device: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just started. The token is known here and in the browser only."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is in force, with its tenant's rules. `touch_due` says that its last use should be noted again;
    `timezone` and `region` are how its owner chose to read, '' as usual here."""

    principal: Principal
    touch_due: bool
    session: Session
    rules: SecurityRules
    timezone: str = ""
    region: str = ""

    def is_fresh(self, now: datetime) -> bool:
        """Whether its owner has proved who they are recently enough for a sensitive act."""
        proved = self.session.proved_at
        return proved is not None and now - proved < self.rules.fresh


def start_session(
    conn: Connection,
    ctx: Context,
    principal: str,
    *,
    user_agent: str = "",
    address: str = "",
    proofs: Sequence[str] = ("password",),
    limited_to: str = "",
    lasts: timedelta | None = None,
    device: UUID | None = None,
) -> NewSession:
    """Start a session for somebody who has just been authenticated; it lasts as long as the tenant's rules allow, and
    no longer than `lasts`.

    Raises `Suspended` where the tenant is shut for them.
    """
    expect_open(conn, load_principal(conn, principal, ctx.now), writes=False)
    secret = secrets.token_urlsafe(32)
    rules = security_of(conn)
    expires_at = ctx.now + (rules.absolute if lasts is None else min(lasts, rules.absolute))
    shown = "".join(c for c in user_agent if c.isprintable())[:300]
    conn.execute(
        repo.ADD_SESSION,
        {
            "token_hash": secret_hash(secret),
            "principal": principal,
            "now": ctx.now,
            "expires_at": expires_at,
            "user_agent": shown,
            "proofs": list(proofs),
            "address": address[:100],
            "limited_to": limited_to,
            "device": device,
        },
    )
    conn.execute(repo.PURGE_SESSIONS, {"now": ctx.now, "idle_since": ctx.now - rules.idle})
    told = {"limited_to": limited_to} if limited_to else {}
    record(conn, ctx, "session.started", "principal", principal, user_agent=shown, proofs=list(proofs), **told)
    return NewSession(session_token(ctx.tenant_id, secret), expires_at)


def renew_session(conn: Connection, ctx: Context, token: str, proof: str) -> NewSession:
    """Give a session another token because its owner proved again who they are; the old one is worth nothing any more.

    Raises `Unauthenticated` when it is over.
    """
    secret = secrets.token_urlsafe(32)
    values = {"old": parse_session_token(token)[1], "new": secret_hash(secret), "proof": proof, "now": ctx.now}
    row = conn.execute(repo.RENEW_SESSION, values).fetchone()
    if row is None:
        raise Unauthenticated("the session has ended; sign in again")
    record(conn, ctx, "session.proved", "principal", row[0], proof=proof)
    return NewSession(session_token(ctx.tenant_id, secret), row[1])


def unlimit_session(conn: Connection, token: str) -> None:
    """Let a session that waited for a second factor be good for everything."""
    conn.execute(repo.UNLIMIT_SESSION, {"token_hash": parse_session_token(token)[1]})


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
    """`resume_session` for a transaction that only reads: noting the last use is left to `touch_session`.

    A session whose owner is asked for a second factor that they do not have is good for setting one up.
    """
    _, hashed = parse_session_token(token)
    row = conn.execute(repo.GET_SESSION, {"token_hash": hashed}).fetchone()
    over = Unauthenticated("the session has ended; sign in again")
    if row is None or not same(row[0], hashed):
        raise over
    *found, timezone, region, raw = row
    session, rules = _session(found), rules_of(raw)
    ended = now >= session.expires_at or now >= session.created_at + rules.absolute
    if ended or now - session.last_seen >= rules.idle:
        raise over
    if session.principal.startswith(GUEST) and not _stands(conn, session.principal, now):
        raise over
    try:
        principal = load_principal(conn, session.principal, now)
    except HeadgateError:
        raise over from None
    if not session.limited_to and _lacks_factor(conn, session, principal, rules):
        if principal.id.startswith(GUEST):
            raise over
        session = replace(session, limited_to=ENROL)
    return LiveSession(principal, now - session.last_seen >= _TOUCH_EVERY, session, rules, timezone, region)


def _lacks_factor(conn: Connection, session: Session, principal: Principal, rules: SecurityRules) -> bool:
    """Whether a second factor is asked of them now that they do not have: the rule, a role or the factor may have
    changed since they signed in. A guest has shown it at home."""
    if "demo" in session.proofs or not rules.needs_second_factor(principal.roles):
        return False
    if principal.id.startswith(GUEST):
        return _SECOND_FACTORS.isdisjoint(session.proofs)
    return not factors_of(conn, principal.id).on


def _stands(conn: Connection, guest: str, now: datetime) -> bool:
    """Whether a guest is one still, here and at their provider: who is suspended there is out here at once."""
    row = conn.execute(repo.GUEST_STANDS, {"guest": guest, "now": now}).fetchone()
    return row is not None and bool(row[0])


def touch_session(conn: Connection, token: str, now: datetime) -> None:
    """Note that a session is being used."""
    conn.execute(repo.TOUCH_SESSION, {"token_hash": parse_session_token(token)[1], "now": now})


def end_session(conn: Connection, ctx: Context, token: str) -> None:
    """Sign out. A session that is over already is no error."""
    _, hashed = parse_session_token(token)
    row = conn.execute(repo.END_SESSION, {"token_hash": hashed}).fetchone()
    if row is not None:
        record(conn, ctx, "session.ended", "principal", row[0])
        tell_within(conn, ctx.tenant_id, (SESSIONS,))


def list_sessions(conn: Connection, principal: str, now: datetime) -> list[Session]:
    """The live sessions of a principal, last used first."""
    rules = security_of(conn)
    values = {"principal": principal, "now": now, "idle_since": now - rules.idle, "born": now - rules.absolute}
    return [_session(row) for row in conn.execute(repo.LIST_SESSIONS, values)]


def revoke_session(conn: Connection, ctx: Context, session_id: str) -> None:
    """End one of one's own sessions by its id, or anybody's as an administrator; its browser is not known any more.

    Raises `NotFound`.
    """
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
    if (device := _session(row[:-3]).device) is not None:
        forget_device(conn, ctx, row[1], device)
    record(conn, ctx, "session.revoked", "principal", row[1])
    tell_within(conn, ctx.tenant_id, (SESSIONS,))


def revoke_sessions(conn: Connection, ctx: Context, principal: str, *, keep_token: str | None = None) -> int:
    """End all sessions of an account but the given one, and forget the browsers of the others; returns how many."""
    if principal != ctx.principal.id:
        require(ctx.principal, "admin")
    keep = None if keep_token is None else parse_session_token(keep_token)[1]
    forgotten = conn.execute(DROP_DEVICES, {"principal": principal, "keep": keep}).rowcount
    if forgotten:
        record(conn, ctx, "device.forgotten", "principal", principal, devices=forgotten)
    ended = conn.execute(repo.END_SESSIONS, {"principal": principal, "keep": keep}).rowcount
    if ended:
        record(conn, ctx, "session.revoked", "principal", principal, sessions=ended)
        tell_within(conn, ctx.tenant_id, (SESSIONS,))
    return ended


def forget_sessions(conn: Connection, before: datetime, limit: int) -> int:
    """Drop up to `limit` sessions that ended before an instant; returns how many."""
    return conn.execute(repo.FORGET_SESSIONS, {"before": before, "limit": limit}).rowcount


def _session(row: Sequence[Any]) -> Session:
    token_hash, principal, created_at, expires_at, last_seen, agent, proved_at, proofs, address, limited, device = row
    return Session(
        token_hash.hex(),
        principal,
        created_at,
        expires_at,
        last_seen,
        agent,
        proved_at,
        tuple(proofs),
        address,
        limited,
        device,
    )
