"""What the entry point gives the command line: the long-running parts of other edges, which commands may start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from headgate.wiring import App


@dataclass(frozen=True, slots=True)
class Launcher:
    """How to serve (application, host, port, told the address, also apply events, processes) and how to work (lanes per
    batch)."""

    serve: Callable[[App, str, int, Callable[[str], None], bool, int], None]
    work: Callable[[App, int], None]


def launcher(context: typer.Context) -> Launcher:
    """What the entry point gave."""
    found = context.find_root().obj
    assert isinstance(found, Launcher)
    return found
