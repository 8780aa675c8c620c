"""The operators' port: what it tells to whom, and what makes a process unready."""

from __future__ import annotations

import json
import shutil
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from starlette.testclient import TestClient

from headgate.entry.ops import STALLED_SECONDS, watched
from headgate.entry.web import create_web
from headgate.kernel import telemetry
from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings
from headgate.ledger import NewEvent, append_events
from headgate.ledger.backlog import installation_totals, tenant_backlog
from headgate.ledger.health import disk, readiness
from headgate.store import Database
from headgate.wiring import App, build
from tests.conftest import NOW, create_tenant

TOKEN = "the-operators-token"


@pytest.fixture
def app(fresh_settings: Settings, fresh_database: Database, clock: FixedClock) -> App:
    return build(replace(fresh_settings, metrics_port=24700), clock, database=fresh_database)


class Port:
    """The operators' port, asked over HTTP."""

    def __init__(self, number: int) -> None:
        self.number = number

    def get(self, path: str, token: str = "", method: str = "GET") -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx2.request(method, f"http://127.0.0.1:{self.number}{path}", headers=headers, timeout=60)
        return answer.status_code, answer.text

    def json(self, path: str, token: str = "") -> tuple[int, Any]:
        status, text = self.get(path, token)
        return status, json.loads(text)


@contextmanager
def port(app: App, **settings: Any) -> Iterator[Port]:
    with watched(replace(app, settings=replace(app.settings, **settings)), time.monotonic) as number:
        yield Port(number)


def wait(database: Database, tenant: UUID, received: timedelta, key: str = "k:1") -> None:
    with database.transaction(tenant) as conn:
        event = NewEvent("shop", uuid4().hex, "x.happened", "s", key, None, {}, "system")
        append_events(conn, NOW - received, [event], lanes=16)


def test_metrics_tell_the_backlog_in_sums_and_name_nobody(app: App) -> None:
    tenants = [create_tenant(app.database) for _ in range(3)]
    for tenant in tenants[:2]:
        wait(app.database, tenant, timedelta(seconds=90))
    with port(app) as ops:
        status, text = ops.get("/metrics")
    assert status == 200
    assert 'headgate_backlog_events{state="waiting"} 2.0' in text
    assert "headgate_backlog_oldest_seconds 90.0" in text
    assert "headgate_backlog_tenants 2.0" in text
    assert 'headgate_db_pool{state="idle"}' in text
    assert "_created" not in text
    assert not any(str(t) in text or t.hex in text for t in tenants)


def test_the_number_of_series_does_not_grow_with_tenants(app: App) -> None:
    def series() -> int:
        with port(app) as ops:
            return sum(1 for line in ops.get("/metrics")[1].splitlines() if line.startswith("headgate_"))

    wait(app.database, create_tenant(app.database), timedelta(0))
    before = series()
    for _ in range(20):
        wait(app.database, create_tenant(app.database), timedelta(0))
    assert series() == before > 50


def test_metrics_and_details_need_the_token_where_there_is_one(app: App) -> None:
    with port(app, metrics_token=TOKEN) as ops:
        assert ops.get("/metrics")[0] == 401
        assert ops.get("/metrics", "another")[0] == 401
        assert ops.get("/metrics", TOKEN)[0] == 200
        assert ops.get("/health/live")[0] == 200
        (_, plain), (_, whole) = ops.json("/health/ready"), ops.json("/health/ready", TOKEN)
    assert all("detail" not in check for check in plain["checks"])
    assert all(check["detail"] for check in whole["checks"])


def test_nothing_else_is_answered(app: App) -> None:
    with port(app) as ops:
        assert ops.get("/")[0] == 404
        assert ops.get("/v1/orders")[0] == 404
        assert ops.get("/metrics", method="POST")[0] == 501
        assert ops.get("/health/live", method="HEAD") == (200, "")


def test_processes_of_one_machine_take_the_next_free_port(app: App) -> None:
    with port(app) as first, port(app) as second:
        assert second.number > first.number  # the very next may belong to somebody else
        assert second.get("/health/live")[0] == 200


def test_an_address_that_cannot_be_taken_names_the_setting(app: App) -> None:
    with pytest.raises(Misconfigured, match="HEADGATE_METRICS_PORT"), port(app, metrics_host="203.0.113.1"):
        pass


def test_without_a_port_nothing_is_counted(app: App) -> None:
    with watched(replace(app, settings=replace(app.settings, metrics_port=0))) as number:
        assert number == 0
        assert telemetry.exposition() == b""


def test_a_worker_that_stands_still_is_not_alive(app: App) -> None:
    with watched(app, lambda: time.monotonic() - STALLED_SECONDS - 1) as number:
        status, text = Port(number).get("/health/live")
    assert status == 503
    assert json.loads(text)["status"] == "stalled"


def test_lag_is_told_and_makes_nothing_unready_unless_a_bound_is_set(app: App) -> None:
    wait(app.database, create_tenant(app.database), timedelta(minutes=10))
    now = app.clock.now()
    found = readiness(app.database, app.settings, now)
    assert found.ready
    (lag,) = [check for check in found.checks if check.name == "lag"]
    assert (lag.verdict, lag.detail) == ("warning", "1 events wait, the oldest for 600 s")
    bounded = readiness(app.database, replace(app.settings, ready_lag_seconds=300), now)
    assert not bounded.ready
    assert "HEADGATE_READY_LAG_SECONDS" in bounded.problems[0].detail


def test_a_database_behind_is_unready_and_one_ahead_is_not(app: App) -> None:
    with psycopg.connect(app.settings.database_url, autocommit=True) as conn:
        conn.execute("comment on table alembic_version is 'headgate 00 0001'")
        behind = readiness(app.database, app.settings, NOW)
        conn.execute("comment on table alembic_version is 'headgate 00 9999'")
        ahead = readiness(app.database, app.settings, NOW)
    assert not behind.ready
    assert "headgate migrate" in behind.problems[0].detail
    assert ahead.ready


def test_a_full_disk_is_unready_and_says_how_much_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = namedtuple("usage", "total used free")
    for free, verdict in ((50, "failed"), (500, "warning"), (5000, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, mb=free: usage(0, 0, mb * 1_000_000))
        assert disk(tmp_path, 200).verdict == verdict
    monkeypatch.undo()
    assert disk(tmp_path / "none", 200).verdict == "failed"


def test_a_lost_database_is_unready_and_metrics_are_told_all_the_same(app: App) -> None:
    web = TestClient(create_web(app))
    assert web.get("/health/ready").json()["status"] == "ok"
    with port(app) as ops:
        app.database.close()
        assert ops.get("/metrics")[0] == 200
        assert telemetry.sample("backlog_read_failed_total") == 1
        status, told = ops.json("/health/ready")
    assert (status, told["status"]) == (503, "not_ready")
    answer = web.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"][0]["verdict"]) == (503, "failed")
    assert web.get("/health/live").status_code == 200


def test_requests_are_counted_by_pattern_and_never_by_address(app: App) -> None:
    web = TestClient(create_web(app), follow_redirects=False)
    with port(app):
        for number in range(30):
            web.get(f"/v1/orders/O-{number}")
            web.get(f"/orders/O-{number}")
            web.get(f"/nothing/{number}")
        web.request("BREW", "/v1/orders")
        web.post("/v1/events", content=b"{}")
        lines = [each for each in telemetry.exposition().decode().splitlines() if "http_requests_total{" in each]
    assert not [line for line in lines if "O-1" in line or "nothing" in line or "BREW" in line]
    assert any('route="/v1/orders/' in line for line in lines)
    assert any('route="/orders/' in line for line in lines)
    assert any('route="/v1/events"' in line for line in lines)
    assert len(lines) < 10


def test_a_tenants_own_queues_show_lanes_retries_and_what_was_put_aside(app: App) -> None:
    tenant, other = create_tenant(app.database), create_tenant(app.database)
    for minutes in (3, 9):
        wait(app.database, tenant, timedelta(minutes=minutes), key=f"k:{minutes}")
    wait(app.database, other, timedelta(minutes=60))
    with app.database.transaction(tenant) as conn:
        conn.execute("update inbox set not_before = %s, attempts = 2, error = 'no such product'", [NOW + timedelta(1)])
        found = tenant_backlog(conn, NOW)
    assert found.waiting == found.retrying == 2
    assert found.oldest == NOW - timedelta(minutes=9)
    assert {retry.error for retry in found.retries} == {"no such product"}
    assert (found.dead, found.parked, found.checkpoint.size) == (0, 0, 0)
    with app.database.scan() as conn:
        totals = installation_totals(conn, NOW)
    assert (totals.waiting, totals.retrying, totals.busy_tenants) == (3, 2, 2)
