"""Browsers that somebody signed in with before: their owner learns of a new one, and others who guess passwords cannot
shut them out of the known ones.

After OWASP, *Slow Down Online Guessing Attacks with Device Cookies*: a browser that presents the cookie it was given at
a sign-in of this person is held to a counter of its own; everybody else shares the account's. A cookie is
authenticated by the installation's key, bound to tenant and person, replaced at every sign-in, and worth nothing once
its row is gone. It spares its owner a lock, where the tenant wants that, and a mail, and nothing else: the password
and any second factor are asked for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from headgate.access.core.security import BOUNDS
from headgate.access.core.tokens import same, secret_hash
from headgate.access.recording import record
from headgate.access.repo import devices as repo
from headgate.access.rules import security_of
from headgate.access.seal import Sealer
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Misconfigured
from headgate.kernel.ids import new_id
from headgate.ledger import AuditEntry, audit_list

# The oldest of more is forgotten.
MOST_DEVICES = 20
LONGEST_TOKEN = 1000
# New browsers that their owner is told of in a day: whoever signs in again and again fills no mailbox.
MOST_TOLD = 5
_DAY = timedelta(days=1)
# How long a browser keeps the cookie; how long it counts is in the row.
LONGEST_KNOWN = timedelta(days=BOUNDS["device_days"][1])


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that somebody signed in with; `locked_until`: wrong passwords from it lock it alone."""

    id: UUID
    user_agent: str
    created_at: datetime
    last_used: datetime
    locked_until: datetime | None


def remember_device(
    conn: Connection, ctx: Context, sealer: Sealer, principal: str, *, user_agent: str, known: UUID | None = None
) -> tuple[UUID, str]:
    """Know a browser from a sign-in of this person that just succeeded; its id and the token for its cookie.

    `known` is what the browser was before: it keeps its row, forgets its wrong passwords and gets another token, so
    that a copy of the old one is worth nothing.
    """
    rules = security_of(conn)
    secret = secrets.token_urlsafe(32)
    values = {
        "principal": principal,
        "hash": secret_hash(secret),
        "agent": "".join(c for c in user_agent if c.isprintable())[:300],
        "now": ctx.now,
        "expires_at": ctx.now + rules.device_lasts,
    }
    id = known
    if known is None or conn.execute(repo.RENEW_DEVICE, {**values, "id": known}).rowcount != 1:
        id = new_id(ctx.now)
        conn.execute(repo.ADD_DEVICE, {**values, "id": id})
        conn.execute(repo.TRIM_DEVICES, {"principal": principal, "most": MOST_DEVICES, "now": ctx.now})
        record(conn, ctx, "device.remembered", "principal", principal, device=str(id), user_agent=values["agent"])
    assert id is not None
    return id, sealer.seal(f"{id} {secret}", _context(ctx.tenant_id, principal))


def recognise_device(conn: Connection, ctx: Context, sealer: Sealer, principal: str, token: str) -> UUID | None:
    """The browser that a cookie stands for, if it is one of this person in this tenant and still known."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    try:
        id, _, secret = sealer.open(token, _context(ctx.tenant_id, principal)).partition(" ")
        device = UUID(id)
    except (Misconfigured, ValueError):
        return None
    row = conn.execute(repo.GET_DEVICE, {"id": device, "principal": principal, "now": ctx.now}).fetchone()
    return device if row is not None and same(bytes(row[0]), secret_hash(secret)) else None


def owner_learns(conn: Connection, ctx: Context, principal: str, device: UUID) -> str:
    """Whether the owner is to be told of a browser that has just become known: 'told', 'last' for the last time today,
    or '' for not at all. It is noted that they are. The first browser of an account is theirs."""

    def noted(action: str, limit: int) -> list[AuditEntry]:
        return audit_list(conn, subject_type="principal", subject=principal, action=action, limit=limit)

    if all(entry.body.get("device") == str(device) for entry in noted("device.remembered", 2)):
        return ""
    today = [entry for entry in noted("device.told", MOST_TOLD) if ctx.now - entry.at < _DAY]
    if len(today) >= MOST_TOLD:
        return ""
    record(conn, ctx, "device.told", "principal", principal, device=str(device))
    return "last" if len(today) + 1 == MOST_TOLD else "told"


def device_open(conn: Connection, ctx: Context, principal: str, device: UUID | None) -> bool:
    """Whether a known browser's own counter is what counts now: the tenant wants that, and it is known and not locked
    itself."""
    if device is None or not security_of(conn).known_devices:
        return False
    row = conn.execute(repo.GET_DEVICE, {"id": device, "principal": principal, "now": ctx.now}).fetchone()
    return row is not None and (row[1] is None or row[1] <= ctx.now)


def note_device_failure(conn: Connection, ctx: Context, principal: str, device: UUID) -> None:
    """Count a wrong password or code from a known browser. Locked, it is treated like any other browser. Commit."""
    rules = security_of(conn)
    values = {"id": device, "principal": principal, "most": rules.lock_after, "now": ctx.now}
    row = conn.execute(repo.NOTE_DEVICE_FAILURE, {**values, "delays": list(rules.locks)}).fetchone()
    if row is not None and row[0]:
        by = ctx if ctx.principal.id == principal else Context(ctx.tenant_id, SYSTEM, ctx.now, ctx.trace)
        told = {"device": str(device), "until": row[1], "failures": rules.lock_after}
        record(conn, by, "device.locked", "principal", principal, **told)


def clear_device_failures(conn: Connection, principal: str, device: UUID) -> None:
    """Forget wrong passwords and codes of a known browser. Those of the account stay: they were somebody else's."""
    conn.execute(repo.CLEAR_DEVICE, {"id": device, "principal": principal})


def list_devices(conn: Connection, principal: str, now: datetime) -> list[Device]:
    """The browsers that are known of somebody, last used first."""
    return [Device(*row) for row in conn.execute(repo.LIST_DEVICES, {"principal": principal, "now": now})]


def forget_device(conn: Connection, ctx: Context, principal: str, device: UUID) -> bool:
    """Forget one browser of somebody; whether there was one. The caller has checked that they may."""
    gone = conn.execute(repo.DROP_DEVICE, {"id": device, "principal": principal}).rowcount == 1
    if gone:
        record(conn, ctx, "device.forgotten", "principal", principal, device=str(device))
    return gone


def device_mark(tenant_id: UUID, principal: str) -> str:
    """What stands for a person in the name of a browser's cookie: one browser may be known of several people."""
    return secret_hash(_context(tenant_id, principal)).hex()[:16]


def _context(tenant_id: UUID, principal: str) -> str:
    return f"device {tenant_id} {principal}"
