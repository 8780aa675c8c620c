"""The delivery loop: keeps a bounded number of messages under way, so that no receiver delays another's.

One thread claims and writes down; the hands only speak to the outside. A receiver that does not answer holds at most
its own share of the hands, all such receivers together at most half of them, and its breaker opens after a few tries.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import psycopg

from headgate.connectors.delivery import Courier, Done, Errand
from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log

IDLE_SECONDS: Final = 0.5
# Slower than this, or no answer at all: a receiver counts as slow until it answers in time again.
SLOW_SECONDS: Final = 2.0
log = Log("headgate.delivery")

Place = tuple[UUID, str]


@dataclass(slots=True)
class Deliveries:
    """Runs until `stop` is called. Several of them, in one process or many, share the work through the database."""

    courier: Courier
    hands: int = 32
    idle_seconds: float = IDLE_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)
    _results: queue.SimpleQueue[Done | None] = field(default_factory=queue.SimpleQueue)
    _unwritten: list[Done] = field(default_factory=list)
    _under_way: Counter[Place] = field(default_factory=Counter)
    _slow: set[Place] = field(default_factory=set)

    def stop(self) -> None:
        """Claim no more, let what is under way come in, write it down, and return from `run`."""
        self._stop.set()
        self._results.put(None)

    def run(self) -> None:
        """Deliver until stopped. A lost database is waited for; what was sent meanwhile is written down then."""
        with ThreadPoolExecutor(self.hands, thread_name_prefix="headgate-delivery") as pool:
            while not self._stop.is_set():
                self.step(pool)
            while self._under_way.total():
                self._collect(self.idle_seconds)
            try:
                self._write()
            except (psycopg.OperationalError, Busy) as error:
                # What was sent and not written down is sent again under the same id when its lease is over.
                log.warning("the last results could not be written down", error=str(error).splitlines()[0])

    def step(self, pool: ThreadPoolExecutor) -> int:
        """Write down what came in, claim as much as there are hands for; how many were claimed."""
        claimed = 0
        try:
            self._write()
            if not self._unwritten:
                claimed = self._claim(pool)
        except (psycopg.OperationalError, Busy) as error:
            log.warning("the database cannot be used, trying again", error=str(error).splitlines()[0])
            self._stop.wait(self.idle_seconds)
        if not claimed:
            self._collect(self.idle_seconds)
        return claimed

    def _claim(self, pool: ThreadPoolExecutor) -> int:
        claimed = 0
        if self.hands <= self._under_way.total():
            return claimed
        for place in self.courier.due():
            slots = self._slots(place)
            if self._stop.is_set() or self.hands <= self._under_way.total():
                break
            if slots <= 0:
                continue
            errands = self._errands(place, slots)
            for errand in errands:
                self._under_way[place] += 1
                pool.submit(self._deliver, errand)
            claimed += len(errands)
        return claimed

    def _errands(self, place: Place, slots: int) -> list[Errand]:
        try:
            return self.courier.claim(*place, slots)
        except (psycopg.OperationalError, Busy):
            raise
        except Exception as error:
            # What breaks for one target is tried again next round and keeps no other waiting.
            log.exception("a target could not be served", tenant=str(place[0]), target=place[1], error=str(error))
            return []

    def _slots(self, place: Place) -> int:
        """How many more messages for this target may be under way here."""
        free = self.hands - self._under_way.total()
        own = max(1, self.hands // 4) - self._under_way[place]
        if place not in self._slow:
            return min(free, own)
        slow = sum(count for other, count in self._under_way.items() if other in self._slow)
        return min(free, own, max(1, self.hands // 2) - slow)

    def _deliver(self, errand: Errand) -> None:
        self._results.put(self.courier.send(errand))

    def _collect(self, seconds: float) -> None:
        """Take in what has come back, waiting up to `seconds` for the first."""
        try:
            self._take(self._results.get(timeout=seconds))
            while True:
                self._take(self._results.get_nowait())
        except queue.Empty:
            return

    def _take(self, done: Done | None) -> None:
        if done is None:
            return
        place = (done.errand.tenant_id, done.errand.target.code)
        self._under_way[place] -= 1
        if self._under_way[place] <= 0:
            del self._under_way[place]
        if done.answer.status is None or done.answer.seconds > SLOW_SECONDS:
            self._slow.add(place)
        else:
            self._slow.discard(place)
        self._unwritten.append(done)

    def _write(self) -> None:
        """Write results down, tenant by tenant; what could not be written is kept for the next time."""
        self._collect(0)
        for tenant in dict.fromkeys(done.errand.tenant_id for done in self._unwritten):
            mine = [d for d in self._unwritten if d.errand.tenant_id == tenant]
            try:
                self.courier.record(tenant, mine)
            except (psycopg.OperationalError, Busy):
                raise
            except Exception as error:
                # Their leases end and they are sent again, under the same ids.
                log.exception("results could not be written down", tenant=str(tenant), error=str(error))
            self._unwritten = [d for d in self._unwritten if d.errand.tenant_id != tenant]
