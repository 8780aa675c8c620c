"""`headgate import …`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from headgate.cli.session import Json, Session, Tenant, err, money, print_json, read_text, say, session, table
from headgate.connectors import ImportReport, parse_mapping, preview_import, run_import
from headgate.kernel.errors import HeadgateError

app = typer.Typer(no_args_is_help=True)
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, CSV.gz or JSON Lines.")]
MappingFile = Annotated[Path, typer.Option("--mapping", exists=True, dir_okay=False, help="The mapping (YAML).")]


@app.command("orders")
def orders(
    file: File,
    mapping: MappingFile,
    source: Annotated[str, typer.Option(help="The system the file comes from, for example erp-legacy.")],
    tenant: Tenant = "nordwind",
    govern: Annotated[bool, typer.Option(help="Apply the imported events at once (otherwise a worker does).")] = True,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only documents from this day on; earlier rows are only counted."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show the first documents; store nothing.")] = False,
    json: Json = False,
) -> None:
    """Import orders and returns. Safe to repeat and to interrupt: nothing is taken twice, it goes on where it was."""
    plan = parse_mapping(read_text(mapping), mapping.name)
    if preview:
        print_json(asdict(preview_import(file, plan)))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with session(tenant) as s, Progress(*columns, console=err, disable=json) as bar:
        with s.transaction(read_only=True) as (conn, ctx):
            router = s.app.engine.definitions.router(conn)
        reading = bar.add_task("Reading rows", total=None)
        report = run_import(
            s.app.database,
            ctx,
            file,
            plan,
            source,
            lanes=s.app.settings.lanes,
            validators=s.app.engine.registry.validators,
            route=router,
            progress=lambda done, total: bar.update(reading, completed=done, total=total),
            since=since.date() if since else None,
        )
        applied = drained(s, bar, bar.add_task("Governing", total=None)) if govern else {}
    _report(report, applied, json)
    if not report.reconciled:
        sys.exit(1)


def drained(s: Session, bar: Progress, task: TaskID) -> dict[str, int]:
    """Apply what waits, with progress; counts of what became of it."""
    with s.transaction(read_only=True) as (conn, _):
        (waiting,) = conn.execute("select count(*) from inbox").fetchone() or (0,)
    bar.update(task, total=waiting)
    total = s.app.runner().drain(s.tenant_id, on_batch=lambda done: bar.advance(task, done.events))
    if total.failed:
        raise HeadgateError(f"{total.failed} batches failed and wait for another try; see headgate quarantine list")
    return {"applied": total.events - total.refused, "refused": total.refused}


def _report(report: ImportReport, applied: dict[str, int], json: bool) -> None:
    if json:
        print_json(report.as_json() | {"governed": applied})
        return
    say((f"{report.rows:,} rows", "bold"), f" of {report.file}")
    for kind, count in report.documents.items():
        say(f"  {count:>9,}  {kind}")
    if report.earlier_rows:
        say(f"  {report.earlier_rows:>9,}  rows from before the start, only counted")
    say(f"  {report.appended:>9,}  events new, {report.duplicates:,} known already")
    if report.conflicts:
        say(f"  {report.conflicts:>9,}  documents that the log holds with other content; both are kept", style="yellow")
    rows = [{"reason": r.reason, "rows": r.rows, "amount": r.amount} for r in report.quarantined]
    if rows:
        table("In quarantine", rows, {"rows": "Rows", "amount": f"Amount {report.currency}", "reason": "Reason"}, "")
    _sum(report)
    if applied:
        say(f"Governed: {applied['applied']:,} events applied, {applied['refused']:,} refused")


def _sum(report: ImportReport) -> None:
    """The file's own sum and where each part of it is now."""
    amounts = report.amounts
    parts = [
        ("orders", amounts.orders),
        ("returns", amounts.returns),
        ("quarantine", amounts.quarantined),
        ("conflicting", amounts.conflicting),
        ("before the start", amounts.earlier),
    ]
    told = " + ".join(f"{name} {money(amount)}" for name, amount in parts if amount or name == "orders")
    say(f"File {money(amounts.file)} {report.currency} = {told}")
    if not report.reconciled:
        say(("Not accounted for", "bold red"), f": {money(amounts.difference)} {report.currency}")
