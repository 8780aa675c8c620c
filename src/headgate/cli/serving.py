"""`headgate serve` and `headgate worker`: the long-running commands."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Annotated

import typer

from headgate.cli.session import opened, out
from headgate.kernel.errors import Misconfigured
from headgate.worker import Worker

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port; 0 takes a free one.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("worker")(worker)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8400,
    work: Annotated[
        bool, typer.Option(help="Also apply events in this process; --no-work when workers run elsewhere.")
    ] = True,
) -> None:
    """Serve the console and the API, and apply events."""
    serve_app(host, port, lambda address: out.print(f"Headgate serves {address}", highlight=False), work=work)


def worker(
    lanes: Annotated[
        int, typer.Option(min=1, help="Lanes to take per batch; below all of them, workers share better.")
    ] = 6,
) -> None:
    """Apply events until stopped. Start as many as you like, on any machine that reaches the database."""
    with opened() as app:
        loop = Worker(app, share=lanes)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            loop.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        loop.run()


def serve_app(host: str, port: int, ready: Callable[[str], None], *, work: bool = True) -> None:
    """Serve until interrupted; `ready` is told the address once the port is taken. Raises Misconfigured when it is not free."""
    import uvicorn

    from headgate.cli.web import create_web

    with opened() as app, _bound(host, port) as bound:
        address = f"http://{host}:{bound.getsockname()[1]}"
        loop = Worker(app)
        thread = threading.Thread(target=loop.run, name="headgate-worker", daemon=True)
        if work:
            thread.start()
        ready(address)
        config = uvicorn.Config(create_web(app), log_level="warning", access_log=False, server_header=False)
        try:
            uvicorn.Server(config).run(sockets=[bound])
        finally:
            loop.stop()
            if work:
                thread.join(timeout=10)


@contextlib.contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise Misconfigured(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port") from None
    try:
        yield made
    finally:
        made.close()


def announce(address: str, logins: Sequence[tuple[str, str, str]]) -> None:
    """Where the console is and who can sign in."""
    out.print(
        f"\n[bold]Console:[/] [link={address}]{address}[/link]   (Ctrl-C stops it, the data stays)", highlight=False
    )
    for email, password, role in logins:
        out.print(f"  {email:<26} {password}   {role.replace('_', ' ')}", highlight=False)
