"""One batch of one tenant's lanes in one transaction: claim, fence, fetch, apply, acknowledge, commit.

Masters travel in a lane of their own (`CONTROL_LANE`) and are barriers: an event behind a master in the log is applied
after it, and a master is applied when everything before it has been. A batch that fails is cut in halves until the event
that fails stands alone; it is tried again later, holding back only its own key, and parked after some tries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import Clock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import HeadgateError
from headgate.ledger import (
    CONTROL_LANE,
    AuditDraft,
    Failure,
    Lease,
    LeaseLost,
    NewEvent,
    NotQueued,
    StoredEvent,
    ack_inbox,
    append_audit,
    append_events,
    claim_lanes,
    fence,
    fetch_inbox,
    release,
    retry_inbox,
)
from headgate.process import repo
from headgate.process.engine import BatchResult, Engine
from headgate.store import Database

PENDING_BEFORE: Final = """
select min(seq) filter (where lane = %(control)s), min(seq) filter (where lane <> %(control)s and lane <> all(%(mine)s)) from inbox
"""
STILL_QUEUED: Final = "select 1 from inbox where seq = %s"
LANE_OF_EVENT: Final = "select lane from events where seq = %s"
# Serialisation failures and deadlocks: nothing is wrong with the events, the batch is simply run again.
_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)
Probe = Callable[[str], None]


def _quiet(_: str) -> None:
    return


@dataclass(slots=True)
class Progress:
    """What a run did."""

    events: int = 0
    refused: int = 0
    failed: int = 0
    emitted: int = 0

    def add(self, result: BatchResult) -> None:
        """Count a batch in."""
        self.events += result.applied + len(result.refusals)
        self.refused += len(result.refusals)
        self.emitted += result.emitted


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

    def run_tenant(self, tenant: UUID, *, wanted: int = 1000, among: Sequence[int] | None = None) -> Progress:
        """Claim up to `wanted` lanes of a tenant, apply one batch, and give them back. Zero events when none were free."""
        progress = Progress()
        with self.database.transaction(tenant) as conn:
            leases = claim_lanes(conn, self.owner, self.lease_seconds, self.clock.now(), wanted, among=among)
        if not leases:
            return progress
        try:
            self._batch(tenant, leases, self.batch, progress)
        except LeaseLost:
            return progress
        finally:
            with self.database.transaction(tenant) as conn:
                release(conn, leases)
        return progress

    def drain(
        self, tenant: UUID, limit: int | None = None, on_batch: Callable[[Progress], None] | None = None
    ) -> Progress:
        """Apply batches until nothing is left that can be applied now (or `limit` events are)."""
        total = Progress()
        while limit is None or total.events < limit:
            done = self.run_tenant(tenant)
            total.events += done.events
            total.refused += done.refused
            total.failed += done.failed
            total.emitted += done.emitted
            if on_batch:
                on_batch(done)
            if not done.events and not done.failed:
                break
        return total

    def settle(self, tenant: UUID, seq: int, tries: int = 20) -> bool:
        """Apply what is needed so that an event is no longer waiting. False when it still is (another worker has it)."""
        for _ in range(tries):
            with self.database.transaction(tenant, read_only=True) as conn:
                if conn.execute(STILL_QUEUED, (seq,)).fetchone() is None:
                    return True
            if not self.run_tenant(tenant).events:
                return False
        return False

    def _batch(self, tenant: UUID, leases: Sequence[Lease], limit: int, progress: Progress) -> None:
        """Apply up to `limit` events; when that fails, the first half alone, down to one event, which is put off."""
        for _ in range(3):
            try:
                with self.database.transaction(tenant) as conn:
                    events = self._take(conn, leases, limit)
                    if not events:
                        return
                    self._apply(conn, tenant, events, progress)
                    self.probe("before_commit")
                self.probe("after_commit")
                return
            except _AGAIN:
                continue
            except (LeaseLost, NotQueued):
                raise LeaseLost("another worker took over") from None
            except psycopg.OperationalError:
                raise
            except Exception as error:
                if limit > 1:
                    self._batch(tenant, leases, max(1, min(limit, len(events)) // 2), progress)
                else:
                    self._put_off(tenant, leases, error, progress)
                return

    def _take(self, conn: Connection[Any], leases: Sequence[Lease], limit: int) -> list[StoredEvent]:
        fence(conn, leases)
        mine = [lease.lane for lease in leases]
        events = fetch_inbox(conn, mine, limit, self.clock.now())
        if not events:
            return []
        control, others = conn.execute(PENDING_BEFORE, {"control": CONTROL_LANE, "mine": mine}).fetchone() or (
            None,
            None,
        )
        return list(_up_to_barrier(events, mine, control, others))

    def _apply(self, conn: Connection[Any], tenant: UUID, events: Sequence[StoredEvent], progress: Progress) -> None:
        ctx = Context(tenant_id=tenant, principal=SYSTEM, now=self.clock.now())
        done = BatchResult()
        for segment in _segments(events):
            result = self.engine.apply(conn, ctx, segment)
            done.applied += result.applied
            done.refusals.extend(result.refusals)
            done.emitted += result.emitted
            self.probe("segment_applied")
        ack_inbox(conn, events)
        progress.add(done)

    def _put_off(self, tenant: UUID, leases: Sequence[Lease], error: Exception, progress: Progress) -> None:
        with self.database.transaction(tenant) as conn:
            events = self._take(conn, leases, 1)
            if not events:
                return
            text = error.message if isinstance(error, HeadgateError) else f"{type(error).__name__}: {error}"
            parked = retry_inbox(conn, self.clock.now(), [Failure(events[0], text.splitlines()[0][:500])])
            append_audit(conn, self.clock.now(), [_parked(e, text) for e in parked])
            progress.failed += 1

    def fire_timers(self, tenant: UUID, limit: int = 500) -> int:
        """Turn due timers into events of the log, each exactly once."""
        now = self.clock.now()
        with self.database.transaction(tenant) as conn:
            due = repo.take_due_timers(conn, now, limit)
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
        return len(due)


def _parked(event: StoredEvent, error: str) -> AuditDraft:
    return AuditDraft(
        action="event.parked",
        subject_type="event",
        subject=event.subject,
        actor="system",
        body={"event": {"type": event.type, "id": event.event_id, "digest": event.digest}, "error": error[:500]},
        event_seq=event.seq,
    )


def _up_to_barrier(
    events: Sequence[StoredEvent], mine: Sequence[int], control: int | None, others: int | None
) -> Sequence[StoredEvent]:
    """Cut a fetch where a master stands that this worker may not pass, or that may not be applied yet."""
    for place, event in enumerate(events):
        behind_foreign_master = CONTROL_LANE not in mine and control is not None and event.seq > control
        master_too_early = event.lane == CONTROL_LANE and others is not None and others < event.seq
        if behind_foreign_master or master_too_early:
            return events[:place]
    return events


def _segments(events: Sequence[StoredEvent]) -> list[list[StoredEvent]]:
    """Runs of masters and runs of others, in log order."""
    runs: list[list[StoredEvent]] = []
    for event in events:
        if runs and (runs[-1][-1].lane == CONTROL_LANE) == (event.lane == CONTROL_LANE):
            runs[-1].append(event)
        else:
            runs.append([event])
    return runs
