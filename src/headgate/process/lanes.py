"""One batch of one tenant's lanes in one transaction: claim, fence, fetch, apply, acknowledge, commit.

Masters travel in a lane of their own (`CONTROL_LANE`) and are barriers: an event behind a master in the log is applied
after it, and a master is applied when everything before it has been.

A worker that dies in the middle of a batch has changed nothing; its lanes are taken over when its lease is over. Whose
worker died of an event itself, time after time, is found out by going through the lane one event at a time, with each
try noted before it is made.

An event whose advance breaks is put aside on its own: it is tried again later, holds back only its own key, and is
parked after some tries. A batch that breaks as a whole is cut in halves until the event that breaks it stands alone.
Two things are not the events' fault and count as no try: an installation that lacks something (`Misconfigured`, or a
database whose schema is behind), for which they wait, and contention, after which the batch is run again. While an
ordinary event waits for another try, masters pass it; while a master waits for one, nothing passes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.kernel import telemetry
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import Clock, SystemClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Busy, Misconfigured
from headgate.kernel.logger import Log
from headgate.ledger import (
    CONTROL_LANE,
    Failure,
    Lease,
    LeaseLost,
    NewEvent,
    NotQueued,
    StoredEvent,
    append_audit,
    append_events,
    ask_ack,
    ask_fence,
    ask_inbox,
    claim_lanes,
    end_long_pauses,
    fence,
    park,
    release,
    renew,
)
from headgate.ledger.inbox import MAX_ATTEMPTS
from headgate.process import repo
from headgate.process.barriers import DUE_ELSEWHERE, MASTER_AHEAD, segments, up_to_barrier
from headgate.process.engine import BatchResult, Engine, Failed
from headgate.process.failing import is_systemic, line_of, parked, put_off
from headgate.process.heartbeat import beating
from headgate.process.progress import Progress, uncollected
from headgate.process.settling import settled
from headgate.process.watching import count, traced
from headgate.store import Database, Later

# Until the end of the transaction; false when another runner is at the same job of the same tenant.
JOB_TURN: Final = "select pg_try_advisory_xact_lock(hashtext(%s), hashtext(%s))"
# Noted before the try itself, for a worker that dies of it notes nothing.
NOTE_TRY: Final = """
update inbox set attempts = attempts + 1, error = %(error)s where lane = %(lane)s and seq = %(seq)s returning attempts
"""
TIME: Final = "select statement_timestamp()"
TRIES: Final = 5
LAPSES: Final = 2  # so often in a row a lane may be taken over from dead workers before its events are suspected
DIED: Final = "the worker died while applying this event"
# Serialisation failures and deadlocks: nothing is wrong with the events, the batch is simply run again.
_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)
# The worker stood still for longer than a lease, and the database has let go of its lanes.
_TOO_SLOW = (psycopg.errors.IdleInTransactionSessionTimeout, psycopg.errors.TransactionTimeout)
log = Log("headgate.lanes")
Probe = Callable[[str], None]
# Told, after a batch, of the tenant whose things changed, their kinds, and whose they are.
Tell = Callable[[UUID, Collection[str], Collection[str]], None]


def _quiet(_: str) -> None:
    return


def _untold(_tenant: UUID, _kinds: Collection[str], _partners: Collection[str]) -> None:
    return


@dataclass(frozen=True, slots=True)
class LaneRunner:
    """Applies waiting events. Any number of runners on any number of machines may run at once."""

    database: Database
    engine: Engine
    clock: Clock
    owner: str
    lease_seconds: int = 15
    batch: int = 256
    probe: Probe = field(default=_quiet)
    tell: Tell = field(default=_untold)
    # Tenants a batch of which this runner has committed since it began, or since it lost the database.
    _proven: set[UUID] = field(default_factory=set, init=False, repr=False, compare=False)

    def run_tenant(self, tenant: UUID, *, wanted: int = 1000, among: Sequence[int] | None = None) -> Progress:
        """Claim up to `wanted` lanes of a tenant, apply one batch, give them back. No events when none were free.

        Raises `Busy` when the database cannot run the batch for contention.
        """
        progress = Progress()
        # The batch's own commit writes the lease out as well. Only where the batch may be what kills the database and
        # the worker together does the disk have to know who was at it, or that would never be found out.
        with self.database.transaction(tenant, durable=tenant not in self._proven, lookups=True) as conn:
            leases = claim_lanes(conn, self.owner, self.lease_seconds, self._given(), wanted, among=among)
        if not leases:
            return progress
        crashpoint("lanes.claimed")
        given_back = False
        try:
            with uncollected(), beating(self._renew, tenant, leases, self.lease_seconds):
                suspects = [lease for lease in leases if lease.lapses >= LAPSES]
                if suspects:
                    self._carefully(tenant, suspects, progress)
                else:
                    given_back = self._batch(tenant, leases, self.batch, progress, give_back=leases)
        except LeaseLost:
            pass  # release leaves to others what is theirs by now
        except psycopg.OperationalError:
            self._proven.discard(tenant)
            if not self._overtaken(tenant, leases):
                raise  # nothing can be given back to a database that is gone; the next claim takes what is still ours
        except BaseException:
            self._release(tenant, leases)
            raise
        if not given_back:
            self._release(tenant, leases)
        return progress

    def _release(self, tenant: UUID, leases: Sequence[Lease]) -> None:
        with self.database.transaction(tenant, durable=False, lookups=True) as conn:
            release(conn, leases)

    def _overtaken(self, tenant: UUID, leases: Sequence[Lease]) -> bool:
        """Whether the database is there and the lanes are somebody else's: it has ended the session of a worker that
        stood still, which within a pipeline looks like a lost connection."""
        try:
            with self.database.transaction(tenant) as conn:
                fence(conn, leases)
        except LeaseLost:
            telemetry.leases_lost.inc()
            return True
        except (psycopg.OperationalError, Busy, Misconfigured):
            pass
        return False

    def _given(self) -> datetime | None:
        """The time that leases and pauses go by: the database's (None), which workers share. Beside a clock that is set
        by hand, in tests and played histories, there is no other time."""
        return None if isinstance(self.clock, SystemClock) else self.clock.now()

    def _renew(self, tenant: UUID, leases: Sequence[Lease]) -> Sequence[Lease]:
        with self.database.transaction(tenant) as conn:
            return renew(conn, leases, self.lease_seconds, self._given())

    def drain(
        self, tenant: UUID, limit: int | None = None, on_batch: Callable[[Progress], None] | None = None
    ) -> Progress:
        """Apply batches until nothing is left that can be applied now (or `limit` events are). What waits for another
        try, and what other runners hold at the moment, cannot."""
        total = Progress()
        while limit is None or total.events < limit:
            done = self.run_tenant(tenant)
            total.count(done)
            if on_batch:
                on_batch(done)
            if not done.events and not done.failed:
                break
        return total

    def settle(self, tenant: UUID, seq: int) -> bool:
        """Apply what is needed so that an event is no longer waiting. False when it still is after a moment: another
        runner has it, or it waits for another try."""
        return bool(self.settle_all(tenant, [seq]))

    def settle_all(self, tenant: UUID, seqs: Collection[int]) -> frozenset[int]:
        """The same for several events, with one patience for all of them; those that are not waiting any more."""
        crashpoint("approval.settling")
        return settled(self.database, self.run_tenant, tenant, seqs)

    def _carefully(self, tenant: UUID, leases: Sequence[Lease], progress: Progress) -> None:
        """Apply up to a batch one event at a time, noting each try beforehand; park what was tried often enough."""
        log.warning("workers died at these lanes", tenant=str(tenant), lanes=[lease.lane for lease in leases])
        for _ in range(self.batch):
            if not self._note_try(tenant, leases, progress):
                return
            self._batch(tenant, leases, 1, progress)

    def _note_try(self, tenant: UUID, leases: Sequence[Lease], progress: Progress) -> bool:
        """Note that the next event is going to be tried; whether there is one."""
        with self.database.transaction(tenant) as conn:
            while events := self._take(conn, leases, 1, progress):
                (event,) = events
                place = {"lane": event.lane, "seq": event.seq, "error": DIED}
                (tries,) = conn.execute(NOTE_TRY, place).fetchone() or (0,)
                if tries <= MAX_ATTEMPTS:
                    return True
                park(conn, self.clock.now(), [Failure(event, DIED)])
                telemetry.parked.inc()
                append_audit(conn, self.clock.now(), [parked(event, DIED)])
                log.error("an event is parked", error=DIED, tenant=str(tenant), seq=event.seq, type=event.type)
                progress.failed += 1
        return False

    def _batch(
        self,
        tenant: UUID,
        leases: Sequence[Lease],
        limit: int,
        progress: Progress,
        *,
        give_back: Sequence[Lease] = (),
    ) -> bool:
        """Apply up to `limit` events; when that breaks, the first half alone, down to one event, which is put off.

        Whether events were applied; the leases to `give_back` were then given back in the same commit.
        """
        contended = 0
        while True:
            events: Sequence[StoredEvent] = ()
            try:
                # Statements are sent and not waited for: the database writes what is decided while the rest is being
                # decided, and several questions cost one wait.
                with (
                    self.database.transaction(tenant, idle_seconds=self.lease_seconds, lookups=True) as conn,
                    conn.pipeline(),
                ):
                    events = self._take(conn, leases, limit, progress)
                    if not events:
                        return False
                    crashpoint("advance.fetched")
                    began = time.perf_counter()
                    with traced(tenant, events) as followed:
                        done, acknowledged = self._apply(conn, tenant, followed)
                    release(conn, give_back)
                    acknowledged()
                    self.probe("before_commit")
                    crashpoint("advance.before_commit")
                progress.add(done)
                self.tell(tenant, done.kinds, done.partners)
                count(done, time.perf_counter() - began)
                break
            except _AGAIN as error:
                contended += 1
                telemetry.lane_retries.inc(cause="contention")
                if contended == TRIES:
                    raise Busy(f"the database is contended: {line_of(error)}") from error
                limit = max(1, limit // 2)
            except (LeaseLost, NotQueued, *_TOO_SLOW):
                telemetry.leases_lost.inc()
                raise LeaseLost("another worker took over") from None
            except psycopg.OperationalError:
                raise
            except Exception as error:
                if not events:  # the inbox itself cannot be read; there is no event to put off
                    raise
                if len(events) == 1 or is_systemic(error):
                    with self.database.transaction(tenant) as conn:
                        at = fence(conn, leases)
                        put_off(
                            conn,
                            self.clock.now(),
                            self._given() or at,
                            tenant,
                            [Failed(event, error) for event in events],
                        )
                    progress.failed += len(events)
                    return False
                limit = len(events) // 2
        self._proven.add(tenant)
        self.probe("after_commit")
        crashpoint("advance.after_commit")
        return True

    def _take(
        self, conn: Connection[Any], leases: Sequence[Lease], limit: int, progress: Progress
    ) -> Sequence[StoredEvent]:
        given, mine = self._given(), [lease.lane for lease in leases]
        fenced = ask_fence(conn, leases)
        fetched = ask_inbox(conn, mine, limit, given)
        about: dict[str, Any] = {"control": CONTROL_LANE, "fetched": [], "now": given}
        # Without that lane there are no masters among what is fetched, and the question can go with it.
        asked = None if CONTROL_LANE in mine else conn.execute(MASTER_AHEAD, about)
        at, events = fenced(), fetched()
        if not events:
            return events
        masters = [e.seq for e in events if e.lane == CONTROL_LANE]
        ahead = (asked or conn.execute(MASTER_AHEAD, about | {"fetched": masters})).fetchone()
        about = {"mine": mine, "now": given or at}
        elsewhere = conn.execute(DUE_ELSEWHERE, about).fetchone() if masters else None
        free = up_to_barrier(events, ahead[0] if ahead else None, elsewhere[0] if elsewhere else None)
        # Behind a master that waits for another try there is no point in asking again at once.
        progress.blocked = not free and (ahead is None or bool(ahead[1]))
        return free

    def _apply(
        self, conn: Connection[Any], tenant: UUID, events: Sequence[StoredEvent]
    ) -> tuple[BatchResult, Later[None]]:
        """What became of the events, and whether they were still in the inbox, to be asked before the commit."""
        ctx = Context(tenant_id=tenant, principal=SYSTEM, now=self.clock.now())
        done = BatchResult()
        stuck: dict[str, int] = {}
        for segment in segments(events):
            result = self.engine.apply(conn, ctx, [e for e in segment if e.key not in stuck])
            done.add(result)
            stuck |= {failed.event.key: failed.event.seq for failed in result.failures}
            self.probe("segment_applied")
        crashpoint("advance.applied")
        acknowledged = ask_ack(conn, [e for e in events if e.key not in stuck or e.seq < stuck[e.key]])
        if done.failures:
            put_off(conn, self.clock.now(), self._time(conn), tenant, done.failures)
        return done, acknowledged

    def _time(self, conn: Connection[Any]) -> datetime:
        given = self._given()
        if given is None:
            (given,) = conn.execute(TIME).fetchone() or (self.clock.now(),)
        return given

    def fire_timers(self, tenant: UUID, limit: int = 500) -> int:
        """Turn due timers into events of the log, each exactly once."""
        now = self.clock.now()
        with self.database.transaction(tenant, lookups=True) as conn:
            due = repo.take_due_timers(conn, now, limit)
            telemetry.timers_fired.inc(len(due))
            events = [
                NewEvent(
                    source="headgate/timers",
                    event_id=str(t["timer"]),
                    type="timer.fired",
                    subject=t["key"].partition(":")[2],
                    key=t["key"],
                    time=now,
                    data={
                        "timer": str(t["timer"]),
                        "case": str(t["case_id"]),
                        "process": t["process"],
                        "name": t["name"],
                        "fire_at": instant_text(t["fire_at"]),
                    },
                    actor="system",
                )
                for t in due
            ]
            append_events(conn, now, events, lanes=self.engine.lanes)
            crashpoint("timers.taken")
        if due:
            crashpoint("timers.committed")
        return len(due)

    def run_jobs(self, tenant: UUID) -> int:
        """Do the periodic jobs of a tenant; how many events they put into the log.

        Each has a transaction of its own; one that breaks is logged and done again the next time. A job that another
        runner is at is left to it.
        """
        emitted = 0
        with self.database.transaction(tenant) as conn:
            end_long_pauses(conn, self._time(conn))
        for name, job in self.engine.registry.jobs.items():
            now = self.clock.now()
            try:
                with self.database.transaction(tenant) as conn:
                    if conn.execute(JOB_TURN, (f"headgate job {name}", str(tenant))).fetchone() == (True,):
                        events = job(conn, Context(tenant_id=tenant, principal=SYSTEM, now=now))
                        append_events(conn, now, events, lanes=self.engine.lanes)
                        emitted += len(events)
                        crashpoint("jobs.done")
                        telemetry.jobs_run.inc(job=name, outcome="done")
            except psycopg.OperationalError:
                raise
            except Exception as error:
                telemetry.jobs_run.inc(job=name, outcome="broke")
                log.exception(
                    "a job broke and is done again the next time", job=name, tenant=str(tenant), error=str(error)
                )
        return emitted
