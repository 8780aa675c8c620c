"""`headgate serve` and `headgate worker`: the long-running commands. What they start is given by the entry point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from headgate.cli.session import opened, out, say
from headgate.wiring import App

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port; 0 takes a free one.")]


@dataclass(frozen=True, slots=True)
class Launcher:
    """How to serve (application, host, port, told the address, also apply events) and how to work (lanes per batch)."""

    serve: Callable[[App, str, int, Callable[[str], None], bool], None]
    work: Callable[[App, int], None]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("worker")(worker)


def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8400,
    work: Annotated[
        bool, typer.Option(help="Also apply events in this process; --no-work when workers run elsewhere.")
    ] = True,
) -> None:
    """Serve the console and the API, and apply events."""
    with opened() as app:
        launcher(context).serve(app, host, port, lambda a: say(f"Headgate serves {a}"), work)


def worker(
    context: typer.Context,
    lanes: Annotated[
        int, typer.Option(min=1, help="Lanes to take per batch; below all of them, workers share better.")
    ] = 6,
) -> None:
    """Apply events until stopped. Start as many as you like, on any machine that reaches the database."""
    with opened() as app:
        launcher(context).work(app, lanes)


def launcher(context: typer.Context) -> Launcher:
    """What the entry point gave."""
    found = context.find_root().obj
    assert isinstance(found, Launcher)
    return found


def announce(address: str, logins: Sequence[tuple[str, str, str]]) -> None:
    """Where the console is and who can sign in."""
    out.print(
        f"\n[bold]Console:[/] [link={address}]{address}[/link]   (Ctrl-C stops it, the data stays)", soft_wrap=True
    )
    for email, password, role in logins:
        say(f"  {email:<26} {password}   {role.replace('_', ' ')}", wrap=False)
