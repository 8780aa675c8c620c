"""Wrong passwords and codes: counted per account, with a delay that grows and never lasts."""

from __future__ import annotations

from datetime import timedelta

from psycopg import Connection

from headgate.access import repo
from headgate.access.recording import record
from headgate.kernel.context import SYSTEM, Context

MOST_FAILURES = 5
# How long an account is locked the first time, the second, and so on; a sign-in that succeeds begins anew.
DELAYS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15))
LOCK = DELAYS[-1]


def note_failure(conn: Connection, ctx: Context, principal: str) -> bool:
    """Count a wrong password or code; whether that locked the account. Commit: what is rolled back was not counted."""
    values = {"principal": principal, "most": MOST_FAILURES, "now": ctx.now, "delays": list(DELAYS)}
    row = conn.execute(repo.NOTE_FAILURE, values).fetchone()
    locked, until = row or (False, None)
    if locked:
        # Who is signed in and is asked again did it themselves, and a partner's transaction writes nobody else's acts.
        by = ctx if ctx.principal.id == principal else Context(ctx.tenant_id, SYSTEM, ctx.now, ctx.trace)
        record(conn, by, "principal.locked", "principal", principal, until=until, failures=MOST_FAILURES)
    return bool(locked)


def clear_failures(conn: Connection, principal: str) -> None:
    """Forget wrong passwords and codes: whoever it is has proved it."""
    conn.execute(repo.CLEAR_FAILURES, {"principal": principal})


def is_locked(conn: Connection, ctx: Context, principal: str) -> bool:
    """Whether no proof of somebody is taken at the moment."""
    row = conn.execute(repo.LOCKED_UNTIL, {"principal": principal}).fetchone()
    return row is not None and row[0] is not None and row[0] > ctx.now
