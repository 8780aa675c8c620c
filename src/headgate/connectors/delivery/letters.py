"""Dead letters: look at them, send them again, or give them up; and the attempts behind a message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection as Conn

from headgate.access import require
from headgate.access.core import checks
from headgate.connectors.delivery import repo
from headgate.connectors.delivery.model import Attempt
from headgate.connectors.delivery.targets import WRITE
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import (
    AuditDraft,
    Command,
    append_audit,
    outbox_commands,
    outbox_dismiss,
    outbox_list,
    outbox_revive,
)

MOST_AT_ONCE: Final = 500
NEWEST: Final = 2**63 - 1


def replay_letters(conn: Conn[Any], ctx: Context, ids: Sequence[UUID], reason: str) -> list[UUID]:
    """Let dead letters be tried again from the start, at once; returns those that were dead.

    Raises `Invalid` without a reason, `NotFound` for an id that is none, `Conflict` when none of them is dead.
    """
    wanted, why = _asked(conn, ctx, ids, reason)
    revived = outbox_revive(conn, ctx.now, [c.id for c in wanted])
    # A breaker that is open is not waited for: the person says that the system works again.
    conn.execute(repo.WAKE_TARGETS, {"codes": sorted({c.target for c in wanted if c.id in revived}), "now": ctx.now})
    return _told(conn, ctx, "command.replayed", wanted, revived, why)


def dismiss_letters(conn: Conn[Any], ctx: Context, ids: Sequence[UUID], reason: str) -> list[UUID]:
    """Give dead letters up for good; returns those that were dead. Where order matters, what came after them goes on.

    Raises as `replay_letters`.
    """
    wanted, why = _asked(conn, ctx, ids, reason)
    return _told(conn, ctx, "command.dismissed", wanted, outbox_dismiss(conn, [c.id for c in wanted]), why)


def dead_letters(
    conn: Conn[Any], *, target: str | None = None, type: str | None = None, limit: int = MOST_AT_ONCE
) -> list[UUID]:
    """The ids of dead letters, for acting on them in bulk: at most 500 at once, newest first."""
    found = outbox_list(conn, status="dead", target=target, type=type, limit=min(limit, MOST_AT_ONCE))
    return [c.id for c in found]


def attempts_of(conn: Conn[Any], command: UUID, limit: int = 100) -> list[Attempt]:
    """The tries at one message, newest first."""
    return [Attempt(*row) for row in conn.execute(repo.ATTEMPTS_OF, {"command": command, "limit": limit})]


def attempts_at(conn: Conn[Any], target: str, *, before: int = NEWEST, limit: int = 50) -> list[Attempt]:
    """The tries at one target, newest first, with id below `before`."""
    parameters = {"target": target, "before": before, "limit": limit}
    return [Attempt(*row) for row in conn.execute(repo.ATTEMPTS_AT, parameters)]


def forget_attempts(conn: Conn[Any], before: datetime, limit: int = 5000) -> int:
    """Forget tries older than that, a share at a time; returns how many."""
    return conn.execute(repo.FORGET_ATTEMPTS, {"before": before, "limit": limit}).rowcount


def _asked(conn: Conn[Any], ctx: Context, ids: Sequence[UUID], reason: str) -> tuple[list[Command], str]:
    require(ctx.principal, WRITE)
    why = checks.text("reason", reason, 500)
    if not ids:
        raise invalid("ids", "", "name nothing to act on", "Give ids, or a target or type that has dead letters.")
    if len(ids) > MOST_AT_ONCE:
        raise invalid(
            "ids", len(ids), "are too many at once", phrase("Use at most %(most_at_once)s.", most_at_once=MOST_AT_ONCE)
        )
    wanted = outbox_commands(conn, ids)
    missing = sorted(set(ids) - {c.id for c in wanted})
    if missing:
        raise NotFound(phrase("there is no command %(missing)s", missing=missing[0]))
    return wanted, why


def _told(
    conn: Conn[Any], ctx: Context, action: str, wanted: Sequence[Command], done: Sequence[UUID], why: str
) -> list[UUID]:
    changed = set(done)
    if not changed:
        raise Conflict("none of these is a dead letter any more; look at the list again")
    drafts = [
        AuditDraft(
            action,
            "command",
            str(c.id),
            ctx.principal.id,
            {"reason": why, "target": c.target, "type": c.type, "subject": c.subject, "error": c.last_error},
            case_id=c.case_id,
        )
        for c in wanted
        if c.id in changed
    ]
    append_audit(conn, ctx.now, drafts)
    return [c.id for c in wanted if c.id in changed]
