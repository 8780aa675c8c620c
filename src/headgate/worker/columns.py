"""The loop that keeps columns of decisions ahead of backtests, while nothing else has to be done."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.policy.backtest import ENOUGH, Prepared, ahead_of, has_grown
from headgate.wiring import App
from headgate.worker.rounds import rounds

PAUSE_SECONDS: Final = 300.0  # between looks when there is nothing to keep
AT_ONCE: Final = 500  # records between two looks whether something more urgent waits: some tenths of a second
ROUND: Final = 16_000  # decisions of one tenant before it is another one's turn
PATIENCE_SECONDS: Final = 5.0  # that a slice waits for quiet lanes; then it is read all the same
LOOK_SECONDS: Final = 0.25
LEAST_POOL: Final = 4  # connections; a turn holds one, and reading and writing need others
AGAIN: Final = timedelta(hours=1)  # before a tenant is looked at again where nothing could be kept
TENANTS: Final[LiteralString] = "select tenant_id from headgate_served_tenants()"
URGENT: Final[LiteralString] = """
select exists (select from headgate_due_lanes(%(now)s, 1)) or exists (select from headgate_due_backtests(%(now)s, 1))
"""
log = Log("headgate.columns")


@dataclass(slots=True)
class ColumnLoop:
    """Runs until `stop` is called. Several of them, in one process or many, take turns by tenant."""

    app: App
    pause_seconds: float = PAUSE_SECONDS
    patience_seconds: float = PATIENCE_SECONDS
    enough: int = ENOUGH
    _stop: threading.Event = field(default_factory=threading.Event)
    _whole: set[UUID] = field(default_factory=set)
    _later: dict[UUID, datetime] = field(default_factory=dict)

    def stop(self) -> None:
        """Take no more. What is gathered and not yet kept is gathered anew by the next."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped, unless it is switched off. A lost database is waited for."""
        settings = self.app.settings
        if not settings.backtest_days:
            return
        if settings.pool_size < LEAST_POOL:
            log.warning("no columns are kept ahead of backtests: HEADGATE_POOL_SIZE is too small", least=LEAST_POOL)
            return
        rounds(self.step, self._stop, self.pause_seconds, log)

    def step(self) -> int:
        """One round for each tenant that has something to keep; how many decisions were added."""
        with self.app.database.scan(lookups=True) as conn:
            tenants = [row[0] for row in conn.execute(TENANTS)]
        return sum(self._serve(tenant) for tenant in tenants if not self._stop.is_set())

    def _serve(self, tenant: UUID) -> int:
        now = self.app.clock.now()
        if now < self._later.get(tenant, now):
            return 0
        try:
            return self._prepare(tenant, now)
        except (psycopg.OperationalError, Busy):
            raise
        except Exception as error:
            self._later[tenant] = now + AGAIN
            log.exception("columns could not be kept", tenant=str(tenant), error=str(error))
            return 0

    def _prepare(self, tenant: UUID, now: datetime) -> int:
        app = self.app
        ahead = ahead_of(now, app.settings.backtest_days, enough=self.enough, at_once=AT_ONCE)
        # A process that begins looks for gaps; afterwards there are none but those that late decisions make.
        with app.database.transaction(tenant, read_only=True, lookups=True) as conn:
            if not has_grown(conn, ahead, anew=tenant not in self._whole):
                return 0
        done = app.backtests.prepare(app.database, Context(tenant, SYSTEM, now), ahead, self._goes_on)
        if done is None:
            return 0
        if done.whole:
            self._whole.add(tenant)
        if done.read and not done.added:
            self._later[tenant] = now + AGAIN
        if done.added:
            log.info("columns kept ahead of backtests", tenant=str(tenant), decisions=done.added)
        return done.added

    def _goes_on(self, done: Prepared) -> bool:
        """Wait for quiet lanes before the next slice, though not for ever; no more after a round."""
        if done.added >= ROUND:
            return False
        deadline = time.monotonic() + self.patience_seconds
        while not self._stop.is_set():
            if time.monotonic() >= deadline or not self._urgent():
                return True
            self._stop.wait(LOOK_SECONDS)
        return False

    def _urgent(self) -> bool:
        with self.app.database.scan(lookups=True) as conn:
            ((found,),) = conn.execute(URGENT, {"now": self.app.clock.now()}).fetchall()
        return bool(found)
