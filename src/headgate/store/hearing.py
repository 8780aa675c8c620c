"""Hears the notices of `news` on one connection per process and passes each to whom it concerns."""

from __future__ import annotations

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg

from headgate.kernel.clock import Clock
from headgate.kernel.logger import Log
from headgate.store.database import Database
from headgate.store.news import CHANNEL, SESSIONS, Notice, mark_of, notice_of
from headgate.store.waiting import wait_for_any

# To whom the connection was lost: anything may have changed meanwhile.
ANYTHING: Final = frozenset({"anything"})
MOST_PLACES: Final = 10_000
_AGAIN_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_LOOK_SECONDS: Final = 30.0
log = Log("headgate.news")
Wake = Callable[[frozenset[str]], None]
Place = tuple[UUID, str]


@dataclass(eq=False, slots=True)
class Listener:
    """Who wants to be told. `wake` is called from another thread, with the kinds that changed."""

    place: Place
    person: str
    wake: Wake
    end: Callable[[], None]


class Hearing:
    """Begins to listen with the first listener. Safe to share between threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._listeners: dict[UUID, list[Listener]] = {}
        self._last: OrderedDict[Place, datetime] = OrderedDict()
        self._since: datetime | None = None  # from when on nothing was missed
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._bell: socket.socket | None = None  # ends the wait for notices

    def join(self, listener: Listener, most: int, most_of_tenant: int, most_of_person: int) -> bool:
        """Let somebody listen, unless too many do already: everybody, those of the tenant, or streams of the person."""
        tenant = listener.place[0]
        with self._lock:
            mine = self._listeners.get(tenant, [])
            everybody = sum(map(len, self._listeners.values()))
            own = sum(1 for each in mine if each.person == listener.person)
            if self._stopping.is_set() or everybody >= most or len(mine) >= most_of_tenant or own >= most_of_person:
                return False
            self._listeners.setdefault(tenant, []).append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="headgate-news", daemon=True)
                self._thread.start()
        return True

    def leave(self, listener: Listener) -> None:
        """Forget somebody; once is enough."""
        with self._lock:
            mine = self._listeners.get(listener.place[0], [])
            if listener in mine:
                mine.remove(listener)
            if not mine:
                self._listeners.pop(listener.place[0], None)

    def missed(self, place: Place, since: datetime) -> bool:
        """Whether something may have changed there since then that a new listener was not told of."""
        with self._lock:
            last = self._last.get(place)
            return self._since is None or since < self._since or (last is not None and since <= last)

    @property
    def listening(self) -> bool:
        """Whether notices arrive."""
        return self._since is not None

    def count(self) -> int:
        """How many listen."""
        with self._lock:
            return sum(map(len, self._listeners.values()))

    def close(self) -> None:
        """End every listener and the connection. Nobody can join any more."""
        self._stopping.set()
        with self._lock:
            if self._bell is not None:
                self._bell.send(b"!")
            everybody = [each for mine in self._listeners.values() for each in mine]
        for each in everybody:
            each.end()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)

    def _run(self) -> None:
        ours, theirs = socket.socketpair()
        with self._lock:
            self._bell = theirs
        try:
            self._follow(ours)
        finally:
            with self._lock:
                if self._bell is theirs:  # the next listener may have begun anew already, with a bell of its own
                    self._bell = None
            ours.close()
            theirs.close()

    def _follow(self, bell: socket.socket) -> None:
        failed = 0
        while not self._stopping.is_set():
            try:
                with self._database.listen(CHANNEL) as conn:
                    self._begin()
                    failed = 0
                    if self._hear(conn, bell):
                        return
            except psycopg.OperationalError as error:
                self._since = None
                log.warning("news are not heard; trying again", error=str(error).split("\n", 1)[0])
            self._stopping.wait(_AGAIN_SECONDS[min(failed, len(_AGAIN_SECONDS) - 1)])
            failed += 1

    def _begin(self) -> None:
        with self._lock:
            self._since = self._clock.now()
            self._last.clear()
            everybody = [each for mine in self._listeners.values() for each in mine]
        for each in everybody:
            each.wake(ANYTHING)

    def _hear(self, conn: psycopg.Connection, bell: socket.socket) -> bool:
        """Until told to stop, or (True) until nobody has listened for a while: the next listener begins anew."""
        while not self._stopping.is_set():
            ready = wait_for_any([conn.fileno(), bell.fileno()], _LOOK_SECONDS)
            with self._lock:
                if not ready and not self._listeners:
                    self._thread = self._since = None
                    return True
            conn.pgconn.consume_input()
            while arrived := conn.pgconn.notifies():
                notice = notice_of(arrived.extra.decode("utf-8", "replace"))
                if notice is not None:
                    self._pass_on(notice)
        return False

    def _pass_on(self, notice: Notice) -> None:
        """Staff hear of all that is their tenant's, a partner's people of what is their own."""
        now, tenant = self._clock.now(), notice.tenant
        kinds = notice.kinds - {SESSIONS}
        places = {(tenant, ""), *((tenant, mark) for mark in notice.partners)} if kinds else set()
        with self._lock:
            for place in places:
                self._last[place] = now
                self._last.move_to_end(place)
            while len(self._last) > MOST_PLACES:
                _, gone = self._last.popitem(last=False)
                # Of a place that is forgotten it is not known any more whether something was missed there.
                self._since = gone if self._since is None else max(self._since, gone)
            mine = list(self._listeners.get(tenant, ()))
        for each in mine:
            if each.place in places:
                each.wake(kinds)
            if SESSIONS in notice.kinds:
                each.wake(frozenset({SESSIONS}))


def place_of(tenant: UUID, partner: str | None) -> Place:
    """Where somebody listens: at their tenant, or at their partner alone."""
    return tenant, mark_of(tenant, partner) if partner else ""
