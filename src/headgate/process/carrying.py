"""What a worker does about held decisions that are due: each in a transaction of its own, so that one that breaks
keeps no other waiting, and one that is cut off is simply still due."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import psycopg

from headgate.kernel.clock import Clock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.process.engine import Engine
from headgate.process.holding import carry_out, due_held, note_broken
from headgate.store import Database

# Nothing is wrong with the decision; the next round carries it out.
_AGAIN: Final = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    Busy,
)
log = Log("headgate.holding")


def carry_out_due(database: Database, engine: Engine, clock: Clock, tenant: UUID) -> int:
    """Let the held decisions of a tenant count that are due; how many. Any number of workers may do so at once."""
    ctx, done = Context(tenant, SYSTEM, clock.now()), 0
    with database.transaction(tenant, read_only=True) as conn:
        due = due_held(conn, ctx.now)
    for held in due:
        try:
            with database.transaction(tenant) as conn:
                counted = carry_out(conn, ctx, engine, held)
                crashpoint("held.carrying")
            crashpoint("held.carried")
            done += counted
        except _AGAIN as error:
            log.warning("a held decision is carried out later", tenant=str(tenant), held=str(held), error=str(error))
        except psycopg.OperationalError:
            raise
        except Exception as error:
            log.exception("a held decision broke", tenant=str(tenant), held=str(held), error=str(error))
            with database.transaction(tenant) as conn:
                note_broken(conn, ctx, held)
    return done
