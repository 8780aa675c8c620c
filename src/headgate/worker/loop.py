"""One worker: serve tenants in turn, a bounded batch each, so that no tenant waits behind another's backlog.

It sleeps until the database says that events came, and looks by itself now and then for what nobody announces: pauses
that end, clocks that come due, lanes of a worker that died.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import psycopg

from headgate.kernel import telemetry
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import Busy, Misconfigured
from headgate.kernel.logger import Log
from headgate.process import LaneRunner, Progress
from headgate.process.carrying import carry_out_due
from headgate.wiring import App
from headgate.worker.bell import Bell

# Pauses go by the database's time, clocks of cases by the application's. Least recently served tenants come first.
DUE_LANES: LiteralString = "select tenant_id from headgate_due_lanes(coalesce(%s, statement_timestamp()), %s)"
DUE_HELD: LiteralString = "select tenant_id from headgate_due_held(%s, %s)"
DUE_TIMERS: LiteralString = "select tenant_id from headgate_due_timers(%s, %s)"
# What a round looks at first, in one question: the database's time, and who has events due.
LOOK: LiteralString = f"select clock_timestamp(), array({DUE_LANES})"
MOST_TENANTS = 1000
IDLE_SECONDS = 1.0  # between looks, while the database tells of events; half of it while it cannot
BLOCKED_SECONDS = 0.02  # at first, while others hold what has to come first; doubles up to the idle pause
MOST_SKEW = timedelta(seconds=60)  # between this machine's clock and the database's
TIMER_SECONDS = 2.0

log = Log("headgate.worker")


@dataclass(slots=True)
class Worker:
    """Runs until `stop` is called. Several of them, in one process or many, share the lanes by leases."""

    app: App
    share: int = 1000  # lanes per batch; below the number of lanes, other workers find some free
    idle_seconds: float = IDLE_SECONDS
    beat: float = field(default_factory=time.monotonic)  # when it last showed that it goes on
    _stop: threading.Event = field(default_factory=threading.Event)
    _bell: Bell | None = None
    _blocked_for: float = BLOCKED_SECONDS
    _timers_at: datetime | None = None

    def stop(self) -> None:
        """Finish the batch at hand and return from `run`."""
        self._stop.set()
        self.wake()

    def wake(self) -> None:
        """Look for work now instead of after the pause."""
        if self._bell is not None:
            self._bell.ring()

    def run(self) -> None:
        """Serve until stopped. A lost database is waited for; nothing is lost with it."""
        runner = self.app.runner()
        self._bell = bell = Bell(self.app.database)
        log.info("worker started", owner=runner.owner)
        while self._goes_on(bell):
            self.beat = time.monotonic()
            telemetry.worker_round_at.set(time.time())
            try:
                done = self.step(runner)
                telemetry.worker_rounds.inc(outcome="worked" if done.events else "idle")
            except (psycopg.OperationalError, Busy) as error:
                telemetry.worker_rounds.inc(outcome="no_database")
                log.warning("the database cannot be used, trying again", error=str(error).splitlines()[0])
                self._revive()
                done = Progress()
            if done.events or done.failed:
                self._blocked_for = BLOCKED_SECONDS
            else:
                bell.wait(self._pause(blocked=done.blocked, told=bell.listens))
        bell.close()
        log.info("worker stopped", owner=runner.owner)

    def _goes_on(self, bell: Bell) -> bool:
        """Whether there is another round. Asked after the bell fell quiet: a stop rings, and what is rung between the
        question and the quiet would be lost, so that a stopped worker slept on."""
        bell.quiet()
        return not self._stop.is_set()

    def _revive(self) -> None:
        try:
            self.app.database.revive()
        except Misconfigured as error:
            log.error("the embedded database does not start", error=error.message)

    def _pause(self, *, blocked: bool, told: bool) -> float:
        idle = self.idle_seconds if told else self.idle_seconds / 2
        if not blocked:
            return idle
        pause, self._blocked_for = min(self._blocked_for, idle), self._blocked_for * 2
        return pause

    def step(self, runner: LaneRunner) -> Progress:
        """One round over the tenants that have work: what was applied or put off, and whether anything is held up."""
        now = self.app.clock.now()
        given = None if self._has_real_clock() else now
        theirs, tenants = self._look(given)
        if given is None and not self._clock_is_right(theirs):
            return Progress()
        if self._timers_at is None or now >= self._timers_at:
            self._for_each(self._due(DUE_TIMERS, now), runner.fire_timers)
            self._for_each(self._due(DUE_HELD, now), self._carry_out)
            _, tenants = self._look(given)
            self._timers_at = now + timedelta(seconds=TIMER_SECONDS)
        total = Progress()

        def apply(tenant: UUID) -> None:
            done = runner.run_tenant(tenant, wanted=self.share)
            total.count(done)
            total.blocked = total.blocked or done.blocked

        self._for_each(tenants, apply)
        return total

    def _has_real_clock(self) -> bool:
        return isinstance(self.app.clock, SystemClock)

    def _clock_is_right(self, theirs: datetime) -> bool:
        """Whether this machine and the database agree on the time. Where they do not, clocks of cases would come due at
        the wrong moment and orders would get the prices of another day; so nothing is applied until they do."""
        skew = self.app.clock.now() - theirs
        if abs(skew) <= MOST_SKEW:
            return True
        log.error(
            "this machine's clock is not the database's; nothing is applied until one of them is set right",
            ahead_seconds=round(skew.total_seconds()),
            most_seconds=round(MOST_SKEW.total_seconds()),
        )
        return False

    def _for_each(self, tenants: Sequence[UUID], act: Callable[[UUID], object]) -> None:
        """What breaks for one tenant is logged and tried again next round; it does not keep the others waiting."""
        for tenant in tenants:
            if self._stop.is_set():
                return
            self.beat = time.monotonic()
            try:
                act(tenant)
            except psycopg.OperationalError:
                raise
            except Busy as error:
                log.warning("busy, trying again", tenant=str(tenant), error=error.message)
            except Exception as error:
                log.exception("a tenant could not be served", tenant=str(tenant), error=str(error))

    def _look(self, given: datetime | None) -> tuple[datetime, Sequence[UUID]]:
        with self.app.database.scan(lookups=True) as conn:
            ((theirs, tenants),) = conn.execute(LOOK, (given, MOST_TENANTS)).fetchall()
        return theirs, list(dict.fromkeys(tenants))

    def _carry_out(self, tenant: UUID) -> None:
        carry_out_due(self.app.database, self.app.engine, self.app.clock, tenant)

    def _due(self, query: LiteralString, now: datetime) -> Sequence[UUID]:
        with self.app.database.scan(lookups=True) as conn:
            return list(dict.fromkeys(row[0] for row in conn.execute(query, (now, MOST_TENANTS)).fetchall()))
