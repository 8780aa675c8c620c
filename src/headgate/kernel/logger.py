"""A logger that loads structlog with the first line it has to say: that takes longer than most commands run.

`headgate.kernel.logs` says how lines look and where they go in a process that serves or works. Where nobody said, they
go to standard error, because standard output is for what was asked.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Log:
    """A logger by name: `log.warning("what happened", key=value)`; the levels are structlog's."""

    name: str

    def __getattr__(self, level: str) -> Any:
        if level.startswith("_"):
            raise AttributeError(level)
        structlog = importlib.import_module("structlog")
        if not structlog.is_configured():
            importlib.import_module("headgate.kernel.logs").configure_logs()
        return getattr(structlog.get_logger(self.name), level)
