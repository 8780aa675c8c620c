"""The loop that looks whether the records that prove tenants' domains are still there, a few at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import psycopg

from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.wiring import App
from headgate.worker.rounds import rounds

IDLE_SECONDS: Final = 20.0
MOST_TENANTS: Final = 50
log = Log("headgate.domains")


@dataclass(slots=True)
class DomainLoop:
    """Runs until `stop` is called. Several of them, in one process or many, take domains that no other looks at."""

    app: App
    idle_seconds: float = IDLE_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Take no more. What was taken and not looked at is due again when its lease is over."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped. A lost database is waited for."""
        rounds(self.step, self._stop, self.idle_seconds, log)

    def step(self) -> int:
        """A few domains of each tenant that has any due; how many were looked at."""
        tenants = self.app.prover.due(MOST_TENANTS)
        return sum(self._serve(tenant) for tenant in tenants if not self._stop.is_set())

    def _serve(self, tenant: UUID) -> int:
        try:
            return self.app.prover.round(tenant)
        except (psycopg.OperationalError, Busy):
            raise
        except Exception as error:
            log.exception("looking at domains broke", tenant=str(tenant), error=type(error).__name__)
            return 1
