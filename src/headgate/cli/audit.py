"""`headgate audit …`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headgate.cli.session import Json, Limit, Tenant, err, print_json, say, session, table
from headgate.ledger import audit_list, verify_audit

app = typer.Typer(no_args_is_help=True)


@app.command("verify")
def verify(
    tenant: Tenant = "nordwind",
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the chain, not the events and decisions it speaks of.")
    ] = False,
    json: Json = False,
) -> None:
    """Walk the chain and recompute every hash; exit code 1 when anything does not fit."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with session(tenant) as s, Progress(*columns, console=err, transient=True, disable=json) as bar:
        task = bar.add_task("Verifying", total=None)
        with s.app.database.transaction(s.tenant_id, read_only=True) as conn:
            checks = () if quick else s.app.content_checks()
            report = verify_audit(
                conn,
                progress=lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
                deep=not quick,
                checks=checks,
            )
    if json:
        print_json(asdict(report) | {"ok": report.ok})
    elif report.ok:
        counts = {"entries": report.entries} | ({"events": report.events} if report.events else {}) | report.contents
        checked = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        say(("Intact", "green"), f": {checked} checked.")
        say(f"Head: entry {report.head_seq}, hash {report.head_hash}", style="dim", wrap=False)
    else:
        say(("Broken", "bold red"), f": {len(report.bad)} findings in {report.entries:,} entries.")
        for finding in report.bad[:20]:
            say(f"  • {finding}", wrap=False)
    if not report.ok:
        sys.exit(1)


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    subject: Annotated[str, typer.Option(help="An order, a partner, a policy, …")] = "",
    actor: Annotated[str, typer.Option(help="A principal id.")] = "",
    action: Annotated[str, typer.Option(help="An action such as approval.decided.")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """Search the audit chain, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = audit_list(conn, subject=subject or None, actor=actor or None, action=action or None, limit=limit)
    if json:
        print_json({"items": [asdict(r) for r in rows]})
        return
    columns = {"seq": "#", "at": "At (UTC)", "action": "Action", "subject": "Subject", "actor": "By", "hash": "Hash"}
    table("Audit entries", [asdict(r) | {"hash": r.hash[:12]} for r in rows], columns, "No entries fit.")
