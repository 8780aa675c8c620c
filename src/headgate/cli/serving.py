"""`headgate serve` and `headgate worker`: the long-running commands. What they start is given by the entry point."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from headgate.cli.launching import launcher
from headgate.cli.session import opened, say

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port; 0 takes a free one.")]

serve_app = typer.Typer()
worker_app = typer.Typer()


@serve_app.command()
def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8400,
    work: Annotated[
        bool, typer.Option(help="Also apply events in this process; --no-work when workers run elsewhere.")
    ] = True,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Serving processes; each has its own connections to the database.")
    ] = 1,
) -> None:
    """Serve the console and the API, and apply events."""
    with opened() as app:
        launcher(context).serve(app, host, port, lambda a: say(f"Headgate serves {a}"), work, processes)


@worker_app.command()
def worker(
    context: typer.Context,
    lanes: Annotated[
        int, typer.Option(min=1, help="Lanes to take per batch; below all of them, workers share better.")
    ] = 6,
    residency: Annotated[
        str,
        typer.Option(
            help="Take only tenants whose data may be at this place, such as eu.", envvar="HEADGATE_RESIDENCY"
        ),
    ] = "",
) -> None:
    """Apply events until stopped. Start as many as you like, on any machine that reaches the database."""
    os.environ["HEADGATE_RESIDENCY"] = residency
    with opened() as app:
        launcher(context).work(app, lanes)
