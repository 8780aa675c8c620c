"""The loop of periodic jobs: each tenant's in turn, one that breaks told of, and lanes that wait for none of them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import Busy
from headgate.store import Database
from headgate.worker import JobLoop, Worker
from tests.conftest import create_tenant
from tests.scenarios.channel import Channel, open_channel

PATIENCE = 120


@dataclass
class Jobs:
    """A runner that only notes whose jobs it is asked for, and breaks where told."""

    breaking: dict[UUID, Exception] = field(default_factory=dict)
    made: list[UUID] = field(default_factory=list)

    def run_jobs(self, tenant: UUID) -> int:
        self.made.append(tenant)
        if tenant in self.breaking:
            raise self.breaking[tenant]
        return 0


@pytest.fixture
def channels(fresh_database: Database, clock: FixedClock, tmp_path: Path) -> list[Channel]:
    return [
        open_channel(fresh_database, create_tenant(fresh_database), clock, tmp_path / str(number))
        for number in range(3)
    ]


def test_the_jobs_of_each_tenant_are_done_once_in_a_round(channels: list[Channel]) -> None:
    jobs = Jobs()
    assert JobLoop(channels[0].app).step(jobs) == 3  # type: ignore[arg-type]
    assert sorted(jobs.made) == sorted(c.tenant for c in channels)


@pytest.mark.parametrize("error", [ZeroDivisionError("a mistake"), Busy("too much at once")])
def test_a_tenant_whose_jobs_break_is_told_of_and_the_others_are_served(
    channels: list[Channel], error: Exception
) -> None:
    jobs = Jobs(breaking={channels[0].tenant: error})
    with capture_logs() as logs:
        assert JobLoop(channels[0].app).step(jobs) == 2  # type: ignore[arg-type]
    assert sorted(jobs.made) == sorted(c.tenant for c in channels)
    assert {entry["tenant"] for entry in logs} == {str(channels[0].tenant)}


def test_a_lost_database_is_waited_for_and_a_stop_ends_the_wait(
    channels: list[Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, lost, served = JobLoop.step, [2], threading.Event()

    def losing(self: JobLoop, runner: Any) -> int:
        if lost[0]:
            lost[0] -= 1
            raise psycopg.OperationalError("server closed the connection")
        done = step(self, runner)
        served.set()
        return done

    monkeypatch.setattr(JobLoop, "step", losing)
    loop = JobLoop(channels[0].app, pause_seconds=0.01)
    thread = threading.Thread(target=loop.run)
    with capture_logs() as logs:
        thread.start()
        assert served.wait(PATIENCE)
        loop.pause_seconds = 3600
        loop.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert [e["log_level"] for e in logs].count("warning") == 2


def test_orders_do_not_wait_for_a_job_that_takes_long(channels: list[Channel]) -> None:
    channel = channels[0]
    began, end = threading.Event(), threading.Event()

    def long(conn: Any, ctx: Any) -> tuple[()]:
        began.set()
        assert end.wait(PATIENCE)
        return ()

    channel.app.engine.registry.jobs["probe.long"] = long
    loop, worker = JobLoop(channel.app), Worker(channel.app, idle_seconds=0.01)
    threads = [threading.Thread(target=loop.run), threading.Thread(target=worker.run)]
    with capture_logs():
        for thread in threads:
            thread.start()
        try:
            assert began.wait(PATIENCE)
            channel.order("O-1", ("S-1", "10", "8.80"))
            deadline = time.monotonic() + PATIENCE
            while not _decided(channel) and time.monotonic() < deadline:
                threading.Event().wait(0.01)
            assert channel.status("O-1") == "held"
            assert not end.is_set()
        finally:
            loop.stop()
            worker.stop()
            end.set()
            for thread in threads:
                thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def _decided(channel: Channel) -> bool:
    with channel.app.database.transaction(channel.tenant) as conn:
        return conn.execute("select 1 from orders").fetchone() is not None
