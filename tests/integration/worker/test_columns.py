"""The loop that keeps columns ahead of backtests: when it works, when it waits, when it leaves off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.policy.backtest import Backtests, keeping
from headgate.store import Database
from headgate.wiring import App, build
from headgate.worker import ColumnLoop, columns
from tests.integration.policy.test_backtests import decide, history, start, stretches, tight


@pytest.fixture
def app(database: Database, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, tenant: UUID) -> App:
    """The application, with stretches of five decisions, serving the test's own tenant alone."""
    monkeypatch.setattr(columns, "TENANTS", f"select '{tenant}'::uuid")
    monkeypatch.setattr(keeping, "STRETCH", 5)
    monkeypatch.setattr(keeping, "LEAST", 1)
    monkeypatch.setattr(columns, "AT_ONCE", 3)
    monkeypatch.setattr(columns, "LOOK_SECONDS", 0)
    return build(Settings(home=tmp_path), clock, database)


def kept(app: App, tenant: UUID) -> int:
    """How many decisions stand in columns."""
    return sum(decisions for *_, decisions in stretches(app, tenant))


def test_it_keeps_what_is_not_kept_a_round_at_a_time_until_nothing_is_left(
    app: App, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "ROUND", 10)
    history(app, tenant)
    loop = ColumnLoop(app, enough=1, patience_seconds=0)
    loop.step()
    assert 10 <= kept(app, tenant) < 20
    while loop.step():
        pass
    assert kept(app, tenant) == 40
    assert loop.step() == 0


def test_while_lanes_are_busy_it_waits_and_then_goes_on(
    app: App, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant, 6)
    looks: list[int] = []

    def busy_at_first(_: ColumnLoop) -> bool:
        looks.append(kept(app, tenant))
        return len(looks) < 3

    monkeypatch.setattr(ColumnLoop, "_urgent", busy_at_first)
    ColumnLoop(app, enough=1, patience_seconds=600).step()
    assert looks[:3] == [0, 0, 0], "nothing was kept while they were busy"
    assert kept(app, tenant) == 6


def test_lanes_that_are_always_busy_slow_it_down_and_do_not_stop_it(
    app: App, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant, 6)
    monkeypatch.setattr(ColumnLoop, "_urgent", lambda _: True)
    ColumnLoop(app, enough=1, patience_seconds=0).step()
    assert kept(app, tenant) == 6


def test_what_waits_for_a_worker_is_urgent(app: App, tenant: UUID) -> None:
    history(app, tenant, 3)
    loop = ColumnLoop(app)
    start(app, tenant, tight(), small=0)
    assert loop._urgent()


def test_told_to_stop_it_leaves_off_and_another_goes_on(
    app: App, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant)
    loop = ColumnLoop(app, enough=1, patience_seconds=60)

    def stopping(_: ColumnLoop) -> bool:
        if kept(app, tenant):
            loop.stop()
        return False

    monkeypatch.setattr(ColumnLoop, "_urgent", stopping)
    loop.run()
    assert 0 < kept(app, tenant) < 40
    assert ColumnLoop(app, enough=1, patience_seconds=0)._serve(tenant)
    assert kept(app, tenant) == 40


def test_switched_off_or_without_connections_to_spare_it_does_nothing(app: App, tenant: UUID) -> None:
    history(app, tenant, 6)
    for settings in (replace(app.settings, backtest_days=0), replace(app.settings, pool_size=3)):
        ColumnLoop(replace(app, settings=settings), enough=1).run()
    assert kept(app, tenant) == 0


def test_a_tenant_whose_columns_cannot_be_kept_does_not_keep_others_waiting_and_is_tried_again_later(
    app: App, tenant: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant, 6)
    loop = ColumnLoop(app, enough=1, patience_seconds=0)
    calls: list[object] = []

    def broken(*arguments: object) -> None:
        calls.append(arguments)
        raise ZeroDivisionError("a mistake")

    with monkeypatch.context() as patched:
        patched.setattr(Backtests, "prepare", broken)
        assert loop._serve(tenant) == 0
        assert loop._serve(tenant) == 0
    assert len(calls) == 1
    clock.move(columns.AGAIN)
    assert loop._serve(tenant) == 6


def test_only_what_has_grown_is_looked_at_again(app: App, tenant: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    history(app, tenant, 6)
    loop = ColumnLoop(app, enough=1, patience_seconds=0)
    assert loop._serve(tenant) == 6
    decide(app, tenant, app.clock.now() - columns.AGAIN, "70", "T-new")
    assert loop._serve(tenant) == 1

    def never(*_: object) -> None:
        raise AssertionError("nothing has grown")

    monkeypatch.setattr(Backtests, "prepare", never)
    assert loop._serve(tenant) == 0
