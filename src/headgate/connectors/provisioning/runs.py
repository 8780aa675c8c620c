"""Previews and runs: asked for here, done by a worker or a command (`provisioner`), read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection

from headgate.access import require
from headgate.connectors.provisioning import repo
from headgate.connectors.provisioning.desired import desired_of, fingerprint_of
from headgate.connectors.provisioning.model import ProvisioningTarget, Run, RunStep, run_of, step_of, target_of
from headgate.connectors.provisioning.targets import WRITE, get_target
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, Refused, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, NewEvent, append_audit

Cause = Literal["asked", "schedule", "change", "confirmed", "orphans"]
MOST_CHOSEN: Final = 200
UNDER_WAY: Final = phrase("a run is under way already; wait for it, or cancel it")


def ask_preview(conn: Connection[Any], ctx: Context, target: UUID) -> Run:
    """Let a worker find out what a run would do. Raises `Conflict` while another is under way."""
    require(ctx.principal, WRITE)
    get_target(conn, target)
    return _ask(conn, ctx, target, "preview", "asked")


def ask_run(conn: Connection[Any], ctx: Context, target: UUID) -> Run:
    """Let a worker bring a target up to date. Raises `Conflict` while another is under way or the target is paused."""
    require(ctx.principal, WRITE)
    _expect_active(get_target(conn, target))
    return _ask(conn, ctx, target, "run", "asked")


def confirm_run(conn: Connection[Any], ctx: Context, run: UUID) -> Run:
    """A run that was held because many accounts would end: they may. Those and no others, beside what always may."""
    require(ctx.principal, WRITE)
    held = get_run(conn, run)
    _expect_active(get_target(conn, held.target))
    if held.status != "held":
        raise Conflict(phrase("this run is %(status)s; only one that is held can be confirmed", status=held.status))
    leaving = [row[0] for row in conn.execute(repo.LEAVING_OF, {"run": run})]
    _end(conn, ctx, held, ["held"])
    return _ask(conn, ctx, held.target, "run", "confirmed", confirmed=leaving)


def end_orphans(conn: Connection[Any], ctx: Context, target: UUID, remote_ids: Sequence[str]) -> Run:
    """Deactivate accounts over there that belong to nobody here, because a person decided so. They must have been seen
    as orphans by the newest run."""
    require(ctx.principal, WRITE)
    _expect_active(get_target(conn, target))
    wanted = sorted(set(remote_ids))
    if not 1 <= len(wanted) <= MOST_CHOSEN:
        raise invalid("remote_ids", len(wanted), "is out of range", phrase("Name 1 to %(most)s.", most=MOST_CHOSEN))
    last = last_runs(conn, [target]).get(target)
    seen = set() if last is None else {step.remote_id for step in orphans_of(conn, last.id)}
    unknown = [each for each in wanted if each not in seen]
    if unknown:
        fix = "Make a preview and choose from the orphans it shows."
        raise invalid("remote_ids", unknown[0], "is no orphan that the newest run saw", fix)
    return _ask(conn, ctx, target, "run", "orphans", chosen=wanted)


def cancel_run(conn: Connection[Any], ctx: Context, run: UUID) -> Run:
    """End a run that waits, goes on or is held. What it has done stays done."""
    require(ctx.principal, WRITE)
    found = get_run(conn, run)
    _end(conn, ctx, found, ["queued", "running", "held"])
    return get_run(conn, run)


def get_run(conn: Connection[Any], run: UUID) -> Run:
    """One run. Raises `NotFound`."""
    row = conn.execute(repo.GET_RUN, {"run": run}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no run %(run)s", run=run))
    return run_of(row)


def list_runs(
    conn: Connection[Any], target: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Run]:
    """Runs of a target, the newest first, those before one (the cursor)."""
    at, last = before or (None, None)
    values = {"target": target, "before": at, "last": last, "limit": limit}
    return [run_of(row) for row in conn.execute(repo.PAGE_RUNS, values)]


def last_runs(conn: Connection[Any], targets: Sequence[UUID]) -> dict[UUID, Run]:
    """The newest run of each of these, in one query."""
    return {run.target: run for run in map(run_of, conn.execute(repo.LAST_RUNS, {"targets": list(targets)}))}


def list_steps(
    conn: Connection[Any],
    run: UUID,
    *,
    verb: str | None = None,
    status: str | None = None,
    after: int = -1,
    limit: int = 100,
) -> list[RunStep]:
    """Steps of a run in their order, those after one (the cursor); orphans only where they are asked for."""
    values = {"run": run, "verb": verb, "status": status, "after": after, "limit": limit, "orphans": verb == "orphan"}
    return [step_of(row) for row in conn.execute(repo.PAGE_STEPS, values)]


def orphans_of(conn: Connection[Any], run: UUID, limit: int = 1000) -> list[RunStep]:
    """The accounts over there that belonged to nobody here."""
    return list_steps(conn, run, verb="orphan", limit=limit)


def watch(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
    """The periodic job: ask for a run where the time has come, and where people or roles changed since the last one."""
    targets = [target_of(row) for row in conn.execute(repo.LIST_TARGETS)]
    busy = {row[0] for row in conn.execute(repo.UNDER_WAY)}
    for target in targets:
        cause = None if target.id in busy else _due(conn, ctx, target)
        if cause is not None:
            _ask(conn, ctx, target.id, "run", cause)
    return ()


def forget_runs(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Drop up to `limit` runs that ended before an instant, with the names and addresses in their steps; how many."""
    (old,) = conn.execute(repo.OLD_RUNS, {"before": before, "limit": limit}).fetchone() or (None,)
    if not old:
        return 0
    conn.execute(repo.FORGET_STEPS, {"runs": old})
    return conn.execute(repo.FORGET_RUNS, {"runs": old}).rowcount


def _due(conn: Connection[Any], ctx: Context, target: ProvisioningTarget) -> Cause | None:
    if target.status != "active" or not target.every_minutes:
        return None
    if target.not_before is not None and target.not_before > ctx.now:
        return None
    if target.next_at is None or target.next_at <= ctx.now:
        return "schedule"
    try:
        seen = fingerprint_of(target, desired_of(conn, ctx, target))
    except Refused:
        return None  # the run that comes by the clock says so
    return "change" if seen != target.seen else None


def _ask(
    conn: Connection[Any],
    ctx: Context,
    target: UUID,
    kind: Literal["preview", "run"],
    cause: Cause,
    *,
    chosen: Sequence[str] = (),
    confirmed: Sequence[str] = (),
) -> Run:
    run = new_id(ctx.now)
    values = {"run": run, "target": target, "kind": kind, "cause": cause, "by": ctx.principal.id, "now": ctx.now}
    if conn.execute(repo.ADD_RUN, {**values, "chosen": list(chosen), "confirmed": list(confirmed)}).rowcount != 1:
        raise Conflict(UNDER_WAY)
    if cause not in ("schedule", "change"):
        body = {"run": str(run), "kind": kind, "cause": cause, "chosen": len(chosen), "confirmed": len(confirmed)}
        _record(conn, ctx, "asked", target, body)
    return get_run(conn, run)


def _end(conn: Connection[Any], ctx: Context, run: Run, states: Sequence[str]) -> None:
    if conn.execute(repo.CANCEL, {"run": run.id, "now": ctx.now, "from": list(states)}).fetchone() is None:
        raise Conflict(phrase("this run is %(status)s already", status=run.status))
    _record(conn, ctx, "cancelled", run.target, {"run": str(run.id)})


def _expect_active(target: ProvisioningTarget) -> None:
    if target.status != "active":
        raise Conflict(phrase("%(name)s is paused; activate it first", name=target.name))


def _record(conn: Connection[Any], ctx: Context, done: str, target: UUID, body: dict[str, Any]) -> None:
    draft = AuditDraft(f"provisioning.run_{done}", "provisioning_target", str(target), ctx.principal.id, body)
    append_audit(conn, ctx.now, [draft])


__all__ = [
    "ask_preview",
    "ask_run",
    "cancel_run",
    "confirm_run",
    "end_orphans",
    "forget_runs",
    "get_run",
    "last_runs",
    "list_runs",
    "list_steps",
    "orphans_of",
    "watch",
]
