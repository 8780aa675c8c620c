"""The loop that provisions people to outside systems: the runs that were asked for, one at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from headgate.connectors.provisioning.working import work_run
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.wiring import App
from headgate.worker.rounds import owner_name, rounds

IDLE_SECONDS: Final = 2.0
MOST_TENANTS: Final = 100
DUE: Final[LiteralString] = "select tenant_id from headgate_due_provisioning(%s, %s)"
log = Log("headgate.provisioning")


@dataclass(slots=True)
class ProvisioningLoop:
    """Runs until `stop` is called. Several of them, in one process or many, share the runs by leases."""

    app: App
    idle_seconds: float = IDLE_SECONDS
    owner: str = field(default_factory=owner_name)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Take no more. A run at hand is left after its step; another loop goes on with it."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped. A lost database is waited for."""
        rounds(self.step, self._stop, self.idle_seconds, log)

    def step(self) -> int:
        """One run of each tenant that has any due; how many were worked on."""
        with self.app.database.scan() as conn:
            due = [row[0] for row in conn.execute(DUE, (self.app.clock.now(), MOST_TENANTS))]
        return sum(self._serve(tenant) for tenant in due if not self._stop.is_set())

    def _serve(self, tenant: UUID) -> int:
        app = self.app
        ctx = Context(tenant, SYSTEM, app.clock.now())
        try:
            done = work_run(app.provisioner, ctx, self.owner, self._sleep, lambda: not self._stop.is_set())
        except (psycopg.OperationalError, Busy):
            raise
        except Exception as error:
            log.exception("a run of provisioning broke", tenant=str(tenant), error=type(error).__name__)
            return 1
        return int(done is not None)

    def _sleep(self, seconds: float) -> bool:
        return not self._stop.wait(seconds)
