"""Where the `headgate` command starts: it gives the command line what it may start."""

from __future__ import annotations

from headgate.cli import Launcher, run
from headgate.entry.serving import serve, work


def main() -> None:
    """Run the command line."""
    run(Launcher(serve=serve, work=work))
