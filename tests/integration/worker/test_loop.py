"""The worker's loop: tenants in turn, clocks in their time, and no tenant that keeps the others waiting."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import Busy
from headgate.process import Progress
from headgate.store import Database
from headgate.worker import Worker
from tests.conftest import create_tenant
from tests.scenarios.channel import Channel, open_channel


@dataclass
class Calls:
    """A runner that only notes what it is asked for, and breaks where told."""

    breaking: dict[UUID, Exception] = field(default_factory=dict)
    made: list[tuple[str, UUID]] = field(default_factory=list)
    owner: str = "calls"

    def run_tenant(self, tenant: UUID, *, wanted: int) -> Progress:
        return self.note("events", tenant)

    def fire_timers(self, tenant: UUID) -> Progress:
        return self.note("timers", tenant)

    def note(self, what: str, tenant: UUID) -> Progress:
        self.made.append((what, tenant))
        if tenant in self.breaking:
            raise self.breaking[tenant]
        return Progress(events=1)

    def asked(self, what: str) -> set[UUID]:
        return {tenant for made, tenant in self.made if made == what}


@pytest.fixture
def channels(fresh_database: Database, clock: FixedClock, tmp_path: Path) -> list[Channel]:
    """Three tenants, each with an order to govern."""
    found = []
    for number in range(3):
        channel = open_channel(fresh_database, create_tenant(fresh_database), clock, tmp_path / str(number))
        channel.order("O-1", ("S-1", "10", "8.80"))
        found.append(channel)
    return found


@pytest.mark.slow
def test_every_tenant_is_served_and_its_clocks_come_in_their_time(channels: list[Channel], clock: FixedClock) -> None:
    worker, calls = Worker(channels[0].app), Calls()
    tenants = {c.tenant for c in channels}
    assert worker.step(calls).events == 3  # type: ignore[arg-type]
    assert (calls.asked("events"), calls.asked("timers")) == (tenants, set())
    for channel in channels:
        channel.govern()
    calls.made.clear()
    clock.move(timedelta(hours=7))
    worker.step(calls)  # type: ignore[arg-type]
    assert (calls.asked("events"), calls.asked("timers")) == (set(), tenants)
    calls.made.clear()
    clock.move(timedelta(seconds=1))
    worker.step(calls)  # type: ignore[arg-type]
    assert calls.made == []


@pytest.mark.parametrize("error", [ZeroDivisionError("a mistake"), Busy("too much at once")])
def test_a_tenant_that_breaks_is_told_of_and_the_others_are_served(channels: list[Channel], error: Exception) -> None:
    calls = Calls(breaking={channels[0].tenant: error})
    with capture_logs() as logs:
        done = Worker(channels[0].app).step(calls)  # type: ignore[arg-type]
    assert done.events == 2
    assert calls.asked("events") == {c.tenant for c in channels}
    assert {entry["tenant"] for entry in logs} == {str(channels[0].tenant)}


def test_a_worker_governs_what_comes_and_stops_when_told(channels: list[Channel], clock: FixedClock) -> None:
    worker = Worker(channels[0].app, idle_seconds=0.01)
    thread = threading.Thread(target=worker.run)
    with capture_logs():
        thread.start()
        for channel in channels:
            while not _done(channel):
                threading.Event().wait(0.01)
        worker.stop()
        thread.join(timeout=120)
    assert not thread.is_alive()
    assert {channel.status("O-1") for channel in channels} == {"held"}


def test_a_lost_database_is_waited_for(channels: list[Channel], monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(channels[0].app, idle_seconds=0.01)
    step, lost = Worker.step, [3]

    def losing(self: Worker, runner: Any) -> Progress:
        if lost[0]:
            lost[0] -= 1
            raise psycopg.OperationalError("server closed the connection")
        return step(self, runner)

    monkeypatch.setattr(Worker, "step", losing)
    thread = threading.Thread(target=worker.run)
    with capture_logs() as logs:
        thread.start()
        while not _done(channels[0]):
            threading.Event().wait(0.01)
        worker.stop()
        thread.join(timeout=120)
    assert [e["log_level"] for e in logs].count("warning") == 3


def _done(channel: Channel) -> bool:
    with channel.app.database.transaction(channel.tenant) as conn:
        return conn.execute("select 1 from inbox limit 1").fetchone() is None
