"""`headgate support …`: see what somebody sees, with the consent of their organisation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headgate.access.support import begin_look, list_looks
from headgate.cli.session import Json, Tenant, named, print_json, say, session, table

app = typer.Typer(no_args_is_help=True)


@app.command("look")
def look(
    person: Annotated[str, typer.Argument(help="Whose view: a principal id or an e-mail address.")],
    because: Annotated[str, typer.Option("--because", help="Why; the organisation reads it.")],
    address: Annotated[str, typer.Option(help="The console's address, for the whole link.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Make a link that opens somebody's view once, within five minutes; an administrator must have consented."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        link = f"{address.rstrip('/')}/support/{begin_look(conn, ctx, named(person), reason=because)}"
    if json:
        print_json({"link": link})
    else:
        say(f"Open within five minutes: {link}", wrap=False)


@app.command("looks")
def looks(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List who of support looked as whom."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(found) for found in list_looks(conn, 500)]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "supporter": "Who",
        "subject": "As",
        "reason": "Why",
        "begun_at": "Began (UTC)",
        "ends_at": "Ended (UTC)",
    }
    table("Looks", rows, columns, "Nobody has looked yet.")
