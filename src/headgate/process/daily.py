"""How many events a tenant sent today, and whether it may send more: the quota `events_per_day`.

Each process counts in memory and adds to a row of its own every few seconds, in a transaction that stores events
anyway. So no row is fought over, and most groups of events pay nothing. A process that is killed forgets what it
counted since, a few seconds' worth; a quota can be overrun by as much. Days are UTC.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.kernel import telemetry
from headgate.kernel.errors import Busy
from headgate.kernel.phrases import phrase

LOOK_SECONDS: Final = 5.0
MOST_TENANTS: Final = 10_000

# Adds what this process counted, and tells what all of them did and what the tenant may.
COUNT: Final = """
with mine as (
    insert into event_counts (day, counter, events) values (%(day)s, %(counter)s, %(events)s)
    on conflict (tenant_id, day, counter) do update set events = event_counts.events + excluded.events
    returning events)
select (select events from mine) + coalesce(
        (select sum(c.events)::bigint from event_counts c where c.day = %(day)s and c.counter <> %(counter)s), 0),
    (select (t.quotas ->> 'events_per_day')::bigint from tenants t)
"""


@dataclass(slots=True)
class _Today:
    looked: float = float("-inf")
    pending: int = 0
    full_until: float = float("-inf")
    full_on: date = date.min
    limit: int = 0


@dataclass(slots=True)
class Counting:
    """One transaction that stores events: how many of them are `new`, and how many from before it `added`."""

    daily: DailyUse
    tenant: UUID
    now: datetime
    new: int = 0
    added: int = 0

    def look(self, conn: Connection[Any]) -> None:
        """Every few seconds, write what was counted and see what is left.

        Raises `Busy` when the tenant has sent today what it may.
        """
        at, daily = monotonic(), self.daily
        with daily._lock:
            today = daily._of(self.tenant)
            if at - today.looked < LOOK_SECONDS:
                return
            today.looked, self.added, today.pending = at, today.pending, 0
        values = {"day": _day(self.now), "counter": daily.counter, "events": self.added}
        used, limit = conn.execute(COUNT, values).fetchone() or (0, None)
        if limit is not None and used >= limit:
            with daily._lock:
                today.full_until, today.full_on = at + LOOK_SECONDS, _day(self.now)
                today.limit, today.looked = limit, float("-inf")
            telemetry.http_refused.inc(reason="daily_quota")
            raise _full(limit, self.now)


@dataclass(slots=True, eq=False)
class DailyUse:
    """One of each process. Threads may share it."""

    counter: str = field(default_factory=lambda: secrets.token_hex(6))
    _kept: OrderedDict[UUID, _Today] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect_room(self, tenant: UUID, now: datetime) -> None:
        """Raises `Busy` for a tenant that was found a moment ago to have sent what it may today. Asks nobody."""
        found = self._kept.get(tenant)
        if found is not None and monotonic() < found.full_until and found.full_on == _day(now):
            raise _full(found.limit, now)

    @contextmanager
    def counting(self, tenant: UUID, now: datetime) -> Iterator[Counting]:
        """Around a transaction that stores events: what it says is `new` counts, unless it breaks."""
        told = Counting(self, tenant, now)
        try:
            yield told
        except BaseException:
            self._add(tenant, told.added)  # what it was to write is still to be written
            raise
        self._add(tenant, told.new)

    def _add(self, tenant: UUID, events: int) -> None:
        with self._lock:
            self._of(tenant).pending += events

    def _of(self, tenant: UUID) -> _Today:
        found = self._kept.get(tenant)
        if found is None:
            found = self._kept[tenant] = _Today()
            if len(self._kept) > MOST_TENANTS:
                self._kept.popitem(last=False)
        return found


def forget_counts(conn: Connection[Any], before: datetime, limit: int = 1000) -> int:
    """Drop up to `limit` counts of days before an instant; returns how many."""
    query = """
        delete from event_counts where (day, counter) in (
            select day, counter from event_counts where day < %(day)s order by day, counter limit %(limit)s)
    """
    return conn.execute(query, {"day": _day(before), "limit": limit}).rowcount


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _full(limit: int, now: datetime) -> Busy:
    midnight = datetime.combine(_day(now) + timedelta(days=1), datetime.min.time(), UTC)
    wait = max(1, -int((now - midnight) // timedelta(seconds=1)))
    return Busy(
        phrase(
            "this tenant may send %(limit)s events a day and has sent them; send them again "
            "after midnight UTC, or ask for a larger quota",
            limit=f"{limit:,}",
        ),
        retry_after=wait,
    )
