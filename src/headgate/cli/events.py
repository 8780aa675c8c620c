"""`headgate events …`: what came in, and what was refused because its id was taken."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from headgate.cli.session import Json, Limit, Tenant, print_json, say, session, table
from headgate.kernel.errors import NotFound
from headgate.ledger import EventConflict, StoredEvent, conflict_list, event_get, event_list

NEWEST = 2**63 - 1

app = typer.Typer(no_args_is_help=True)
Before = Annotated[int, typer.Option(min=0, help="Continue below this number.")]


@app.command("list")
def list_(
    subject: Annotated[str, typer.Option(help="What it is about, for example an order's number.")] = "",
    kind: Annotated[str, typer.Option("--type", help="Event type, for example order.submitted.")] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    before: Before = 0,
    tenant: Tenant = "nordwind",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List events of the log, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = event_list(
            conn,
            subject=subject or None,
            type=kind or None,
            source=source or None,
            before=before or NEWEST,
            limit=limit,
        )
    rows = [asdict(e) for e in found]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "seq": "Number",
        "type": "Type",
        "subject": "About",
        "source": "Source",
        "event_id": "Id",
        "received_at": "Received (UTC)",
    }
    table("Events", rows, columns, "No events fit.")


@app.command("show")
def show(number: Annotated[int, typer.Argument(min=1)], tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show one event of the log with its body."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = event_get(conn, number)
    if json:
        print_json(asdict(found))
    else:
        _told(found)


@app.command("conflicts")
def conflicts(before: Before = 0, tenant: Tenant = "nordwind", limit: Limit = 50, json: Json = False) -> None:
    """List events that were refused because their id was used before for another body, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(c) for c in conflict_list(conn, before=before or NEWEST, limit=limit)]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "id": "Conflict",
        "first_seq": "First is event",
        "type": "Type",
        "subject": "About",
        "source": "Source",
        "event_id": "Id",
        "received_at": "Received (UTC)",
    }
    table("Refused: the id was taken", rows, columns, "No event came twice with different contents.")


@app.command("conflict")
def conflict(number: Annotated[int, typer.Argument(min=1)], tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show a refused event beside the one that had its id first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = next(iter(conflict_list(conn, before=number + 1, limit=1)), None)
        if found is None or found.id != number:
            raise NotFound(f"there is no conflict {number}; see headgate events conflicts")
        first = event_get(conn, found.first_seq)
    if json:
        print_json({"refused": asdict(found), "first": asdict(first)})
        return
    say(("First", "bold"))
    _told(first)
    say(("Refused", "bold"))
    _told(found)


def _told(event: StoredEvent | EventConflict) -> None:
    facts: dict[str, Any] = asdict(event)
    data = facts.pop("data")
    for name, value in facts.items():
        say(f"{name}: {value}", indent=2, wrap=False)
    print_json(data)
