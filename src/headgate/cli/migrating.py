"""`headgate processes versions|diff|migrate`: what versions have different, and moving running cases to another one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from headgate.cli.session import Json, Session, Tenant, acting, print_json, say, session, table
from headgate.kernel.errors import invalid
from headgate.process import get_definition, list_versions
from headgate.process.core.differences import differences
from headgate.process.core.moving import Renaming
from headgate.process.migration.mapping import parse_renaming
from headgate.process.migration.rehearsal import rehearse
from headgate.process.migration.service import Progress, go_on, migration_of, start, undo

By = Annotated[str, typer.Option("--as", help="Who does it: a principal id or an e-mail address.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of processes."""
    for name, command in (("versions", versions), ("diff", diff), ("migrate", migrate)):
        app.command(name)(command)


def versions(
    process: Annotated[str, typer.Argument(help="Only this process.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """List the versions of the tenant's processes, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [row for row in list_versions(conn) if process in ("", row["process"])]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "process": "Process",
        "version": "Version",
        "title": "Title",
        "status": "Status",
        "author": "Author",
        "valid_from": "Since (UTC)",
        "valid_until": "Until (UTC)",
    }
    table("Process versions", rows, columns, "No process is installed.")


def diff(
    process: Annotated[str, typer.Argument(help="Which process.")],
    old: Annotated[int, typer.Argument(help="The older version.")],
    new: Annotated[int, typer.Argument(help="The newer version.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show what two versions have different."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = differences(get_definition(conn, process, old), get_definition(conn, process, new))
    if json:
        print_json({"items": [asdict(each) for each in found]})
        return
    rows = [asdict(each) for each in found]
    columns = {"where": "Where", "kind": "Is", "what": "What"}
    table(f"{process}@{old} → @{new}", rows, columns, "They say the same.")


def migrate(
    process: Annotated[str, typer.Argument(help="Whose cases to move.")],
    to: Annotated[int, typer.Option(help="The version to move them to.")] = 0,
    only: Annotated[int, typer.Option("--from", help="Only the cases of this version.")] = 0,
    mapping: Annotated[Path | None, typer.Option(help="A YAML file with stages, data and keep.")] = None,
    rehearsal: Annotated[bool, typer.Option("--rehearse", help="Show what would happen; nothing is moved.")] = False,
    because: Annotated[str, typer.Option("--because", help="Why; it stays in the record.")] = "",
    by: By = "",
    resume: Annotated[str, typer.Option(help="Go on with this migration, which was broken off.")] = "",
    back: Annotated[str, typer.Option("--undo", help="Move back what this migration moved.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Move the running cases of a process to another version; rehearse it first with --rehearse."""
    with session(tenant) as s:
        if resume or back:
            _carry_on(s, UUID(back or resume), by, json=json, backwards=bool(back))
            return
        if to < 1:
            raise invalid("--to", to, "says no version", "Give the number of the version to move to.")
        renaming = Renaming()
        if mapping is not None:
            renaming = parse_renaming(mapping.read_text(encoding="utf-8"), mapping.name)
        if rehearsal:
            _rehearse(s, process, to, renaming, only or None, json=json)
            return
        with s.transaction() as (conn, ctx):
            person = acting(conn, ctx, by, "processes.migrate")
            migration = start(conn, person, s.app.engine, process, to, renaming, because, only or None)
        _run(s, migration, by, json=json)


def _rehearse(s: Session, process: str, to: int, renaming: Renaming, only: int | None, *, json: bool) -> None:
    with s.transaction(read_only=True) as (conn, _):
        found = rehearse(conn, s.app.engine.definitions, process, to, renaming, only)
    if json:
        print_json(asdict(found))
        return
    say(f"{found.movable} can be moved to {process}@{to}, {found.staying} cannot.")
    rows = [
        {
            "count": group.count,
            "from": f"@{group.from_version} {group.from_stage}",
            "to": "stays" if group.why else group.to_stage,
            "why": group.why,
            "such as": ", ".join(case.subject for case in group.cases[:3]),
        }
        for group in found.groups
    ]
    columns = {"count": "Cases", "from": "From", "to": "To", "why": "Why not", "such as": "Such as"}
    table("Rehearsal", rows, columns, "No case runs in another version.")


def _carry_on(s: Session, migration: UUID, by: str, *, json: bool, backwards: bool) -> None:
    if backwards:
        with s.transaction() as (conn, ctx):
            undo(conn, acting(conn, ctx, by, "processes.migrate"), migration)
    _run(s, migration, by, json=json)


def _run(s: Session, migration: UUID, by: str, *, json: bool) -> None:
    """Queue batch after batch, each in a transaction of its own, and let them be applied."""
    while True:
        with s.transaction() as (conn, ctx):
            queued = go_on(conn, acting(conn, ctx, by, "processes.migrate"), s.app.engine, migration)
        if not queued:
            break
        s.app.runner().drain(s.tenant_id)
    with s.transaction(read_only=True) as (conn, _):
        done = migration_of(conn, migration)
    if json:
        print_json(asdict(done))
        return
    _tell(done)


def _tell(done: Progress) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(done.counts.items())) or "no case to move"
    say(f"migration {done.migration}: {counts}", wrap=False)
    rows = [{"status": status, "why": why, "count": count} for status, why, count in done.reasons]
    if rows:
        table("Not moved", rows, {"count": "Cases", "status": "Status", "why": "Why"}, "")
