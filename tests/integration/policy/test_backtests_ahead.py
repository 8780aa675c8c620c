"""Columns that are kept ahead of backtests: the same ones, made once, in pieces, by one at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import NotFound
from headgate.kernel.settings import Settings
from headgate.policy.backtest import Ahead, Prepared, ahead_of, get_result, has_grown, keeping
from headgate.policy.backtest.core.gather import Gatherer
from headgate.store import Database
from headgate.wiring import App, build
from tests.conftest import NOW
from tests.integration.policy.test_backtests import START, context, decide, finished, history, start, stretches, tight


@pytest.fixture
def app(database: Database, tmp_path: Path, clock: FixedClock) -> App:
    """The application over the worker's database."""
    return build(Settings(home=tmp_path), clock, database)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of five decisions, however few are left for the last."""
    monkeypatch.setattr(keeping, "STRETCH", 5)
    monkeypatch.setattr(keeping, "LEAST", 1)


def wanted(policy: str = "", enough: int = 1) -> Ahead:
    return ahead_of(NOW, 400, policy, enough=enough, at_once=3)


def prepared(app: App, tenant: UUID, ahead: Ahead, *, until_added: int = 1_000) -> Prepared:
    """As far as it comes until so many are added."""
    done = app.backtests.prepare(app.database, context(tenant), ahead, lambda done: done.added < until_added)
    assert done is not None
    return done


def test_a_first_run_over_prepared_columns_reads_no_records_and_says_what_it_says_without_them(
    app: App, tenant: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant)
    once = start(app, tenant, tight())
    with app.database.transaction(tenant) as conn:
        told = get_result(conn, once.run)
        assert app.backtests.to_prepare(conn, wanted("rule")) == 40
    assert prepared(app, tenant, wanted()) == Prepared(before=0, read=40, added=40, whole=True)
    made = stretches(app, tenant)
    assert sum(decisions for *_, decisions in made) == 40

    def never(*_: object) -> None:
        raise AssertionError("columns are there")

    monkeypatch.setattr(Gatherer, "add", never)
    monkeypatch.setattr(keeping._Stream, "_made", lambda *_: iter(()))
    assert finished(app, tenant, clock, tight()) == told
    assert stretches(app, tenant) == made


def test_what_was_kept_when_it_was_stopped_stays_and_the_next_goes_on_behind_it(app: App, tenant: UUID) -> None:
    history(app, tenant)
    first = prepared(app, tenant, wanted(), until_added=10)
    assert not first.whole
    assert 10 <= first.added < 20
    before = stretches(app, tenant)
    second = prepared(app, tenant, wanted())
    assert second == Prepared(before=first.added, read=40 - first.added, added=40 - first.added, whole=True)
    assert set(before) < set(stretches(app, tenant))
    assert prepared(app, tenant, wanted()) == Prepared(before=40, whole=True), "there is nothing left to read"


def test_of_two_at_once_one_lets_the_other(app: App, tenant: UUID, make_tenant: Callable[[], UUID]) -> None:
    history(app, tenant)
    other = make_tenant()
    history(app, other, 6)
    found: list[Prepared | None] = []

    def meanwhile(_: Prepared) -> bool:
        if not found:
            of = (context(each) for each in (tenant, other))
            found.extend(app.backtests.prepare(app.database, each, wanted(), lambda _: True) for each in of)
        return True

    done = app.backtests.prepare(app.database, context(tenant), wanted(), meanwhile)
    assert found == [None, Prepared(read=6, added=6, whole=True)], "another tenant's are not in its way"
    assert done == Prepared(read=40, added=40, whole=True)
    assert sum(decisions for *_, decisions in stretches(app, tenant)) == 40


def test_a_run_meanwhile_is_not_disturbed_and_keeps_the_same(app: App, tenant: UUID, clock: FixedClock) -> None:
    history(app, tenant)
    told = finished(app, tenant, clock, tight())
    with app.database.transaction(tenant) as conn:
        conn.execute("delete from backtest_columns")
    found: list[dict[str, Any]] = []

    def meanwhile(done: Prepared) -> bool:
        if done.added and not found:
            found.append(finished(app, tenant, clock, tight()))
        return True

    app.backtests.prepare(app.database, context(tenant), wanted(), meanwhile)
    assert found == [told]
    assert finished(app, tenant, clock, tight()) == told
    assert prepared(app, tenant, wanted()).read == 0


def test_a_gap_is_filled_and_a_stretch_that_no_longer_holds_is_made_anew(
    app: App, tenant: UUID, clock: FixedClock
) -> None:
    history(app, tenant)
    prepared(app, tenant, wanted())
    made = stretches(app, tenant)
    gap = made[2]
    with app.database.transaction(tenant) as conn:
        conn.execute("delete from backtest_columns where version = %s and first_at = %s", gap[:2])
    missing = gap[3]
    assert prepared(app, tenant, wanted()) == Prepared(40 - missing, missing, missing, whole=True)
    late = START + timedelta(days=3, seconds=1)
    decide(app, tenant, late, "70", "T-late")
    (beside,) = [decisions for _, first, last, decisions in made if first < late < last]
    assert prepared(app, tenant, wanted()).added == beside + 1
    assert sum(decisions for *_, decisions in stretches(app, tenant)) == 41
    once = start(app, tenant, tight())
    with app.database.transaction(tenant) as conn:
        assert finished(app, tenant, clock, tight()) == get_result(conn, once.run)


def test_what_is_too_little_or_too_young_or_too_old_is_left_to_a_run(app: App, tenant: UUID) -> None:
    history(app, tenant)
    assert prepared(app, tenant, wanted(enough=26)) == Prepared(whole=True), "24 of one version, 16 of the other"
    decide(app, tenant, NOW - timedelta(minutes=14), "70", "T-young")
    first_day = ahead_of(NOW, (NOW - START).days - 10, enough=1)
    assert prepared(app, tenant, first_day).added == 40 - 8, "the first eight are of the first ten days"


def test_a_policy_that_is_not_there_is_named(app: App, tenant: UUID) -> None:
    history(app, tenant, 3)
    with pytest.raises(NotFound, match="there is no policy nothing"):
        prepared(app, tenant, wanted("nothing"))


def test_whether_it_is_worth_looking_is_told_by_what_came_behind_the_last_column(app: App, tenant: UUID) -> None:
    history(app, tenant)

    def grown(enough: int, *, anew: bool = False) -> bool:
        with app.database.transaction(tenant, read_only=True, lookups=True) as conn:
            return has_grown(conn, wanted(enough=enough), anew=anew)

    assert grown(24)
    assert not grown(26)
    prepared(app, tenant, wanted())
    assert not grown(1)
    assert grown(1, anew=True), "there may be gaps"
    decide(app, tenant, NOW - timedelta(hours=1), "70", "T-new")
    assert grown(1)
    start(app, tenant, tight(), small=0)
    assert not grown(1), "the run that waits keeps them itself"
