"""A worker sleeps until it is told of events, and still finds what nobody tells it of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from structlog.testing import capture_logs

from headgate.kernel.clock import FixedClock, SystemClock
from headgate.kernel.settings import Settings
from headgate.store import Database
from headgate.worker import Worker
from headgate.worker.bell import Bell
from tests.conftest import create_tenant
from tests.scenarios.channel import Channel, open_channel

NEVER = 3600.0  # seconds, longer than any test: who waits so long is only woken


@pytest.fixture
def channel(fresh_database: Database, clock: FixedClock, tmp_path: Path) -> Channel:
    return open_channel(fresh_database, create_tenant(fresh_database), clock, tmp_path)


@contextmanager
def working(worker: Worker) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=worker.run)
    with capture_logs():
        thread.start()
        try:
            yield thread
        finally:  # also when the test has failed, or its worker would keep the whole run from ending
            worker.stop()
            thread.join(timeout=60)
        assert not thread.is_alive()


def governed(channel: Channel, order: str) -> bool:
    with channel.app.database.transaction(channel.tenant) as conn:
        return conn.execute("select from orders where order_no = %s", [order]).fetchone() is not None


def until_governed(channel: Channel, order: str) -> None:
    while not governed(channel, order):
        threading.Event().wait(0.01)


def test_a_sleeping_worker_is_woken_by_an_event_that_another_process_commits(channel: Channel) -> None:
    worker = Worker(channel.app, idle_seconds=NEVER)
    with working(worker):
        for number in range(3):
            channel.order(f"O-{number}", ("S-1", str(number + 1), "10.00"))
            until_governed(channel, f"O-{number}")


def test_a_sleeping_worker_stops_when_it_is_told(channel: Channel) -> None:
    worker = Worker(channel.app, idle_seconds=NEVER)
    with working(worker):
        worker.wake()


def test_a_stop_that_comes_as_a_round_begins_is_not_slept_through(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, quiet = Worker(channel.app, idle_seconds=NEVER), Bell.quiet

    def stop_first(bell: Bell) -> None:
        worker.stop()
        quiet(bell)

    monkeypatch.setattr(Bell, "quiet", stop_first)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()


def listeners(settings: Settings) -> set[int]:
    with psycopg.connect(make_conninfo(settings.database_url, user="postgres")) as conn:
        found = conn.execute(
            "select pid from pg_stat_activity where query like 'listen%%' and datname = current_database()"
        )
        return {pid for (pid,) in found}


def test_a_worker_that_lost_its_ear_listens_again(channel: Channel, fresh_settings: Settings) -> None:
    worker = Worker(channel.app, idle_seconds=NEVER)
    with working(worker):
        while not (first := listeners(fresh_settings)):
            threading.Event().wait(0.01)
        with psycopg.connect(make_conninfo(fresh_settings.database_url, user="postgres")) as conn:
            conn.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) pid", [list(first)])
        while not listeners(fresh_settings) - first:
            threading.Event().wait(0.01)
        channel.order("O-1", ("S-1", "1", "10.00"))
        until_governed(channel, "O-1")


def test_without_an_ear_a_worker_looks_for_itself(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(self: Database, channel: str) -> psycopg.Connection:
        raise psycopg.OperationalError("a pooler that cannot listen")

    monkeypatch.setattr(Database, "listen", deaf)
    with working(Worker(channel.app, idle_seconds=0.05)):
        channel.order("O-1", ("S-1", "1", "10.00"))
        until_governed(channel, "O-1")


def test_what_rings_while_a_worker_is_busy_is_not_missed(fresh_database: Database) -> None:
    bell = Bell(fresh_database)
    bell.quiet()
    assert bell.listens
    with fresh_database.transaction(create_tenant(fresh_database)) as conn:
        conn.execute("select pg_notify('headgate_inbox', '')")
    bell.wait(NEVER)
    bell.quiet()
    bell.ring()
    bell.wait(NEVER)
    bell.close()
    bell.ring()


class Wrong(SystemClock):
    """A machine's clock that is wrong by some time."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self):
        return super().now() + self.by


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_worker_whose_clock_is_not_the_databases_says_so_and_applies_nothing(channel: Channel, by: timedelta) -> None:
    channel.order("O-1", ("S-1", "1", "10.00"))
    clock = Wrong(by)
    worker = Worker(replace(channel.app, clock=clock))
    runner = worker.app.runner()
    with capture_logs() as logs:
        assert worker.step(runner).events == 0
    (told,) = logs
    assert told["log_level"] == "error"
    # Between the two looks at a clock a busy machine may let seconds pass.
    assert told["ahead_seconds"] == pytest.approx(by.total_seconds(), abs=60)
    clock.by = timedelta(0)
    assert worker.step(runner).events == 1


BACKLOG = """
with made as (
    insert into events (source, event_id, type, subject, key, lane, time, received_at, data, digest, actor)
    select 'noise', n::text, 'policy.activated', 'n', 'noise:' || n, n %% 16, now(), now(), '{}', '\\x00', 'noise'
    from generate_series(1, %s) n
    returning seq, lane
)
insert into inbox (lane, seq) select lane, seq from made
"""


def noisy(database: Database, events: int) -> UUID:
    """A tenant with a long backlog."""
    tenant = create_tenant(database)
    with database.transaction(tenant) as conn:
        conn.execute(BACKLOG, [events])
    return tenant


def batches_until(worker: Worker, batches: list[str], channel: Channel, order: str) -> int:
    """Batches of anybody that a worker makes before an order is decided."""
    runner = worker.app.runner(probe=lambda place: batches.append(place) if place == "after_commit" else None)
    channel.order(order, ("S-1", "1", "10.00"))
    batches.clear()
    while not governed(channel, order):
        assert worker.step(runner).events
    return len(batches)


@pytest.mark.parametrize("events", [20_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_tenant_with_a_long_backlog_keeps_no_other_waiting(channel: Channel, events: int) -> None:
    loud = noisy(channel.app.database, events)
    worker, batches = Worker(channel.app), list[str]()
    first = batches_until(worker, batches, channel, "O-1")
    later = batches_until(worker, batches, channel, "O-2")
    assert max(first, later) <= 3
    with channel.app.database.transaction(loud) as conn:
        ((left,),) = conn.execute("select count(*) from inbox").fetchall()
    assert events - 6 * 256 <= left < events


def test_ten_tenants_with_backlogs_take_turns(channel: Channel) -> None:
    crowd = [noisy(channel.app.database, 2_000) for _ in range(10)]
    worker, batches = Worker(channel.app), list[str]()
    assert batches_until(worker, batches, channel, "O-1") <= len(crowd) + 1
    left = []
    for tenant in crowd:
        with channel.app.database.transaction(tenant) as conn:
            left += conn.execute("select count(*) from inbox").fetchall()
    assert max(left)[0] - min(left)[0] <= 256
