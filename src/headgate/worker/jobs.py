"""The loop that does the tenants' periodic jobs, beside the lanes.

Signing the entries of a busy quarter of an hour takes longer than any order should wait.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.process import LaneRunner
from headgate.wiring import App

JOB_SECONDS: Final = 60.0  # between two rounds
TENANTS: Final[LiteralString] = "select tenant_id from headgate_served_tenants()"
log = Log("headgate.jobs")


@dataclass(slots=True)
class JobLoop:
    """Runs until `stop` is called. Several of them, in one process or many, take turns by tenant and job."""

    app: App
    pause_seconds: float = JOB_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Begin no other tenant's jobs. One that is cut off has written nothing and is done by the next round."""
        self._stop.set()

    def run(self) -> None:
        """One round after the other until stopped. A lost database is waited for; the lanes bring it back."""
        runner = self.app.runner()
        while not self._stop.is_set():
            try:
                self.step(runner)
            except (psycopg.OperationalError, Busy) as error:
                log.warning("the database cannot be used, trying again", error=str(error).splitlines()[0])
            self._stop.wait(self.pause_seconds)

    def step(self, runner: LaneRunner) -> int:
        """The jobs of each tenant once; how many were served. What breaks for one keeps no other waiting."""
        served = 0
        for tenant in self._tenants():
            if self._stop.is_set():
                break
            try:
                runner.run_jobs(tenant)
                served += 1
            except psycopg.OperationalError:
                raise
            except Busy as error:
                log.warning("busy, trying again", tenant=str(tenant), error=error.message)
            except Exception as error:
                log.exception("a tenant's jobs could not be done", tenant=str(tenant), error=str(error))
        return served

    def _tenants(self) -> Sequence[UUID]:
        with self.app.database.scan(lookups=True) as conn:
            return [row[0] for row in conn.execute(TENANTS).fetchall()]
