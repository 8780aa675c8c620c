"""One worker: serve tenants in turn, a bounded batch each, so that no tenant waits behind another's backlog."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog

from headgate.kernel.errors import Busy
from headgate.process import LaneRunner
from headgate.wiring import App

DUE_LANES = "select distinct tenant_id from headgate_due_lanes(%s, %s)"
DUE_TIMERS = "select tenant_id from headgate_due_timers(%s, %s)"
MOST_TENANTS = 1000
IDLE_SECONDS = 0.5
TIMER_SECONDS = 2.0

log = structlog.get_logger("headgate.worker")


@dataclass(slots=True)
class Worker:
    """Runs until `stop` is called. Several of them, in one process or many, share the lanes by leases."""

    app: App
    share: int = 1000  # lanes per batch; below the number of lanes, other workers find some free
    idle_seconds: float = IDLE_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _timers_at: datetime | None = None

    def stop(self) -> None:
        """Finish the batch at hand and return from `run`."""
        self._stop.set()
        self._wake.set()

    def wake(self) -> None:
        """Look for work now instead of after the pause."""
        self._wake.set()

    def run(self) -> None:
        """Serve until stopped. A lost database is waited for; nothing is lost with it."""
        runner = self.app.runner()
        log.info("worker started", owner=runner.owner)
        while not self._stop.is_set():
            try:
                worked = self.step(runner)
            except (psycopg.OperationalError, Busy) as error:
                log.warning("database not reachable, trying again", error=str(error).splitlines()[0])
                worked = 0
            if not worked:
                self._wake.wait(self.idle_seconds)
                self._wake.clear()
        log.info("worker stopped", owner=runner.owner)

    def step(self, runner: LaneRunner) -> int:
        """One round over the tenants that have work; how many events were applied or put off."""
        now = self.app.clock.now()
        if self._timers_at is None or now >= self._timers_at:
            self._fire_timers(runner, now)
            self._timers_at = now + timedelta(seconds=TIMER_SECONDS)
        worked = 0
        for tenant in self._tenants(DUE_LANES, now):
            if self._stop.is_set():
                break
            done = runner.run_tenant(tenant, wanted=self.share)
            worked += done.events + done.failed
        return worked

    def _fire_timers(self, runner: LaneRunner, now: datetime) -> None:
        for tenant in self._tenants(DUE_TIMERS, now):
            runner.fire_timers(tenant)

    def _tenants(self, query: str, now: datetime) -> Sequence[UUID]:
        with self.app.database.scan() as conn:
            return [row[0] for row in conn.execute(query, (now, MOST_TENANTS)).fetchall()]
