"""The loop that weighs past decisions again: one run at a time, beside the lanes and never in their way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.wiring import App
from headgate.worker.rounds import owner_name, rounds

IDLE_SECONDS: Final = 1.0
MOST_TENANTS: Final = 100
DUE: Final[LiteralString] = "select tenant_id from headgate_due_backtests(%s, %s)"
log = Log("headgate.backtests")


@dataclass(slots=True)
class BacktestLoop:
    """Runs until `stop` is called. Several of them, in one process or many, share the runs by leases."""

    app: App
    idle_seconds: float = IDLE_SECONDS
    owner: str = field(default_factory=owner_name)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Take no more. A run at hand is left when its next slice is read; another loop begins it anew."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped. A lost database is waited for."""
        rounds(self.step, self._stop, self.idle_seconds, log)

    def step(self) -> int:
        """One run of each tenant that has one waiting; how many came to an end."""
        with self.app.database.scan() as conn:
            due = [row[0] for row in conn.execute(DUE, (self.app.clock.now(), MOST_TENANTS))]
        return sum(self._serve(tenant) for tenant in due if not self._stop.is_set())

    def _serve(self, tenant: UUID) -> int:
        app = self.app
        ctx = Context(tenant, SYSTEM, app.clock.now())
        try:
            run = app.backtests.work(app.database, ctx, app.clock, self.owner, told=self._told)
        except (psycopg.OperationalError, Busy):
            raise
        except _Stopped:
            return 0
        except Exception as error:
            log.exception("a backtest broke", tenant=str(tenant), error=str(error))
            return 1
        return 0 if run is None else 1

    def _told(self, _done: int, _total: int) -> None:
        if self._stop.is_set():
            raise _Stopped


class _Stopped(BaseException):
    """The process ends; not an error of the run, so it is not marked as failed."""
