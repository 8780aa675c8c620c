"""Leases go by the database's time, are kept by a heartbeat, and end for workers that hang or die, also of an event."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from headgate.kernel.clock import SystemClock
from headgate.ledger import (
    Lease,
    NewEvent,
    append_events,
    ask_fence,
    audit_list,
    claim_lanes,
    lane_list,
    quarantine_list,
    release,
)
from headgate.process import LaneRunner, lanes, settling
from headgate.process.heartbeat import MOST_BEATS, beating
from headgate.process.lanes import DIED
from tests.integration.process.test_failures import break_check_of
from tests.integration.process.test_shared_backlog import Start, backlog, check_books, go, rows, said
from tests.integration.process.test_shared_backlog import start as start
from tests.scenarios.channel import Channel, partner

LEASES = [Lease(0, "me", 1, datetime(2026, 3, 2, tzinfo=UTC))]


class Wrong(SystemClock):
    """A machine's clock that is wrong by some time."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        return super().now() + self.by


class Beats:
    """Notes each renewal; the lanes it says are kept, and the errors it raises, are given."""

    def __init__(self, *answers: Sequence[Lease] | Exception) -> None:
        self.answers = list(answers)
        self.count = 0
        self.enough = threading.Event()

    def __call__(self, tenant: UUID, leases: Sequence[Lease]) -> Sequence[Lease]:
        answer = self.answers[min(self.count, len(self.answers) - 1)]
        self.count += 1
        if self.count >= len(self.answers):
            self.enough.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


def ended() -> None:
    """Wait until no heart beats any more."""
    for thread in threading.enumerate():
        if thread.name == "headgate-lease":
            thread.join(30)
            assert not thread.is_alive()


def test_leases_are_renewed_while_their_batch_runs_and_not_afterwards():
    beats = Beats(LEASES, LEASES, LEASES)
    with beating(beats, uuid4(), LEASES, 0.01):
        assert beats.enough.wait(30)
    ended()
    count = beats.count
    assert count >= 3


def test_a_renewal_that_fails_is_told_of_and_tried_again():
    beats = Beats(psycopg.OperationalError("gone"), LEASES, LEASES)
    with capture_logs() as logs, beating(beats, uuid4(), LEASES, 0.01):
        assert beats.enough.wait(30)
    assert logs[0]["event"] == "a lease could not be renewed"


def test_a_batch_that_never_ends_does_not_keep_its_lanes_for_ever():
    beats = Beats(*[LEASES] * MOST_BEATS)
    with capture_logs(), beating(beats, uuid4(), LEASES, 0.01):
        assert beats.enough.wait(30)
        ended()
    assert beats.count == MOST_BEATS


def real(channel: Channel, by: timedelta = timedelta(0), **changes: object) -> LaneRunner:
    """A runner on a machine with a clock of its own."""
    return replace(channel.app.runner(), clock=Wrong(by), **changes)  # type: ignore[arg-type]


def database_time(channel: Channel) -> datetime:
    with channel.app.database.transaction(channel.tenant) as conn:
        ((now,),) = conn.execute("select clock_timestamp()").fetchall()
    assert isinstance(now, datetime)
    return now


def held(channel: Channel) -> list[datetime]:
    """Until when lanes are held."""
    with channel.app.database.transaction(channel.tenant) as conn:
        return [lane.until for lane in lane_list(conn) if lane.until is not None]


@pytest.mark.parametrize("by", [timedelta(days=1), timedelta(days=-1)])
def test_a_lease_lasts_as_long_as_it_should_whatever_the_workers_clock_says(channel: Channel, by: timedelta) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    seen: list[datetime] = []
    other = real(channel)

    def probe(place: str) -> None:
        if place == "segment_applied":
            seen.extend(held(channel))
            assert other.run_tenant(channel.tenant).events == 0

    before = database_time(channel)
    runner = real(channel, by, probe=probe)
    assert runner.run_tenant(channel.tenant).events == 1
    lease = timedelta(seconds=runner.lease_seconds)
    assert [before + lease <= until <= database_time(channel) + lease for until in seen] == [True]
    assert held(channel) == []


@pytest.mark.parametrize("by", [timedelta(days=1), timedelta(days=-1)])
def test_an_event_is_tried_again_in_time_whatever_the_clock_of_the_worker_says(channel: Channel, by: timedelta) -> None:
    broken = break_check_of(channel, "O-1")
    channel.order("O-1", ("S-1", "1", "10.00"))
    before = database_time(channel)
    with capture_logs():
        assert real(channel, by).run_tenant(channel.tenant).failed == 1
    ((until,),) = rows(channel, "select not_before from inbox")
    assert before <= until <= database_time(channel) + timedelta(seconds=2)
    broken.clear()


def test_a_pause_from_before_the_clock_was_set_back_is_ended(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    far = channel.clock.now() + timedelta(days=1)
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("update inbox set not_before = %s", [far])
    channel.runner.run_jobs(channel.tenant)
    channel.govern()
    assert channel.status("O-1") == "released"


def test_a_long_batch_keeps_its_lanes_by_its_heartbeat(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    seen: set[datetime] = set()

    def probe(place: str) -> None:
        # One beat comes after a third of the lease; the database would end the silent batch after the whole of it.
        while place == "segment_applied" and len(seen) < 2:
            seen.update(held(channel))
            threading.Event().wait(0.02)

    assert real(channel, lease_seconds=6, probe=probe).run_tenant(channel.tenant).events == 1
    assert max(seen) > min(seen)


def test_two_ingests_that_commit_in_inverse_order_are_both_applied(channel: Channel) -> None:
    first, second = partner("P-8", "A-1"), partner("P-9", "A-1")
    database = channel.app.database
    with database.transaction(channel.tenant) as early:
        early.execute("select nextval(pg_get_serial_sequence('events', 'seq'))")
        append_early = append_events(early, channel.clock.now(), [_recorded("early", first)], lanes=16)
        with database.transaction(channel.tenant) as late:
            append_late = append_events(late, channel.clock.now(), [_recorded("late", second)], lanes=16)
        assert append_early[0].seq < append_late[0].seq
        # The later number is durable and applied while the earlier one is not committed.
        assert channel.runner.drain(channel.tenant).events == 1
    assert channel.runner.drain(channel.tenant).events == 1
    assert rows(channel, "select count(*) from partners where partner in ('P-8', 'P-9')") == [(2,)]


def _recorded(event_id: str, item: dict[str, Any]) -> NewEvent:
    data = {"items": [item]}
    return NewEvent("erp", event_id, "partner.recorded", "P", "control:partner", None, data, "service:erp")


@pytest.mark.slow
def test_a_worker_that_hangs_loses_its_lanes_and_applies_nothing_when_it_wakes_up(
    channel: Channel, start: Start
) -> None:
    backlog(channel, orders=10, limit="1000")
    sleeper = start("sleeper", stop_at="segment_applied", wanted=100, lease=1)
    go(sleeper)
    assert said(sleeper) == "stopped"
    channel.clock.move(timedelta(seconds=2))
    # It sits in its transaction. The database ends that after a lease, and lets others at the lanes.
    while rows(channel, "select 1 from inbox limit 1"):
        channel.runner.run_tenant(channel.tenant)
        threading.Event().wait(0.02)
    go(sleeper)
    assert said(sleeper) == "0"
    assert sleeper.wait(timeout=60) == 0
    check_books(channel, orders=10, released=10)


@pytest.mark.slow
def test_an_event_that_kills_its_worker_is_found_and_parked_and_the_others_are_applied(
    channel: Channel, start: Start
) -> None:
    backlog(channel, orders=12, limit="1000")
    deaths = 0
    for number in range(20):
        worker = start(f"w-{number}", deadly="O-7", wanted=100, now=channel.clock.now().isoformat())
        go(worker)
        applied = said(worker)
        if worker.wait(timeout=60) == 0:
            break
        assert applied == ""
        deaths += 1
        channel.clock.move(timedelta(seconds=16))
    assert 2 < deaths < 10
    assert rows(channel, "select count(*) from inbox") == [(0,)]
    assert rows(channel, "select count(*) from orders where status = 'released'") == [(11,)]
    with channel.app.database.transaction(channel.tenant) as conn:
        (parked,) = quarantine_list(conn)
        (entry,) = audit_list(conn, action="event.parked")
    assert parked.reason == DIED
    assert (entry.event_seq, entry.subject) == (parked.event_seq, "O-7")
    assert channel.sums()["open_orders"] == 110


def waits_of_claims(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with what each claim and each batch does at its commit: wait for the disk (`on`) or not (`off`)."""
    seen: list[str] = []

    def noting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def act(conn: psycopg.Connection[Any], *args: Any, **more: Any) -> Any:
            ((setting,),) = conn.execute("show synchronous_commit").fetchall()
            seen.append(f"{name} {setting}")
            return original(conn, *args, **more)

        return act

    monkeypatch.setattr(lanes, "claim_lanes", noting("claim", claim_lanes))
    monkeypatch.setattr(lanes, "ask_fence", noting("batch", ask_fence))
    return seen


def test_only_the_claim_of_a_worker_that_has_not_proven_itself_waits_for_the_disk(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    lost: list[bool] = []

    def probe(place: str) -> None:
        if place == "before_commit" and lost:
            raise psycopg.OperationalError("gone")

    runner = channel.app.runner("", probe)
    seen = waits_of_claims(channel, monkeypatch)
    assert runner.run_tenant(channel.tenant).events == 1
    channel.order("O-2", ("S-1", "1", "10.00"), customer_reference="second")
    lost.append(True)
    with pytest.raises(psycopg.OperationalError):
        runner.run_tenant(channel.tenant)
    lost.clear()
    assert runner.run_tenant(channel.tenant).events == 1
    assert seen == ["claim on", "batch on", "claim off", "batch on", "claim on", "batch on"]


def test_the_batch_gives_its_lanes_back_in_its_own_commit(channel: Channel) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    seen: dict[str, int] = {}

    def probe(place: str) -> None:
        seen[place] = len(held(channel))

    assert channel.app.runner("", probe).run_tenant(channel.tenant).events == 1
    assert seen["before_commit"] > 0
    assert seen["after_commit"] == 0


def held_by_another(channel: Channel) -> tuple[list[int], Sequence[Lease]]:
    """Two orders that wait in lanes which another runner has."""
    with channel.app.database.transaction(channel.tenant) as conn:
        channel.order("O-1", ("S-1", "1", "10.00"))
        channel.order("O-2", ("S-1", "2", "10.00"))
    with channel.app.database.transaction(channel.tenant) as conn:
        seqs = [row[0] for row in conn.execute("select seq from inbox order by seq")]
        return seqs, claim_lanes(conn, "another", 15, channel.clock.now(), 1000)


def test_what_another_runner_has_is_waited_for(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    seqs, leases = held_by_another(channel)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            with channel.app.database.transaction(channel.tenant) as conn:
                release(conn, leases)

    monkeypatch.setattr("headgate.process.settling.time.sleep", pause)
    assert channel.runner.settle_all(channel.tenant, seqs) == frozenset(seqs)
    assert len(pauses) == 3
    assert (channel.status("O-1"), channel.status("O-2")) == ("released", "released")


def test_it_is_not_waited_for_without_end_and_once_for_all(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    seqs, leases = held_by_another(channel)
    pauses: list[float] = []
    monkeypatch.setattr("headgate.process.settling.time.sleep", pauses.append)
    assert channel.runner.settle_all(channel.tenant, seqs) == frozenset()
    assert pauses == list(settling.PAUSES)
    assert channel.runner.settle(channel.tenant, seqs[0]) is False
    with channel.app.database.transaction(channel.tenant) as conn:
        release(conn, leases)
    assert channel.runner.settle(channel.tenant, seqs[1]) is True
