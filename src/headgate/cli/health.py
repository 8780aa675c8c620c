"""`headgate health`: what an operator looks at first."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from headgate.cli.session import Json, Session, opened, print_json, say, session, table
from headgate.ledger.backlog import TenantBacklog, age, tenant_backlog
from headgate.ledger.health import Readiness, readiness

app = typer.Typer()

_TONES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@app.command()
def health(
    tenant: Annotated[str, typer.Option("--tenant", "-t", help="Look closer at one tenant's queues.")] = "",
    json: Json = False,
) -> None:
    """Say whether this installation can serve, what waits, for how long, and what went wrong; exit code 1 if it cannot.

    With --tenant also the lanes, retries, targets and checkpoints of one tenant.
    """
    if tenant:
        with session(tenant) as s:
            found, now = _look(s.app), s.app.clock.now()
            queues = _queues(s, now)
    else:
        with opened() as opened_app:
            found, now, queues = _look(opened_app), opened_app.clock.now(), None
    if json:
        print_json(_facts(found, queues))
    else:
        for check in found.checks:
            say((f"{check.verdict:<8}", _TONES[check.verdict]), f" {check.name:<13} {check.detail}")
        if queues is not None:
            _show(queues, now)
    if not found.ready:
        sys.exit(1)


def _look(app: Any) -> Readiness:
    return readiness(app.database, app.settings, app.clock.now())


def _queues(s: Session, now: datetime) -> TenantBacklog:
    with s.app.database.transaction(s.tenant_id, read_only=True) as conn:
        return tenant_backlog(conn, now)


def _facts(found: Readiness, queues: TenantBacklog | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"ready": found.ready, "checks": [asdict(check) for check in found.checks]}
    if found.totals is not None:
        facts["totals"] = asdict(found.totals)
    if queues is not None:
        facts["tenant"] = asdict(queues)
    return facts


def _show(queues: TenantBacklog, now: datetime) -> None:
    say("")
    lanes = [
        asdict(lane) | {"behind": str(age(lane.oldest, now)).partition(".")[0], "owner": lane.owner or ""}
        for lane in queues.lanes
    ]
    columns = {
        "lane": "Lane",
        "waiting": "Waiting",
        "retrying": "Retrying",
        "behind": "Oldest waits",
        "owner": "Held by",
        "lapses": "Never given back",
    }
    table("Lanes", lanes, columns, "No event waits to be applied.")
    retries = [asdict(retry) for retry in queues.retries]
    names = {
        "seq": "#",
        "type": "Event",
        "subject": "Subject",
        "attempts": "Tries",
        "again_at": "Again",
        "error": "Why",
    }
    table("Retries", retries, names, "")
    troubles = [asdict(trouble) for trouble in queues.troubles]
    table("Targets", troubles, {"code": "Target", "status": "Status", "breaker": "Breaker", "error": "Why"}, "")
    say(f"Put aside: {queues.parked:,} events, {queues.rows:,} rows (headgate quarantine list)")
    say(f"Commands: {queues.due:,} due, {queues.pending:,} pending, {queues.dead:,} dead")
    for each in queues.unheard:
        add = f"headgate targets add {each.target} https://…"
        say(f"{each.waiting:,} wait for {each.target}, which is not registered: {add}", indent=2)
    signed = queues.checkpoint
    say(
        f"Checkpoints: {signed.size:,} of {signed.entries:,} entries signed"
        + (f"; {signed.alarm}" * bool(signed.alarm))
    )
