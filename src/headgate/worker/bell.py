"""What wakes a worker that has nothing to do: the database's notice that events came, or a word from this process."""

from __future__ import annotations

import contextlib
import socket

import psycopg

from headgate.kernel.logger import Log
from headgate.store import Database
from headgate.store.waiting import wait_for_any

CHANNEL = "headgate_inbox"

log = Log("headgate.worker")


class Bell:
    """Listens on a connection of its own while it has one. Without one, `wait` simply waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heard: psycopg.Connection | None = None
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)

    @property
    def listens(self) -> bool:
        """Whether the database's notices arrive."""
        return self._heard is not None

    def ring(self) -> None:
        """End the wait at hand, or the next one. From any thread, and from a signal handler."""
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody waits any more
            self._theirs.send(b"!")

    def quiet(self) -> None:
        """Take notice of what rang until now, so that the next wait is for what comes after this."""
        with contextlib.suppress(OSError):
            while self._ours.recv(4096):
                pass
        if self._heard is not None and not self._hears(self._heard):
            self._hang_up()
        if self._heard is None:
            self._listen()

    def wait(self, seconds: float) -> None:
        """Return when it rings or after so many seconds."""
        sources: list[int] = [self._ours.fileno()]
        if self._heard is not None:
            sources.append(self._heard.fileno())
        wait_for_any(sources, seconds)

    def close(self) -> None:
        """Let go of the connection. Ringing does nothing from now on."""
        self._hang_up()
        self._ours.close()
        self._theirs.close()

    def _hears(self, conn: psycopg.Connection) -> bool:
        try:
            conn.pgconn.consume_input()
            while conn.pgconn.notifies():
                pass
        except psycopg.OperationalError:
            return False
        return not conn.broken

    def _listen(self) -> None:
        try:
            self._heard = self._database.listen(CHANNEL)
        except psycopg.OperationalError as error:
            log.warning("not told of events, looking for them instead", error=str(error).splitlines()[0])

    def _hang_up(self) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            heard.close()
