"""Start, go on with and undo a migration. Each case is moved by an event of its own, applied like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.canonical import canonical_text, instant_text
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, NewEvent, append_audit, append_events
from headgate.process.core.intervening import LONGEST, SHORTEST
from headgate.process.core.moving import EVENT, Renaming, renaming_of
from headgate.process.engine import Engine
from headgate.process.migration import repo
from headgate.process.migration.mapping import check_renaming
from headgate.process.migration.rehearsal import versions_of
from headgate.process.registry import Job

BATCH = 500
# What the periodic job queues in one go, about once a minute: few enough for one short transaction.
JOB_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Progress:
    """A migration and how many of its cases are queued, moved, stayed, undone; the commonest reasons to stay.

    `left` are those that are still to be queued.
    """

    migration: UUID
    process: str
    to: int
    status: str
    reason: str
    counts: Mapping[str, int]
    reasons: Sequence[tuple[str, str, int]]
    left: int = 0


def start(
    conn: Connection[Any],
    ctx: Context,
    engine: Engine,
    process: str,
    to: int,
    renaming: Renaming,
    reason: str,
    only: int | None = None,
) -> UUID:
    """Decide to move the cases of a process, or of its version `only`, to a version. Nothing moves before `go_on`,
    which whoever looks at it calls, or the periodic job.

    Raises NotFound, Invalid (mapping, reason), Conflict (another migration of the process is not through).
    """
    if not SHORTEST <= len(reason.strip()) <= LONGEST:
        raise invalid("reason", reason, "is missing or too long", "Say in a few words why; it stays in the record.")
    versions = versions_of(conn, engine.definitions, process, to, only)
    check_renaming(renaming, versions, versions[to])
    if _load(conn, "process = %s and status in ('running', 'undoing')", (process,)):
        raise Conflict(phrase("another migration of %(process)s is not through; go on with it first", process=process))
    migration = new_id(ctx.now)
    mapping: dict[str, Any] = {
        "stages": dict(renaming.stages),
        "data": dict(renaming.data),
        "keep": sorted(renaming.keep),
    }
    if only is not None:
        mapping["only"] = only
    row = (migration, process, to, canonical_text(mapping), reason.strip(), ctx.principal.id, ctx.now)
    conn.execute(repo.START, row)
    _note(conn, ctx, process, "process.migration_started", {"to": to, "mapping": mapping, "reason": reason.strip()})
    return migration


def go_on(conn: Connection[Any], ctx: Context, engine: Engine, migration: UUID, limit: int = BATCH) -> int:
    """Queue the next cases of a migration, forward or back; how many, 0 when all of them are. Can be broken off and
    repeated at any time."""
    head = _one(conn, migration)
    if head["status"] not in ("running", "undoing"):
        return 0
    back = head["status"] == "undoing"
    params = {**_which(head), "limit": limit}
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = {row["case_id"]: row for row in cursor.execute(repo.UNDO if back else repo.QUEUE, params).fetchall()}
        cases = cursor.execute(repo.CASES, (list(rows),)).fetchall() if rows else []
    if not rows:
        conn.execute(repo.STATUS, ("undone" if back else "queued", migration))
        return 0
    renaming = renaming_of(head["mapping"])
    events = [_event(ctx, head, case, _back(renaming, case, rows[case["case_id"]]) if back else None) for case in cases]
    append_events(conn, ctx.now, events, lanes=engine.lanes)
    return len(events)


def continuing(engine: Engine) -> Job:
    """The periodic job that goes on with every migration that is under way, whether anybody looks at it or not. What
    was queued when a process died stays queued, and the rest is found by the next turn."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        for head in _load(conn, "status in ('running', 'undoing') order by started_at, migration", ()):
            go_on(conn, ctx, engine, head["migration"], JOB_BATCH)
        return ()

    return job


def undo(conn: Connection[Any], ctx: Context, migration: UUID) -> None:
    """Decide to move back what a migration has moved and what has not gone on since. Raises NotFound, Conflict."""
    head = _one(conn, migration)
    if head["status"] != "queued":
        raise Conflict(
            phrase("this migration is %(head)s; only one that is through can be undone", head=head["status"])
        )
    conn.execute(repo.STATUS, ("undoing", migration))
    _note(conn, ctx, head["process"], "process.migration_undone", {"migration": str(migration)})


def migration_of(conn: Connection[Any], migration: UUID) -> Progress:
    """How far a migration is. Raises NotFound."""
    head = _one(conn, migration, lock="")
    counts = dict(conn.execute(repo.COUNTS, (migration,)).fetchall())
    reasons = conn.execute(repo.REASONS, (migration,)).fetchall()
    return Progress(
        migration,
        head["process"],
        head["to_version"],
        head["status"],
        head["reason"],
        counts,
        [tuple(r) for r in reasons],
        _left(conn, head, counts),
    )


def _left(conn: Connection[Any], head: Mapping[str, Any], counts: Mapping[str, int]) -> int:
    if head["status"] == "undoing":
        return counts.get("moved", 0)
    if head["status"] != "running":
        return 0
    row = conn.execute(repo.LEFT, _which(head)).fetchone()
    return int(row[0]) if row is not None else 0


def _which(head: Mapping[str, Any]) -> dict[str, Any]:
    """Whose cases are meant, for the statements that look for them."""
    return {
        "migration": head["migration"],
        "process": head["process"],
        "to": head["to_version"],
        "only": head["mapping"].get("only"),
    }


def migrations_of(conn: Connection[Any], process: str) -> list[dict[str, Any]]:
    """The migrations of a process, newest first."""
    return sorted(_load(conn, "process = %s", (process,)), key=lambda row: row["started_at"], reverse=True)


def _event(ctx: Context, head: Mapping[str, Any], case: Mapping[str, Any], back: dict[str, Any] | None) -> NewEvent:
    forward = {"to": head["to_version"], **head["mapping"]}
    return NewEvent(
        source="headgate/migrations",
        event_id=f"{head['migration']}-{case['case_id']}-{'back' if back else 'to'}",
        type=EVENT,
        subject=case["subject"],
        key=case["key"],
        time=ctx.now,
        data={
            "process": head["process"],
            "case": str(case["case_id"]),
            "migration": str(head["migration"]),
            "reason": head["reason"],
            **(back or forward),
        },
        # The job goes on in the name of who decided it.
        actor=head["started_by"] if ctx.principal is SYSTEM else ctx.principal.id,
    )


def _back(renaming: Renaming, case: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The way back of one case: to the version and stage it came from, everything under its old name."""
    return {
        "to": row["from_version"],
        "stages": {case["stage"]: row["from_stage"]},
        "data": {new: old for old, new in renaming.data.items()},
        "keep": sorted(renaming.keep),
        "undo": True,
        "seen": instant_text(row["moved_at"]),
    }


def _one(conn: Connection[Any], migration: UUID, lock: str = "for update") -> dict[str, Any]:
    found = _load(conn, f"migration = %s {lock}", (migration,))
    if not found:
        raise NotFound(phrase("migration %(migration)s does not exist", migration=migration))
    return found[0]


def _load(conn: Connection[Any], where: str, params: tuple[object, ...]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(repo.LOAD.format(where=where), params).fetchall()


def _note(conn: Connection[Any], ctx: Context, process: str, action: str, body: dict[str, Any]) -> None:
    draft = AuditDraft(action=action, subject_type="process", subject=process, actor=ctx.principal.id, body=body)
    append_audit(conn, ctx.now, [draft])
