"""`headgate audit …`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headgate.cli import audit_proofs
from headgate.cli.session import Json, Limit, Tenant, err, print_json, say, session, table
from headgate.cli.session import shown as shown_value
from headgate.kernel.clock import parse_instant
from headgate.ledger import audit_get, audit_list, checkpoint_state, proof_states, verify_audit
from headgate.ledger.search import search_audit

app = typer.Typer(no_args_is_help=True)
audit_proofs.register(app)


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


@app.command("search")
def search(
    text: Annotated[str, typer.Argument(help="Words that stand in the entry, or the beginning of its hash.")] = "",
    tenant: Tenant = "nordwind",
    subject: Annotated[str, typer.Option(help="An order, a partner, a policy, …")] = "",
    subject_type: Annotated[str, typer.Option(help="What the subject is.")] = "",
    actor: Annotated[list[str] | None, typer.Option(help="A principal id; may be given more than once.")] = None,
    action: Annotated[str, typer.Option(help="An action such as approval.decided.")] = "",
    since: Annotated[str, typer.Option(help="From this instant on (RFC 3339).")] = "",
    until: Annotated[str, typer.Option(help="Before this instant (RFC 3339).")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """Search the chain by words, who, what and when; each entry with the state of its proof."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = search_audit(
            conn,
            text=text,
            actors=actor or (),
            action=action,
            subject_type=subject_type,
            subject=subject,
            since=parse_instant("--since", since) if since else None,
            until=parse_instant("--until", until) if until else None,
            limit=limit,
        )
        states = proof_states(conn, [row.seq for row in rows])
        signed = checkpoint_state(conn).size
    shown = [asdict(row) | {"proof": _proof(states[row.seq].reason, signed=row.seq <= signed)} for row in rows]
    if json:
        print_json({"items": shown})
        return
    columns = {"seq": "#", "at": "At (UTC)", "action": "Action", "subject": "Subject", "actor": "By", "proof": "Proof"}
    table("Audit entries", shown, columns, "No entries fit.")


@app.command("show")
def show(entry: Annotated[int, typer.Argument(min=1)], tenant: Tenant = "nordwind", json: Json = False) -> None:
    """One entry in full, with the state of its proof."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = audit_get(conn, entry)
        state = proof_states(conn, [entry])[entry]
        signed = checkpoint_state(conn).size
    proof = _proof(state.reason, signed=entry <= signed)
    if json:
        print_json(asdict(found) | {"proof": proof})
        return
    say((f"Entry {found.seq}: {found.action}", "bold"), f" of {found.subject_type} {found.subject}")
    for name, value in (("At", shown_value(found.at)), ("By", found.actor), ("Proof", proof), ("Hash", found.hash)):
        say(f"{name}: {value}", indent=2, wrap=False)
    for name, value in found.body.items():
        say(f"{name}: {shown_value(value)}", indent=4)


def _proof(reason: str, *, signed: bool) -> str:
    if reason:
        return f"broken: {reason}"
    return "signed" if signed else "intact, not signed yet"
