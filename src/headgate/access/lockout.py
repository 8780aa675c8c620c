"""Wrong passwords and codes: counted per account, with a delay that grows and never lasts."""

from __future__ import annotations

from psycopg import Connection

from headgate.access.core.security import DEFAULT
from headgate.access.recording import record
from headgate.access.repo import people as repo
from headgate.access.rules import security_of
from headgate.kernel.context import SYSTEM, Context

# Where a tenant has not chosen otherwise.
MOST_FAILURES = DEFAULT.lock_after
DELAYS = DEFAULT.locks
LOCK = DELAYS[-1]


def note_failure(conn: Connection, ctx: Context, principal: str) -> bool:
    """Count a wrong password or code; whether that locked the account. Commit: what is rolled back was not counted."""
    rules = security_of(conn)
    values = {"principal": principal, "most": rules.lock_after, "now": ctx.now, "delays": list(rules.locks)}
    row = conn.execute(repo.NOTE_FAILURE, values).fetchone()
    locked, until = row or (False, None)
    if locked:
        # Who is signed in and is asked again did it themselves, and a partner's transaction writes nobody else's acts.
        by = ctx if ctx.principal.id == principal else Context(ctx.tenant_id, SYSTEM, ctx.now, ctx.trace)
        record(conn, by, "principal.locked", "principal", principal, until=until, failures=rules.lock_after)
    return bool(locked)


def clear_failures(conn: Connection, principal: str) -> None:
    """Forget wrong passwords and codes: whoever it is has proved it."""
    conn.execute(repo.CLEAR_FAILURES, {"principal": principal})


def is_locked(conn: Connection, ctx: Context, principal: str) -> bool:
    """Whether no proof of somebody is taken at the moment."""
    row = conn.execute(repo.LOCKED_UNTIL, {"principal": principal}).fetchone()
    return row is not None and row[0] is not None and row[0] > ctx.now
