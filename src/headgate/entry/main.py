"""Where the `headgate` command starts: it gives the command line what it may start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headgate.cli import Launcher, run

if TYPE_CHECKING:
    from headgate.wiring import App


def main() -> None:
    """Run the command line."""
    run(Launcher(serve=_serve, work=_work))


# Loaded when they are called: a command that neither serves nor works starts without the worker and the web.


def _serve(app: App, host: str, port: int, ready: Callable[[str], None], beside: bool, processes: int) -> None:
    from headgate.entry.serving import serve

    serve(app, host, port, ready, beside, processes)


def _work(app: App, lanes: int) -> None:
    from headgate.entry.serving import work

    work(app, lanes)
