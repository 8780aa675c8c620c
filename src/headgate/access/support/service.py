"""Consent to support, and looks taken under it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.roles import require
from headgate.access.core.tokens import parse_session_token, secret_hash, session_token
from headgate.access.principals import get_account, load_principal
from headgate.access.recording import record
from headgate.access.support import repo
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, HeadgateError, NotFound, Unauthenticated, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase

LONGEST_CONSENT: Final = timedelta(days=3)
LINK_LASTS: Final = timedelta(minutes=5)
LOOKS_FOR: Final = timedelta(minutes=30)
_PREFIX = "support."
_OVER = phrase("this look has ended")


@dataclass(frozen=True, slots=True)
class Consent:
    """An administrator lets support look as `subject` until an instant."""

    id: UUID
    subject: str
    reason: str
    valid_until: datetime
    granted_by: str
    granted_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """A look that was taken, or is: who looked as whom, why, from when until when."""

    supporter: str
    subject: str
    reason: str
    begun_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Looking:
    """A look that is in force. `principal` sees what the subject sees and may do nothing; `actor` is who it is."""

    principal: Principal
    supporter: str
    reason: str
    ends_at: datetime

    @property
    def actor(self) -> str:
        """As the audit trail names it."""
        return f"{self.supporter} as {self.principal.id}"


def consent(conn: Connection, ctx: Context, subject: str, *, reason: str, hours: int) -> Consent:
    """Let support look as one of the tenant's own people, for three days at most. Raises `Invalid`, `NotFound`."""
    require(ctx.principal, "admin")
    account = get_account(conn, subject, ctx.now)
    if account.kind != "person" or account.partner is not None:
        raise Conflict(phrase("%(subject)s is nobody of the tenant's own people", subject=subject))
    why = checks.text("reason", reason, 500)
    if not 1 <= hours <= LONGEST_CONSENT // timedelta(hours=1):
        raise invalid("hours", hours, "is not between 1 and 72")
    made, until = new_id(ctx.now), ctx.now + timedelta(hours=hours)
    values = {"id": made, "subject": subject, "reason": why, "until": until, "by": ctx.principal.id, "now": ctx.now}
    conn.execute(repo.ADD_CONSENT, values)
    record(conn, ctx, "support.consented", "principal", subject, reason=why, until=until)
    return Consent(made, subject, why, until, ctx.principal.id, ctx.now, None)


def withdraw(conn: Connection, ctx: Context, id: UUID) -> None:
    """Take a consent back; looks under it end at once. Raises `NotFound`."""
    require(ctx.principal, "admin")
    row = conn.execute(repo.WITHDRAW, {"id": id, "now": ctx.now}).fetchone()
    if row is None:
        raise NotFound("there is no such consent, or it was withdrawn")
    conn.execute(repo.END_LOOKS_OF, {"id": id, "now": ctx.now})
    record(conn, ctx, "support.withdrawn", "principal", row[0])


def list_consents(conn: Connection, limit: int = 50) -> list[Consent]:
    """Consents, newest first."""
    return [Consent(*row) for row in conn.execute(repo.LIST_CONSENTS, {"limit": limit})]


def list_looks(conn: Connection, limit: int = 50) -> list[Look]:
    """Looks, newest first."""
    return [Look(*row) for row in conn.execute(repo.LIST_LOOKS, {"limit": limit})]


def begin_look(conn: Connection, ctx: Context, subject: str, *, reason: str) -> str:
    """The token of a link that opens a look once, within five minutes.

    For the installation's operators. Raises `Forbidden` without a consent in force.
    """
    if ctx.principal.kind != "system":
        raise Forbidden("looking as somebody is for the installation's support")
    why = checks.text("reason", reason, 500)
    row = conn.execute(repo.IN_FORCE, {"subject": subject, "now": ctx.now}).fetchone()
    if row is None:
        raise Forbidden(
            phrase(
                "nobody has consented to support looking as %(subject)s; ask an administrator of the tenant",
                subject=subject,
            )
        )
    token = session_token(ctx.tenant_id, secrets.token_urlsafe(32))
    _, hashed = parse_session_token(token)
    values = {"id": new_id(ctx.now), "consent": row[0], "supporter": ctx.principal.id, "reason": why}
    conn.execute(repo.ADD_LOOK, {**values, "link_hash": hashed, "until": ctx.now + LINK_LASTS})
    record(conn, ctx, "support.prepared", "principal", subject, reason=why)
    return token


def open_look(conn: Connection, ctx: Context, link: str) -> str:
    """Follow a link: the token of a session that only looks. Raises `Unauthenticated`."""
    _, hashed = parse_session_token(link)
    secret = secrets.token_urlsafe(32)
    values = {"link_hash": hashed, "token_hash": secret_hash(secret), "now": ctx.now, "ends_at": ctx.now + LOOKS_FOR}
    row = conn.execute(repo.OPEN_LOOK, values).fetchone()
    if row is None:
        raise Unauthenticated("this link was used, is over, or the consent was withdrawn")
    supporter, subject, reason, ends_at = row
    by = _as(ctx, supporter, subject)
    record(conn, by, "support.began", "principal", subject, reason=reason, until=ends_at)
    return _PREFIX + session_token(ctx.tenant_id, secret)


def is_support(token: str) -> bool:
    """Whether a session token is one of support's."""
    return token.startswith(_PREFIX)


def support_tenant(token: str) -> UUID:
    """The tenant that a support token names. Raises `Unauthenticated`."""
    return parse_session_token(token.removeprefix(_PREFIX))[0]


def read_look(conn: Connection, token: str, now: datetime) -> Looking:
    """Who looks. What they see is what the subject may read, and nothing may be done. Raises `Unauthenticated`."""
    _, hashed = parse_session_token(token.removeprefix(_PREFIX))
    row = conn.execute(repo.READ_LOOK, {"token_hash": hashed, "now": now}).fetchone()
    if row is None:
        raise Unauthenticated(_OVER)
    supporter, subject, reason, ends_at = row
    try:
        found = load_principal(conn, subject, now)
    except HeadgateError:
        raise Unauthenticated(_OVER) from None
    reads = frozenset(permission for permission in found.permissions if permission.endswith(".read"))
    return Looking(replace(found, permissions=reads), supporter, reason, ends_at)


def note_page(conn: Connection, ctx: Context, looking: Looking, page: str) -> None:
    """Put a page that was asked for into the audit trail, as who looked as whom."""
    by = _as(ctx, looking.supporter, looking.principal.id)
    record(conn, by, "support.viewed", "page", page[:300], reason=looking.reason)


def end_look(conn: Connection, ctx: Context, token: str) -> None:
    """Stop looking. One that is over already is no error."""
    _, hashed = parse_session_token(token.removeprefix(_PREFIX))
    row = conn.execute(repo.END_LOOK, {"token_hash": hashed, "now": ctx.now}).fetchone()
    if row is not None:
        record(conn, _as(ctx, *row), "support.ended", "principal", row[1])


def _as(ctx: Context, supporter: str, subject: str) -> Context:
    return replace(ctx, principal=Principal(f"{supporter} as {subject}", "system", supporter))
