"""What loops beside the lanes have in common: they work while there is work, and wait for a database that is lost."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final, LiteralString
from uuid import UUID

import psycopg

from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.wiring import App

MOST_TENANTS: Final = 100


def owner_name() -> str:
    """A name for one loop of this process, under which it holds leases."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def rounds(step: Callable[[], int], stop: threading.Event, pause_seconds: float, log: Log) -> None:
    """Take steps until told to stop, with a pause after each that found nothing to do. A lost database is waited
    for."""
    while not stop.is_set():
        try:
            done = step()
        except (psycopg.OperationalError, Busy) as error:
            log.warning("the database cannot be used, trying again", error=str(error).splitlines()[0])
            done = 0
        if not done:
            stop.wait(pause_seconds)


@dataclass(slots=True)
class TenantLoop(ABC):
    """Serves each tenant that has anything due, one after the other, until `stop` is called.

    Several of them, in one process or many, share the work by leases. What breaks for one tenant is told in the log and
    holds up no other.
    """

    due: ClassVar[LiteralString]  # the tenants with anything due: of the time and of how many at most
    log: ClassVar[Log]

    app: App
    idle_seconds: float = 2.0
    owner: str = field(default_factory=owner_name)
    _stop: threading.Event = field(default_factory=threading.Event)

    @abstractmethod
    def serve(self, ctx: Context) -> int:
        """What is due of one tenant; how much was done."""

    def stop(self) -> None:
        """Take no more. What is at hand is left at its next piece; another loop takes it up."""
        self._stop.set()

    def goes_on(self) -> bool:
        """Whether it was not told to stop."""
        return not self._stop.is_set()

    def run(self) -> None:
        """Work until stopped. A lost database is waited for."""
        rounds(self.step, self._stop, self.idle_seconds, self.log)

    def step(self) -> int:
        """What is due of each tenant that has anything due; how much was done."""
        with self.app.database.scan() as conn:
            due = [row[0] for row in conn.execute(self.due, (self.app.clock.now(), MOST_TENANTS))]
        return sum(self.serve_one(tenant) for tenant in due if self.goes_on())

    def serve_one(self, tenant: UUID) -> int:
        """What is due of one tenant. What breaks counts as done: it was tried, and there may be more to do."""
        try:
            return self.serve(Context(tenant, SYSTEM, self.app.clock.now()))
        except (psycopg.OperationalError, Busy):
            raise
        except Exception as error:
            self.log.exception("a piece of work broke", tenant=str(tenant), error=str(error))
            return 1
