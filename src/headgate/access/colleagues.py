"""People of a partner: who administers them is one of them. Nothing here reaches beyond the partner of who acts.

It works within a partner's transaction too, where the database shows no other people.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.passwords import SHORTEST, check_password
from headgate.access.core.roles import PARTNER_ROLES, require
from headgate.access.core.tokens import parse_session_token, secret_hash, session_token
from headgate.access.hashing import hash_password
from headgate.access.principals import Account, as_account, create_person, get_account, load_principal
from headgate.access.recording import record
from headgate.access.repo import colleagues as repo
from headgate.access.repo.people import ADD_PRINCIPAL, DROP_GRANT, SET_GRANT, SET_HASH, SET_STATUS
from headgate.access.roles import grant_role
from headgate.access.rules import security_of
from headgate.access.shutting import shut_out
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, Forbidden, NotFound, Unauthenticated, invalid
from headgate.kernel.phrases import phrase

INVITED_FOR = timedelta(days=7)
MOST_COLLEAGUES = 200
_OVER = phrase("this link is not valid any more; ask whoever invited you for a new one")


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of a partner. `ready`: they have chosen a password; `last_seen`: of the sessions still known."""

    account: Account
    last_seen: datetime | None
    ready: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link's secret, which nobody can read again, and when it ends."""

    principal: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a link is for, and how many characters their password needs."""

    principal: str
    name: str
    email: str
    partner: str | None = None
    shortest: int = SHORTEST


def list_colleagues(conn: Connection, ctx: Context) -> list[Colleague]:
    """Everybody of one's own partner, by name."""
    partner = _own(ctx)
    rows = conn.execute(repo.LIST_COLLEAGUES, {"partner": partner, "now": ctx.now})
    return [Colleague(as_account(row[:10]), row[10], row[11]) for row in rows]


def add_colleague(conn: Connection, ctx: Context, *, email: str, name: str, role: str) -> Invitation:
    """Invite somebody to one's own partner; the link lets them choose a password.

    Raises `Invalid`, `Conflict` when the address is in use, `Forbidden` for who may not administer.
    """
    partner = _own(ctx)
    require(ctx.principal, "portal.users")
    return invite(conn, ctx, email=email, name=name, role=role, partner=partner)


def invite(conn: Connection, ctx: Context, *, email: str, name: str, role: str, partner: str) -> Invitation:
    """Make a person of a partner and a link for them. The caller has checked that they may."""
    address, shown = checks.email(email), checks.text("name", name, 200)
    _check_role(role)
    if len(conn.execute(repo.LOCK_COLLEAGUES, {"partner": partner}).fetchall()) >= MOST_COLLEAGUES:
        raise Conflict(
            phrase(
                "a partner has at most %(most_colleagues)s people; deactivated ones count",
                most_colleagues=MOST_COLLEAGUES,
            )
        )
    principal = f"user:{address}"
    values = {"principal": principal, "kind": "person", "name": shown, "email": address, "password_hash": None}
    if conn.execute(ADD_PRINCIPAL, {**values, "partner": partner, "now": ctx.now}).rowcount != 1:
        raise Conflict(phrase("%(address)s cannot be invited: the address is in use already", address=address))
    grant = {"principal": principal, "role": role, "valid_from": None, "valid_until": None}
    conn.execute(SET_GRANT, {**grant, "by": ctx.principal.id, "now": ctx.now})
    record(conn, ctx, "principal.invited", "principal", principal, name=shown, partner=partner, role=role)
    return _link(conn, ctx, principal)


def invite_person(conn: Connection, ctx: Context, *, email: str, name: str, roles: Sequence[str]) -> Invitation:
    """Make an account of the tenant's own and a link that lets its owner choose a password: nobody else knows one."""
    account = create_person(conn, ctx, email=email, name=name)
    for role in roles:
        grant_role(conn, ctx, account.principal, role)
    return _link(conn, ctx, account.principal)


def renew_link(conn: Connection, ctx: Context, principal: str) -> Invitation:
    """A new link for somebody of one's own partner who lost the first one, or their password. Older links end."""
    require(ctx.principal, "portal.users")
    colleague = _colleague(conn, ctx, principal)
    if colleague.status != "active":
        raise Conflict(phrase("%(name)s is deactivated; activate the account first", name=colleague.name))
    record(conn, ctx, "principal.link_renewed", "principal", principal)
    return _link(conn, ctx, principal)


def set_colleague_role(conn: Connection, ctx: Context, principal: str, role: str) -> None:
    """Give somebody of one's own partner another role. Nobody changes their own, and one administrator stays."""
    require(ctx.principal, "portal.users")
    _check_role(role)
    account = _other(conn, ctx, principal)
    if role in account.roles:
        return
    for held in account.roles:
        conn.execute(DROP_GRANT, {"principal": principal, "role": held})
    grant = {"principal": principal, "role": role, "valid_from": None, "valid_until": None}
    conn.execute(SET_GRANT, {**grant, "by": ctx.principal.id, "now": ctx.now})
    record(conn, ctx, "role.granted", "principal", principal, role=role, before=list(account.roles))


def set_colleague_active(conn: Connection, ctx: Context, principal: str, active: bool) -> None:
    """Shut somebody of one's own partner out, at once, or let them in again. Nobody shuts themselves out."""
    require(ctx.principal, "portal.users")
    _other(conn, ctx, principal)
    status = "active" if active else "suspended"
    if conn.execute(SET_STATUS, {"principal": principal, "status": status}).rowcount == 0:
        return
    if not active:
        shut_out(conn, ctx.tenant_id, principal)
        conn.execute(repo.DROP_INVITATIONS, {"principal": principal})
    record(conn, ctx, f"principal.{status}", "principal", principal)


def find_invitation(conn: Connection, token: str, now: datetime) -> Invited:
    """Whom a link is for. Raises `Unauthenticated` when it is used, over, or never was."""
    _, hashed = parse_session_token(token)
    row = conn.execute(repo.GET_INVITATION, {"token_hash": hashed}).fetchone()
    if row is None:
        raise Unauthenticated(_OVER)
    principal, expires_at, used_at, name, email, status, partner = row
    if used_at is not None or now >= expires_at or status != "active":
        raise Unauthenticated(_OVER)
    return Invited(principal, name, email, partner, security_of(conn).password_length)


def accept_invitation(conn: Connection, ctx: Context, token: str, password: str) -> Invited:
    """Choose a password by a link, once. Sessions of before end. Raises `Unauthenticated`, `Invalid`."""
    found = find_invitation(conn, token, ctx.now)
    hashed = hash_password(check_password(password, about=(found.email, found.name), shortest=found.shortest))
    values = {"token_hash": parse_session_token(token)[1], "now": ctx.now}
    if conn.execute(repo.USE_INVITATION, values).rowcount != 1:
        raise Unauthenticated(_OVER)
    conn.execute(SET_HASH, {"principal": found.principal, "password_hash": hashed})
    conn.execute(repo.DROP_INVITATIONS, {"principal": found.principal})
    shut_out(conn, ctx.tenant_id, found.principal)
    by = Context(ctx.tenant_id, SYSTEM, ctx.now, ctx.trace)
    record(conn, by, "password.chosen", "principal", found.principal)
    return found


def _link(conn: Connection, ctx: Context, principal: str) -> Invitation:
    conn.execute(repo.DROP_INVITATIONS, {"principal": principal})
    secret = secrets.token_urlsafe(32)
    expires_at = ctx.now + INVITED_FOR
    values = {"token_hash": secret_hash(secret), "principal": principal, "by": ctx.principal.id, "now": ctx.now}
    conn.execute(repo.ADD_INVITATION, {**values, "expires_at": expires_at})
    return Invitation(principal, session_token(ctx.tenant_id, secret), expires_at)


def _own(ctx: Context) -> str:
    if ctx.principal.partner is None:
        raise Forbidden("this is for people of partners")
    return ctx.principal.partner


def _colleague(conn: Connection, ctx: Context, principal: str) -> Account:
    """Somebody of one's own partner. Anybody else is not there."""
    partner = _own(ctx)
    conn.execute(repo.LOCK_COLLEAGUES, {"partner": partner})
    account = get_account(conn, principal, ctx.now)
    if account.partner != partner or account.kind != "person":
        raise NotFound(phrase("there is no %(principal)s", principal=principal))
    return account


def _other(conn: Connection, ctx: Context, principal: str) -> Account:
    """A colleague who is not who acts: so whoever administers stays, and at least one does."""
    if principal == ctx.principal.id:
        raise Forbidden("nobody changes their own account here; ask another administrator of your company")
    account = _colleague(conn, ctx, principal)
    # Read again behind the lock: two administrators who shut each other out at once would leave none.
    require(load_principal(conn, ctx.principal.id, ctx.now), "portal.users")
    return account


def _check_role(role: str) -> None:
    if role not in PARTNER_ROLES:
        raise invalid(
            "role", role, "is not a role in the portal", phrase("Use one of %(names)s.", names=", ".join(PARTNER_ROLES))
        )
