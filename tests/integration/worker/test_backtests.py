"""The loop that runs backtests: finds the tenants that have one, and leaves a run when it is told to stop."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.policy.backtest import get_run
from headgate.store import Database
from headgate.wiring import build
from headgate.worker import BacktestLoop
from tests.integration.policy.test_backtests import history, start, tight


@pytest.fixture
def loop(database: Database, tmp_path: Path, clock: FixedClock) -> BacktestLoop:
    """A loop over the worker's database."""
    return BacktestLoop(build(Settings(home=tmp_path), clock, database))


def test_it_serves_every_tenant_that_waits(loop: BacktestLoop, tenant: UUID) -> None:
    history(loop.app, tenant, 5)
    first = start(loop.app, tenant, tight(), small=0)
    second = start(loop.app, tenant, tight(date(2026, 1, 1), date(2026, 1, 20)), small=0)
    while loop.step():
        pass
    with loop.app.database.transaction(tenant) as conn:
        assert [get_run(conn, run.run).status for run in (first, second)] == ["done", "done"]


def test_told_to_stop_it_leaves_the_run_to_another(loop: BacktestLoop, tenant: UUID) -> None:
    history(loop.app, tenant, 5)
    run = start(loop.app, tenant, tight(), small=0)
    with loop.app.database.scan() as conn:
        assert conn.execute("select count(*) from headgate_due_backtests(%s, 1000)", [loop.app.clock.now()]).fetchone()
    loop.stop()
    loop.serve_one(tenant)
    with loop.app.database.transaction(tenant) as conn:
        assert get_run(conn, run.run).status == "running", "begun, and not marked as failed"


def test_it_returns_when_stopped(loop: BacktestLoop) -> None:
    loop.stop()
    loop.run()
