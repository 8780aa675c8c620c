"""Word that something of a tenant changed, told to every process through the database's notifications.

A notice says whose it is and which kinds of things changed, never what: whoever hears it asks again, with rights of
their own. Partners stand in it as marks, from which no code can be read.

NOTIFY takes a lock that all of the database's sessions share, from the moment a transaction begins to commit until it
has; batches that notified would wait for each other's disk. So a batch only notes that it happened, and one notice per
tenant and fifth of a second goes out behind its back, in a transaction of its own that waits for no disk.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg_pool import PoolClosed

from headgate.kernel.errors import HeadgateError
from headgate.kernel.logger import Log
from headgate.store.database import Database

CHANNEL: Final = "headgate_news"
# Somebody's session ended: streams that belong to it are to end as well.
SESSIONS: Final = "sessions"
GATHER_SECONDS: Final = 0.2
# PostgreSQL takes notices of up to 8000 bytes; a mark takes 19 of them.
MOST_PARTNERS: Final = 300
_NOTIFY: Final = "select pg_notify(%s, %s)"
log = Log("headgate.news")


@dataclass(frozen=True, slots=True)
class Notice:
    """What was heard: the tenant, the kinds of things that changed, and the marks of partners whose things did."""

    tenant: UUID
    kinds: frozenset[str]
    partners: frozenset[str] = frozenset()


def mark_of(tenant: UUID, partner: str) -> str:
    """What stands for a partner in a notice."""
    return blake2b(f"{tenant} {partner}".encode(), digest_size=8).hexdigest()


def tell_within(conn: Connection[Any], tenant: UUID, kinds: Collection[str], partners: Collection[str] = ()) -> None:
    """Tell with the commit of this transaction. For what a person does; batches use `News`."""
    for payload in _payloads(tenant, kinds, partners):
        conn.execute(_NOTIFY, (CHANNEL, payload))


def notice_of(payload: str) -> Notice | None:
    """A notice as it arrived; None for what nobody here has sent."""
    try:
        found = json.loads(payload)
        return Notice(UUID(found["tenant"]), frozenset(found["kinds"]), frozenset(found["partners"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


@dataclass(slots=True)
class _Told:
    kinds: set[str] = field(default_factory=set)
    partners: set[str] = field(default_factory=set)


class News:
    """Gathers what changed and tells it a moment later. Silent until `open`; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: dict[UUID, _Told] = {}
        self._timer: threading.Timer | None = None
        self._is_open = False

    def open(self) -> None:
        """Tell from now on. For processes that live, and commands that act."""
        self._is_open = True

    def tell(self, tenant: UUID, kinds: Collection[str], partners: Collection[str] = ()) -> None:
        """Note that something changed. Costs no question to the database."""
        if not self._is_open or not kinds:
            return
        with self._lock:
            told = self._waiting.setdefault(tenant, _Told())
            told.kinds.update(kinds)
            told.partners.update(partners)
            if self._timer is None:
                self._timer = threading.Timer(GATHER_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Tell what is noted, now. A database that does not answer loses it: pages are then as old as they were."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        payloads = [payload for tenant, told in waiting.items() for payload in _payloads(tenant, *_both(told))]
        if not payloads:
            return
        try:
            self._database.notify(CHANNEL, payloads)
        except (psycopg.Error, PoolClosed, HeadgateError) as error:
            log.warning("what changed could not be told", error=str(error).split("\n", 1)[0])

    def close(self) -> None:
        """Tell what is left, then nothing any more."""
        if self._is_open:
            self._is_open = False
            self.flush()


def _both(told: _Told) -> tuple[set[str], set[str]]:
    return told.kinds, told.partners


def _payloads(tenant: UUID, kinds: Collection[str], partners: Collection[str]) -> Iterator[str]:
    marks = sorted(mark_of(tenant, partner) for partner in partners if partner)
    for start in range(0, len(marks) or 1, MOST_PARTNERS):
        found = {"tenant": str(tenant), "kinds": sorted(kinds), "partners": marks[start : start + MOST_PARTNERS]}
        yield json.dumps(found, separators=(",", ":"))
