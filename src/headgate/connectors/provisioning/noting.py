"""Writing down what a run plans, does and came to: steps, links, the target's state, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.connectors.delivery.core.pace import backoff
from headgate.connectors.provisioning import repo
from headgate.connectors.provisioning.core.model import Orphan, Plan, Step
from headgate.connectors.provisioning.core.words import Abilities, kept
from headgate.connectors.provisioning.model import ProvisioningTarget, Run
from headgate.connectors.provisioning.taking import Taken
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.ledger import AuditDraft, append_audit

MOST_ORPHANS: Final = 1000
_DONE: Final[Mapping[str, str]] = {
    "create": "created",
    "link": "linked",
    "change": "changed",
    "reactivate": "reactivated",
    "deactivate": "deactivated",
    "delete": "deleted",
    "forget": "unlinked",
    "refuse": "refused",
}


def planned(conn: Connection[Any], run: UUID, made: Plan) -> int:
    """The steps of a run and the orphans it saw, behind those that an earlier attempt took; the place of the first."""
    rows = [_step_row(step) for step in made.steps]
    rows += [_orphan_row(each) for each in made.orphans[:MOST_ORPHANS]]
    conn.execute(repo.DROP_PLANNED, {"run": run})
    first: int = (conn.execute(repo.TAKEN_STEPS, {"run": run}).fetchone() or (0,))[0]
    columns = list(zip(*rows, strict=True)) or [()] * 8
    names = ("verbs", "resources", "locals", "remotes", "names", "details", "statuses", "errors")
    values = {name: list(column) for name, column in zip(names, columns, strict=True)}
    conn.execute(repo.ADD_STEPS, {"run": run, "places": list(range(first, first + len(rows))), **values})
    return first


def step_taken(conn: Connection[Any], ctx: Context, run: Run, place: int, step: Step, taken: Taken) -> None:
    """What came of one step, who is linked to what now, and its entry."""
    values = {
        "run": run.id,
        "place": place,
        "status": "failed" if taken.error else "done",
        "remote_id": taken.remote_id,
        "error": canonical_text(kept(taken.error)),
        "proof": canonical_text(dict(taken.proof)),
        "now": ctx.now,
    }
    conn.execute(repo.SET_STEP, values)
    if step.local:
        _link(conn, ctx, run.target, step, taken)
    append_audit(conn, ctx.now, [_entry(run, step, taken)])


def described(conn: Connection[Any], ctx: Context, target: UUID, abilities: Abilities) -> None:
    """What the system said it can, at this run."""
    values = {"abilities": canonical_text(asdict(abilities)), "now": ctx.now, "error": "{}", "target": target}
    conn.execute(repo.SET_CHECK, values)


def checked(conn: Connection[Any], ctx: Context, target: UUID, abilities: Abilities | None, error: str) -> None:
    """The outcome of a check that somebody asked for."""
    text = None if abilities is None else canonical_text(asdict(abilities))
    values = {"abilities": text, "now": ctx.now, "error": canonical_text(kept(error)), "target": target}
    conn.execute(repo.SET_CHECK, values)
    _record(conn, ctx, "provisioning.target_checked", target, ctx.principal.id, {"ok": not error})


def finished(
    conn: Connection[Any],
    ctx: Context,
    owner: str,
    run: Run,
    target: ProvisioningTarget,
    status: str,
    words: str,
    chance: float,
    seen: str | None = None,
) -> None:
    """How a run ended, and when the next one comes: after failures later and later, by the clock otherwise. Nothing
    where the run is not this process's any more."""
    values = {"run": run.id, "owner": owner, "status": status, "now": ctx.now, "error": canonical_text(kept(words))}
    if conn.execute(repo.FINISH, values).fetchone() is None:
        return
    if run.kind == "run":
        well = status in ("done", "partly", "held")
        failures = 0 if well else target.failures + 1
        every = timedelta(minutes=target.every_minutes) if target.every_minutes else None
        fared = {
            "target": target.id,
            "seen": seen if well else None,
            "next_at": ctx.now + every if every else None,
            "not_before": None if well else _not_before(ctx.now, failures, chance, every),
            "failures": failures,
        }
        conn.execute(repo.SET_FARED, fared)
        if status in ("done", "partly"):
            conn.execute(repo.CLEAR_PARKED, {"target": target.id, "run": run.id})
            conn.execute(repo.DROP_PARKED, {"target": target.id, "run": run.id})
    body = {"run": str(run.id), "kind": run.kind, "cause": run.cause, "status": status}
    _record(conn, ctx, "provisioning.run_finished", target.id, run.asked_by, body)


def _not_before(now: datetime, failures: int, chance: float, every: timedelta | None) -> datetime:
    longest = max(60.0, every.total_seconds() if every else 3600.0)
    return now + timedelta(minutes=1) + backoff(failures, chance, 60.0, longest)


def _step_row(step: Step) -> tuple[Any, ...]:
    detail = {
        "changes": [[change.attribute, change.before, change.after] for change in step.changes],
        "joins": list(step.joins),
        "leaves": list(step.leaves),
        "reason": kept(step.reason),
    }
    head = (step.verb, step.resource, step.local, step.remote_id, step.name)
    return (*head, canonical_text(detail), "planned", "{}")


def _orphan_row(orphan: Orphan) -> tuple[Any, ...]:
    detail = canonical_text({"user_name": orphan.user_name, "active": orphan.active})
    return ("orphan", "user", "", orphan.remote_id, orphan.name or orphan.user_name, detail, "planned", "{}")


def _link(conn: Connection[Any], ctx: Context, target: UUID, step: Step, taken: Taken) -> None:
    who = {"target": target, "resource": step.resource, "local": step.local, "now": ctx.now}
    if taken.error:
        conn.execute(repo.PARK_LINK, {**who, "error": canonical_text(kept(taken.error))})
    elif taken.link:
        ignored = canonical_text(dict(taken.ignored))
        touched = [change.attribute for change in step.changes]
        values = {"remote_id": taken.remote_id, "made": taken.made, "active": taken.active, "ignored": ignored}
        values["touched"] = touched
        conn.execute(repo.PUT_LINK, who | values)
    else:
        conn.execute(repo.DROP_LINK, who)


def _entry(run: Run, step: Step, taken: Taken) -> AuditDraft:
    """Whose account, which attributes, and what was read back. No value: names and addresses stay out of the chain."""
    noun = "group" if step.resource == "group" else "account"
    done = "failed" if taken.error else _DONE[step.verb]
    body: dict[str, Any] = {
        "run": str(run.id),
        "whose": step.local,
        "remote": taken.remote_id,
        "attributes": [change.attribute for change in step.changes],
    }
    if step.resource == "group":
        body |= {"joined": list(step.joins), "left": list(step.leaves)}
    if taken.error:
        body |= {"step": step.verb}
    if taken.proof:
        body |= {"proof": dict(taken.proof)}
    return AuditDraft(f"provisioning.{noun}_{done}", "provisioning_target", str(run.target), run.asked_by, body)


def _record(conn: Connection[Any], ctx: Context, action: str, target: UUID, by: str, body: Mapping[str, Any]) -> None:
    append_audit(conn, ctx.now, [AuditDraft(action, "provisioning_target", str(target), by, dict(body))])


__all__ = ["checked", "described", "finished", "planned", "step_taken"]
