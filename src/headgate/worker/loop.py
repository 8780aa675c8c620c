"""One worker: serve tenants in turn, a bounded batch each, so that no tenant waits behind another's backlog."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.process import LaneRunner, Progress
from headgate.wiring import App

DUE_LANES = "select distinct tenant_id from headgate_due_lanes(%s, %s)"
DUE_TIMERS = "select tenant_id from headgate_due_timers(%s, %s)"
TENANTS = "select tenant_id from headgate_tenants()"
MOST_TENANTS = 1000
IDLE_SECONDS = 0.5
BLOCKED_SECONDS = 0.02
TIMER_SECONDS = 2.0
JOB_SECONDS = 60.0
JOB_TENANTS = 50  # in one round, so that many tenants' jobs do not keep events waiting

log = Log("headgate.worker")


@dataclass(slots=True)
class Worker:
    """Runs until `stop` is called. Several of them, in one process or many, share the lanes by leases."""

    app: App
    share: int = 1000  # lanes per batch; below the number of lanes, other workers find some free
    idle_seconds: float = IDLE_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _timers_at: datetime | None = None
    _jobs_at: datetime | None = None
    _jobs_for: list[UUID] = field(default_factory=list)

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
                done = self.step(runner)
            except (psycopg.OperationalError, Busy) as error:
                log.warning("database not reachable, trying again", error=str(error).splitlines()[0])
                done = Progress()
            if not done.events and not done.failed:
                self._wake.wait(min(self.idle_seconds, BLOCKED_SECONDS) if done.blocked else self.idle_seconds)
                self._wake.clear()
        log.info("worker stopped", owner=runner.owner)

    def step(self, runner: LaneRunner) -> Progress:
        """One round over the tenants that have work: what was applied or put off, and whether anything is held up."""
        now = self.app.clock.now()
        if self._timers_at is None or now >= self._timers_at:
            self._for_each(self._due(DUE_TIMERS, now), runner.fire_timers)
            self._timers_at = now + timedelta(seconds=TIMER_SECONDS)
        if self._jobs_at is None or now >= self._jobs_at:
            self._jobs_for = self._all_tenants()
            self._jobs_at = now + timedelta(seconds=JOB_SECONDS)
        share, self._jobs_for = self._jobs_for[:JOB_TENANTS], self._jobs_for[JOB_TENANTS:]
        self._for_each(share, runner.run_jobs)
        total = Progress()

        def apply(tenant: UUID) -> None:
            done = runner.run_tenant(tenant, wanted=self.share)
            total.count(done)
            total.blocked = total.blocked or done.blocked

        self._for_each(self._due(DUE_LANES, now), apply)
        return total

    def _for_each(self, tenants: Sequence[UUID], act: Callable[[UUID], object]) -> None:
        """What breaks for one tenant is logged and tried again next round; it does not keep the others waiting."""
        for tenant in tenants:
            if self._stop.is_set():
                return
            try:
                act(tenant)
            except psycopg.OperationalError:
                raise
            except Busy as error:
                log.warning("busy, trying again", tenant=str(tenant), error=error.message)
            except Exception as error:
                log.exception("a tenant could not be served", tenant=str(tenant), error=str(error))

    def _due(self, query: str, now: datetime) -> Sequence[UUID]:
        with self.app.database.scan() as conn:
            return [row[0] for row in conn.execute(query, (now, MOST_TENANTS)).fetchall()]

    def _all_tenants(self) -> list[UUID]:
        with self.app.database.scan() as conn:
            return [row[0] for row in conn.execute(TENANTS).fetchall()]
