"""The loop that carries out deletions of tenants whose waiting period is over, where this process may."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

import psycopg

from headgate.access.tenancy import certify, due_deletions, sweep
from headgate.kernel.errors import HeadgateError
from headgate.kernel.logger import Log
from headgate.store.opening import owner_connection, owns
from headgate.wiring import App, load_tables

SWEEP_SECONDS: Final = 900.0
log = Log("headgate.sweeping")


@dataclass(slots=True)
class SweepLoop:
    """Runs until `stop` is called. Where only the application's role is at hand it says what is due and deletes
    nothing: `headgate tenant sweep` does, with the owner's address."""

    app: App
    pause_seconds: float = SWEEP_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Begin no other round. A deletion at hand is finished."""
        self._stop.set()

    def run(self) -> None:
        """Look now and then until stopped. A lost database is waited for."""
        while not self._stop.is_set():
            try:
                self.step()
            except (psycopg.Error, HeadgateError) as error:
                log.warning("deletions that are due are tried again later", error=str(error).splitlines()[0])
            self._stop.wait(self.pause_seconds)

    def step(self) -> int:
        """Delete what is due; how many tenants."""
        app, now = self.app, self.app.clock.now()
        due = due_deletions(app.database, now)
        if not due:
            return 0
        if not owns(app.settings):
            certify(app.database, now)
            log.warning("deletions are due; run headgate tenant sweep as the owner", tenants=[slug for _, slug in due])
            return 0
        done = sweep(app.database, lambda: owner_connection(app.settings), load_tables, now)
        for each in done:
            log.info("a tenant was deleted", tenant=str(each.id), slug=each.slug, rows=each.rows)
        return len(done)
