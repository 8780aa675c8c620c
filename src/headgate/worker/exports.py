"""The loop that writes the exports that tenants ask for, one at a time, and removes those whose time is over."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from headgate.access.tenancy import LeftOff, forget_exports, work_export
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.wiring import App
from headgate.worker.rounds import owner_name, rounds

IDLE_SECONDS: Final = 2.0
MOST_TENANTS: Final = 100
DUE: Final[LiteralString] = "select tenant_id from headgate_due_exports(%s, %s)"
log = Log("headgate.exports")


@dataclass(slots=True)
class ExportLoop:
    """Runs until `stop` is called. Several of them, in one process or many, share the exports by leases."""

    app: App
    idle_seconds: float = IDLE_SECONDS
    owner: str = field(default_factory=owner_name)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Take no more. An export at hand is left at its next piece; another loop begins it anew."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped. A lost database is waited for."""
        rounds(self.step, self._stop, self.idle_seconds, log)

    def step(self) -> int:
        """What is due of each tenant that has anything due; how many exports were written or removed."""
        with self.app.database.scan() as conn:
            due = [row[0] for row in conn.execute(DUE, (self.app.clock.now(), MOST_TENANTS))]
        return sum(self._serve(tenant) for tenant in due if not self._stop.is_set())

    def _serve(self, tenant: UUID) -> int:
        app = self.app
        ctx = Context(tenant, SYSTEM, app.clock.now())
        try:
            with app.database.transaction(tenant) as conn:
                removed = forget_exports(conn, ctx)
            made = work_export(app.exporter, ctx, self.owner, lambda: not self._stop.is_set())
        except (psycopg.OperationalError, Busy):
            raise
        except LeftOff:
            return 0
        except Exception as error:
            log.exception("an export broke", tenant=str(tenant), error=str(error))
            return 1
        return removed + (made is not None)
