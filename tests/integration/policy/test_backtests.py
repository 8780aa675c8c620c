"""Backtests as stored and run: periods, tenants, cancelling, dying, resuming."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.settings import Settings
from headgate.ledger import audit_list
from headgate.policy import draft_decision, evidence_of, record_decisions
from headgate.policy.backtest import (
    Run,
    Wanted,
    get_flip,
    get_result,
    get_run,
    keeping,
    list_flips,
    list_runs,
    reading,
    repo,
    service,
)
from headgate.policy.backtest.core.columns import read_facts
from headgate.policy.backtest.keeping import Keeper
from headgate.store import Database
from headgate.wiring import App, build
from tests.conftest import NOW

AUTHOR = Principal("user:author@nordwind.example", "person", "Author")
APPROVER = Principal("user:approver@nordwind.example", "person", "Approver")
TEXT = """\
policy: rule
version: {version}
title: Rule
owner: finance
hit: first
inputs: [{{name: stake, type: number}}, {{name: partner, type: string}}]
outputs: [{{name: outcome, type: enum, values: [pass, hold]}}]
rows:
  - {{id: large, when: {{stake: "> {limit}"}}, then: {{outcome: hold}}, because: "{{stake}} is more than {limit}"}}
  - {{id: small, when: {{stake: "<= {limit}"}}, then: {{outcome: pass}}}}
tests:
  - {{given: {{stake: 100000, partner: A}}, expect: {{outcome: hold}}}}
  - {{given: {{stake: 1, partner: A}}, expect: {{outcome: pass}}}}
"""
ONE = TEXT.format(version=3, limit=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def app(database: Database, tmp_path: Path, clock: FixedClock) -> App:
    """The application over the worker's database."""
    return build(Settings(home=tmp_path), clock, database)


def context(tenant: UUID, at: datetime = NOW, who: Principal = AUTHOR) -> Context:
    return Context(tenant, who, at)


def enact(app: App, tenant: UUID, version: int, limit: str, at: datetime) -> None:
    """A version in force from an instant."""
    with app.database.transaction(tenant) as conn:
        author, approver = context(tenant, at), context(tenant, at, APPROVER)
        app.policies.draft(conn, author, TEXT.format(version=version, limit=limit))
        app.policies.submit(conn, author, "rule", version)
        app.policies.approve(conn, approver, "rule", version)
        app.policies.activate(conn, approver, "rule", version, at)


def decide(app: App, tenant: UUID, at: datetime, stake: str, subject: str, partner: str = "P-1") -> UUID:
    """A decision of the version in force at an instant."""
    with app.database.transaction(tenant) as conn:
        made = new_id(at)
        said = app.policies.active(conn, at).evaluate("rule", {"stake": stake, "partner": partner})
        record_decisions(conn, [draft_decision(made, at, [said], subject_type="thing", subject=subject)])
    return made


def history(app: App, tenant: UUID, count: int = 40) -> None:
    """Decisions of January and February, a version for each month."""
    enact(app, tenant, 1, "100", START)
    enact(app, tenant, 2, "50", datetime(2026, 2, 1, tzinfo=UTC))
    for number in range(count):
        at = START + timedelta(days=1, hours=number * 30)
        decide(app, tenant, at, str(10 * (number % 13)), f"T-{number}", f"P-{number % 3}")


def start(app: App, tenant: UUID, wanted: Wanted, small: int = 4000) -> Run:
    with app.database.transaction(tenant) as conn:
        return app.backtests.start(conn, context(tenant), wanted, small=small)


def tight(first: date = date(2026, 1, 1), last: date = date(2026, 2, 28), limit: str = "20") -> Wanted:
    return Wanted("rule", first, last, texts=(("tight.yaml", TEXT.format(version=9, limit=limit)),))


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven decisions a slice, of which some are kept together, so that a run takes several."""
    monkeypatch.setattr(reading, "SLICE", 7)
    monkeypatch.setattr(keeping, "STRETCH", 12)
    monkeypatch.setattr(keeping, "LEAST", 3)


def actions(app: App, tenant: UUID) -> list[str]:
    with app.database.transaction(tenant) as conn:
        return [e.action for e in audit_list(conn, subject_type="backtest")]


def test_a_small_backtest_is_done_at_once_and_the_worker_comes_to_the_same(
    app: App, tenant: UUID, clock: FixedClock, small_slices: None
) -> None:
    history(app, tenant)
    once = start(app, tenant, tight())
    later = start(app, tenant, tight(), small=0)
    assert (once.status, later.status, later.total) == ("done", "queued", 40)
    told: list[tuple[int, int]] = []
    done = app.backtests.work(app.database, context(tenant), clock, "w", told=lambda n, of: told.append((n, of)))
    assert done is not None
    assert (done.run, done.status, done.done) == (later.run, "done", 40)
    assert told[-1] == (40, 40)
    assert len(told) > 4
    with app.database.transaction(tenant) as conn:
        first, second = get_result(conn, once.run), get_result(conn, later.run)
        assert first == second
        assert once.digest == later.digest
        flips = list_flips(conn, once.run, 0, limit=3)
        more = list_flips(conn, once.run, 0, after=flips[-1].place, limit=500)
        mine = list_flips(conn, once.run, 0, limit=500, partner="P-1")
        assert get_flip(conn, once.run, 0, 1) == flips[0]
        with pytest.raises(NotFound):
            get_flip(conn, once.run, 0, 999)
    of = (first or {})["candidates"][0]
    assert len(flips) + len(more) == of["flips"] == of["decisions"]["flipped"]
    amounts = [f.amount for f in (*flips, *more) if f.amount is not None]
    assert amounts == sorted(amounts, reverse=True)
    assert {f.partner for f in mine} == {"P-1"}
    assert flips[0].rows == [["small", "large"]]
    assert sorted(actions(app, tenant)) == ["backtest.finished"] * 2 + ["backtest.started"] * 2


def test_each_decision_is_compared_with_the_version_that_made_it_also_when_that_is_retired(
    app: App, tenant: UUID
) -> None:
    history(app, tenant)
    with app.database.transaction(tenant) as conn:
        app.policies.retire(conn, context(tenant, NOW, APPROVER), "rule", 2)
    run = start(app, tenant, Wanted("rule", date(2026, 1, 1), date(2026, 2, 28), versions=(1,)))
    with app.database.transaction(tenant) as conn:
        result = get_result(conn, run.run) or {}
        flips = list_flips(conn, run.run, 0, limit=500)
    assert result["baseline"]["differing"] == 0
    assert [v["version"] for v in result["read"]["versions"]] == [1, 2]
    assert {(f.before, f.after) for f in flips} == {("hold", "pass")}
    assert all(f.at >= datetime(2026, 2, 1, tzinfo=UTC) for f in flips), "January was decided by version 1 itself"


def test_a_period_takes_the_days_of_the_tenants_zone(app: App, tenant: UUID) -> None:
    enact(app, tenant, 1, "100", START)
    last = datetime(2026, 2, 10, 22, 59, 59, 999999, tzinfo=UTC)  # the last microsecond of the tenth in Berlin
    for number, at in enumerate((last, last + timedelta(microseconds=1))):
        decide(app, tenant, at, "70", f"T-{number}")
    for day, subject in ((10, "T-0"), (11, "T-1")):
        run = start(app, tenant, tight(date(2026, 2, day), date(2026, 2, day)))
        with app.database.transaction(tenant) as conn:
            assert [f.subject for f in list_flips(conn, run.run, 0)] == [subject]


def test_a_period_without_decisions_gives_an_empty_result(app: App, tenant: UUID) -> None:
    enact(app, tenant, 1, "100", START)
    run = start(app, tenant, tight())
    assert (run.status, run.total) == ("done", 0)
    with app.database.transaction(tenant) as conn:
        result = get_result(conn, run.run) or {}
    assert result["read"]["decisions"] == 0
    assert result["candidates"][0]["straight"]["before_pct"] is None


def test_nothing_of_another_tenant_is_read_or_shown(
    app: App, tenant: UUID, make_tenant: Callable[[], UUID], clock: FixedClock
) -> None:
    other = make_tenant()
    history(app, tenant)
    enact(app, other, 1, "100", START)
    run = start(app, tenant, tight(), small=0)
    theirs = start(app, other, tight())
    assert theirs.total == 0
    assert app.backtests.work(app.database, context(other), clock, "w") is None
    with app.database.transaction(other) as conn:
        assert [r.run for r in list_runs(conn)] == [theirs.run]
        assert get_result(conn, run.run) is None
        assert list_flips(conn, run.run, 0) == []
        with pytest.raises(NotFound):
            get_run(conn, run.run)
        with pytest.raises(NotFound):
            app.backtests.cancel(conn, context(other), run.run)
    with app.database.scan() as conn:
        due = {t for (t,) in conn.execute("select tenant_id from headgate_due_backtests(%s, 1000)", [NOW])}
    assert tenant in due
    assert other not in due


def test_a_cancelled_run_stops_and_leaves_nothing_of_a_result(
    app: App, tenant: UUID, clock: FixedClock, small_slices: None
) -> None:
    history(app, tenant)
    run = start(app, tenant, tight(), small=0)

    def cancel(done: int, total: int) -> None:
        if done < 10:
            with app.database.transaction(tenant) as conn:
                app.backtests.cancel(conn, context(tenant), run.run)

    left = app.backtests.work(app.database, context(tenant), clock, "w", told=cancel)
    assert left is not None
    assert (left.status, left.cancelled_by) == ("cancelled", AUTHOR.id)
    assert left.done < 40
    with app.database.transaction(tenant) as conn:
        assert get_result(conn, run.run) is None
        assert list_flips(conn, run.run, 0) == []
        with pytest.raises(Conflict):
            app.backtests.cancel(conn, context(tenant), run.run)
    assert app.backtests.work(app.database, context(tenant), clock, "w") is None
    assert sorted(actions(app, tenant)) == ["backtest.cancelled", "backtest.started"]


def test_a_run_whose_process_died_is_begun_anew_once_its_lease_is_over(
    app: App, tenant: UUID, clock: FixedClock, small_slices: None
) -> None:
    history(app, tenant)
    run = start(app, tenant, tight(), small=0)

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.backtests.work(app.database, context(tenant), clock, "first", told=die)
    with app.database.transaction(tenant) as conn:
        assert get_run(conn, run.run).status == "running"
    assert app.backtests.work(app.database, context(tenant), clock, "second") is None, "the lease still stands"
    clock.move(timedelta(minutes=2))
    done = app.backtests.work(app.database, context(tenant), clock, "second")
    assert done is not None
    assert (done.status, done.attempts, done.done) == ("done", 2, 40)


def test_one_that_was_taken_over_meanwhile_writes_nothing(
    app: App, tenant: UUID, clock: FixedClock, small_slices: None
) -> None:
    history(app, tenant)
    start(app, tenant, tight(), small=0)
    inner: list[Run | None] = []

    def slow(done: int, total: int) -> None:
        if not inner:
            inner.append(None)
            clock.move(timedelta(minutes=5))
            inner[0] = app.backtests.work(app.database, context(tenant), clock, "second")

    app.backtests.work(app.database, context(tenant), clock, "first", told=slow)
    assert inner[0] is not None
    assert inner[0].status == "done"
    assert actions(app, tenant).count("backtest.finished") == 1


def test_a_run_that_dies_again_and_again_is_given_up_with_a_word(
    app: App, tenant: UUID, clock: FixedClock, small_slices: None
) -> None:
    history(app, tenant)
    start(app, tenant, tight(), small=0)

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    for _ in range(service.MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            app.backtests.work(app.database, context(tenant), clock, "w", told=die)
        clock.move(timedelta(minutes=2))
    given_up = app.backtests.work(app.database, context(tenant), clock, "w")
    assert given_up is not None
    assert given_up.status == "failed"
    assert "ended 3 times" in (given_up.error or "")


def test_what_breaks_is_marked_as_failed(
    app: App, tenant: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant)
    run = start(app, tenant, tight(), small=0)

    def broken(*_: object, **__: object) -> Iterator[None]:
        raise ZeroDivisionError("a mistake")
        yield

    monkeypatch.setattr(Keeper, "pieces", broken)
    with pytest.raises(ZeroDivisionError):
        app.backtests.work(app.database, context(tenant), clock, "w")
    with app.database.transaction(tenant) as conn:
        failed = get_run(conn, run.run)
    assert failed.status == "failed"
    assert failed.error == "it broke; the log of the worker says how"


def test_a_lost_database_fails_no_run(
    app: App, tenant: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant)
    run = start(app, tenant, tight(), small=0)

    def gone(*_: object, **__: object) -> Iterator[None]:
        raise psycopg.OperationalError("gone")
        yield

    monkeypatch.setattr(Keeper, "pieces", gone)
    with pytest.raises(psycopg.OperationalError):
        app.backtests.work(app.database, context(tenant), clock, "w")
    with app.database.transaction(tenant) as conn:
        assert get_run(conn, run.run).status == "running"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Wanted("rule", date(2026, 1, 1), date(2026, 2, 1)), Invalid),
        (Wanted("rule", date(2026, 1, 1), date(2026, 2, 1), versions=(7,)), NotFound),
        (Wanted("rule", date(2026, 1, 1), date(2026, 2, 1), texts=(("a", "policy: ["),)), Invalid),
        (Wanted("other", date(2026, 1, 1), date(2026, 2, 1), texts=(("a", ONE),)), Invalid),
        (Wanted("rule", date(2026, 2, 1), date(2026, 1, 1), versions=(1,)), Invalid),
        (
            Wanted("rule", date(2026, 1, 1), date(2026, 2, 1), texts=(("a", TEXT.format(version=3, limit=1)),) * 6),
            Invalid,
        ),
    ],
)
def test_what_cannot_be_tried_is_refused_and_nothing_is_written(
    app: App, tenant: UUID, wanted: Wanted, error: type[Exception]
) -> None:
    enact(app, tenant, 1, "100", START)
    with pytest.raises(error):
        start(app, tenant, wanted)
    with app.database.transaction(tenant) as conn:
        assert list_runs(conn) == []


def test_only_so_many_are_under_way_at_once(app: App, tenant: UUID) -> None:
    history(app, tenant, 3)
    for _ in range(service.MOST_UNDER_WAY):
        start(app, tenant, tight(), small=0)
    with pytest.raises(Conflict):
        start(app, tenant, tight(), small=0)


def test_a_draft_is_tried_as_it_was_when_the_run_began(app: App, tenant: UUID, clock: FixedClock) -> None:
    history(app, tenant)
    with app.database.transaction(tenant) as conn:
        app.policies.draft(conn, context(tenant), TEXT.format(version=3, limit="20"))
    run = start(app, tenant, Wanted("rule", date(2026, 1, 1), date(2026, 2, 28), versions=(3,)), small=0)
    with app.database.transaction(tenant) as conn:
        app.policies.draft(conn, context(tenant), TEXT.format(version=3, limit="90000"))
        (candidate,) = app.backtests.candidates(conn, run.run)
    assert candidate.digest == run.candidates[0].digest
    app.backtests.work(app.database, context(tenant), clock, "w")
    with app.database.transaction(tenant) as conn:
        assert {f.after for f in list_flips(conn, run.run, 0)} == {"hold"}


def test_old_runs_are_purged_with_their_flips(app: App, tenant: UUID) -> None:
    history(app, tenant)
    run = start(app, tenant, tight())
    with app.database.transaction(tenant) as conn:
        assert service.purge_backtests(conn, NOW, 10) == 0
        assert service.purge_backtests(conn, NOW + timedelta(days=1), 10) == 1
        assert conn.execute("select count(*) from backtest_flips").fetchone() == (0,)
        with pytest.raises(NotFound):
            get_run(conn, run.run)


def test_the_finding_stands_beside_the_draft_that_was_tried_and_not_beside_a_changed_one(
    app: App, tenant: UUID, clock: FixedClock
) -> None:
    history(app, tenant)
    with app.database.transaction(tenant) as conn:
        app.policies.draft(conn, context(tenant), TEXT.format(version=3, limit="20"))
    run = start(app, tenant, Wanted("rule", date(2026, 1, 1), date(2026, 2, 28), versions=(3, 1)))
    with app.database.transaction(tenant) as conn:
        (piece,) = evidence_of(conn, "rule", 3)
        assert evidence_of(conn, "rule", 1) == [], "it is in force: nobody decides about it any more"
        result = get_result(conn, run.run) or {}
    flipped = result["candidates"][0]["decisions"]["flipped"]
    assert piece.kind == "backtest"
    assert piece.attached_by == AUTHOR.id
    assert str(piece.content["summary"]).startswith(f"{flipped} of 40 decisions would have come out otherwise")
    assert str(run.run) in piece.content["href"]
    later = start(app, tenant, Wanted("rule", date(2026, 1, 1), date(2026, 2, 28), versions=(3,)), small=0)
    with app.database.transaction(tenant) as conn:
        app.policies.draft(conn, context(tenant), TEXT.format(version=3, limit="30"))
    app.backtests.work(app.database, context(tenant), clock, "w")
    with app.database.transaction(tenant) as conn:
        assert get_run(conn, later.run).status == "done"
        assert [p.evidence for p in evidence_of(conn, "rule", 3)] == [piece.evidence]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of five or more decisions, however few there are."""
    monkeypatch.setattr(keeping, "STRETCH", 5)
    monkeypatch.setattr(keeping, "LEAST", 1)


def finished(app: App, tenant: UUID, clock: FixedClock, wanted: Wanted) -> dict[str, Any]:
    """The result of a run that a worker takes."""
    run = start(app, tenant, wanted, small=0)
    app.backtests.work(app.database, context(tenant), clock, "w", run.run)
    with app.database.transaction(tenant) as conn:
        return get_result(conn, run.run) or {}


def stretches(app: App, tenant: UUID) -> list[tuple[Any, ...]]:
    """What is kept of the decisions of a version, by time: version, first, last, how many."""
    with app.database.transaction(tenant) as conn:
        return conn.execute(
            "select version, first_at, last_at, decisions from backtest_columns "
            "where split_part(part, '@', 1) = '' order by version, first_at, first_id"
        ).fetchall()


@pytest.mark.usefixtures("kept")
def test_columns_are_made_once_and_whole_records_read_again_only_where_something_flips(
    app: App, tenant: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(app, tenant)
    once = finished(app, tenant, clock, tight())
    made = stretches(app, tenant)
    assert sum(decisions for *_, decisions in made) == 40
    assert len(made) >= 2, "each version has its own"
    read: list[int] = []
    whole = Keeper.whole

    def counting(self: Keeper, lots: Sequence[Sequence[UUID]]) -> Any:
        read.extend(len(lot) for lot in lots)
        return whole(self, lots)

    def never(*_: object) -> Iterator[None]:
        raise AssertionError("columns are there")
        yield

    monkeypatch.setattr(Keeper, "whole", counting)
    monkeypatch.setattr(keeping, "Gatherer", never)
    monkeypatch.setattr(keeping._Stream, "_made", lambda *_: iter(()))
    again = finished(app, tenant, clock, tight())
    assert again == once
    assert sum(read) == once["candidates"][0]["decisions"]["flipped"]
    assert stretches(app, tenant) == made


@pytest.mark.usefixtures("kept")
def test_a_part_of_a_kept_stretch_is_weighed_by_its_days(app: App, tenant: UUID, clock: FixedClock) -> None:
    history(app, tenant)
    finished(app, tenant, clock, tight())
    made = stretches(app, tenant)
    days = (date(2026, 1, 9), date(2026, 2, 5))
    with app.database.transaction(tenant) as conn:
        quick = app.backtests.start(conn, context(tenant), tight(*days))
        told = get_result(conn, quick.run)
    assert finished(app, tenant, clock, tight(*days)) == told
    assert stretches(app, tenant) == made


@pytest.mark.usefixtures("kept")
def test_a_decision_that_comes_late_makes_its_stretch_anew(app: App, tenant: UUID, clock: FixedClock) -> None:
    history(app, tenant)
    assert finished(app, tenant, clock, tight())["read"]["decisions"] == 40
    late = START + timedelta(days=3, seconds=1)
    decide(app, tenant, late, "70", "T-late")
    for _ in range(2):
        result = finished(app, tenant, clock, tight())
        assert result["read"]["decisions"] == 41
        with app.database.transaction(tenant) as conn:
            quick = app.backtests.start(conn, context(tenant), tight())
            assert get_result(conn, quick.run) == result
    assert sum(decisions for *_, decisions in stretches(app, tenant)) == 41


@pytest.mark.usefixtures("kept")
def test_what_has_only_just_been_decided_is_weighed_and_not_kept(app: App, tenant: UUID, clock: FixedClock) -> None:
    enact(app, tenant, 1, "100", START)
    for minutes in (50, 40, 30, 10, 5, 0):
        decide(app, tenant, NOW - timedelta(minutes=minutes, seconds=1), "70", f"T-{minutes}")
    wanted = tight(NOW.date(), NOW.date())
    assert finished(app, tenant, clock, wanted)["read"]["decisions"] == 6
    assert [decisions for *_, decisions in stretches(app, tenant)] == [3]
    clock.move(timedelta(hours=1))
    assert finished(app, tenant, clock, wanted)["candidates"][0]["decisions"]["flipped"] == 6
    assert [decisions for *_, decisions in stretches(app, tenant)] == [3, 3]


@pytest.mark.usefixtures("small_slices")
def test_however_many_decisions_one_instant_holds_they_are_kept(
    app: App, tenant: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enact(app, tenant, 1, "100", START)
    crowded = START + timedelta(days=2)
    for place in range(40):
        decide(app, tenant, crowded, str(60 + place), f"C-{place}")
    decide(app, tenant, crowded + timedelta(days=1), "70", "C-later")
    once = finished(app, tenant, clock, tight())
    assert once["read"]["decisions"] == 41
    made = stretches(app, tenant)
    assert [decisions for *_, decisions in made] == [14, 14, 13]
    assert {first for _, first, _, _ in made} == {crowded}, "more than one stretch of one instant"
    monkeypatch.setattr(keeping._Stream, "_made", lambda *_: iter(()))
    assert finished(app, tenant, clock, tight()) == once
    assert stretches(app, tenant) == made


@pytest.mark.usefixtures("small_slices")
def test_a_decision_that_comes_late_into_a_crowd_makes_its_own_stretch_anew(
    app: App, tenant: UUID, clock: FixedClock
) -> None:
    enact(app, tenant, 1, "100", START)
    crowded = START + timedelta(days=2)
    for place in range(40):
        decide(app, tenant, crowded, "70", f"C-{place}")
    finished(app, tenant, clock, tight())
    for late in range(3):
        decide(app, tenant, crowded, "70", f"L-{late}")
    for _ in range(2):
        result = finished(app, tenant, clock, tight())
        assert (result["read"]["decisions"], result["candidates"][0]["decisions"]["flipped"]) == (43, 43)
        with app.database.transaction(tenant) as conn:
            quick = app.backtests.start(conn, context(tenant), tight())
            assert get_result(conn, quick.run) == result


@pytest.mark.usefixtures("kept")
def test_columns_are_the_tenants_own_and_go_with_its_old_backtests(
    app: App, tenant: UUID, make_tenant: Callable[[], UUID], clock: FixedClock
) -> None:
    other = make_tenant()
    history(app, tenant, 6)
    finished(app, tenant, clock, tight())
    assert stretches(app, tenant)
    assert stretches(app, other) == []
    with app.database.transaction(tenant, partner="P-1") as conn:
        assert conn.execute("select count(*) from backtest_columns").fetchone() == (0,)
    with app.database.transaction(tenant) as conn:
        service.purge_backtests(conn, NOW + timedelta(days=1), 10)
    assert stretches(app, tenant) == []


@pytest.mark.usefixtures("kept")
def test_columns_hold_the_marker_of_a_personal_value_so_erasing_it_reaches_them(
    app: App, tenant: UUID, clock: FixedClock
) -> None:
    enact(app, tenant, 1, "100", START)
    marker = f"$pd:{'0' * 43}.1"
    for number in range(6):
        decide(app, tenant, START + timedelta(days=1, hours=number), "70", f"T-{number}", marker)
    finished(app, tenant, clock, tight())
    with app.database.transaction(tenant) as conn:
        rows = conn.execute("select packed from backtest_columns where part like 'rule@%'", binary=True).fetchall()
    values = [value for (packed,) in rows for shape in read_facts(packed).shapes for value in shape.values]
    assert [marker] in values
    assert {v for of in values for v in of} <= {marker, "70"}


FEEDS = """\
policy: size
version: 1
title: Size
owner: finance
hit: first
inputs: [{name: stake, type: number}]
outputs: [{name: size, type: enum, values: [small, large]}]
rows:
  - {id: large, when: {stake: "> 60"}, then: {size: large}}
  - {id: small, when: {stake: "<= 60"}, then: {size: small}}
tests:
  - {given: {stake: 61}, expect: {size: large}}
  - {given: {stake: 60}, expect: {size: small}}
"""
FED = """\
policy: rule
version: %d
title: Rule
owner: finance
hit: first
inputs:
  - {name: stake, type: number}
  - {name: partner, type: string, default: unknown}
  - {name: size, type: enum, values: [small, large], from: size.size}
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: big, when: {size: "'large'"}, then: {outcome: %s}}
  - {id: other, when: {size: "'small'"}, then: {outcome: pass}}
tests:
  - {given: {stake: 1, partner: A, size: large}, expect: {outcome: %s}}
  - {given: {stake: 1, partner: A, size: small}, expect: {outcome: pass}}
"""


def test_a_chained_candidate_is_tried_on_the_chained_inputs_that_were_recorded(
    app: App, tenant: UUID, clock: FixedClock, small_slices: None
) -> None:
    with app.database.transaction(tenant) as conn:
        for text, name in ((FEEDS, "size"), (FED % (1, "pass", "pass"), "rule")):
            author, approver = context(tenant, START), context(tenant, START, APPROVER)
            app.policies.draft(conn, author, text)
            app.policies.submit(conn, author, name, 1)
            app.policies.approve(conn, approver, name, 1)
            app.policies.activate(conn, approver, name, 1, START)
    for number in range(13):
        decide(app, tenant, START + timedelta(days=1, hours=number * 30), str(10 * number), f"T-{number}")
    first, last = date(2026, 1, 1), date(2026, 2, 28)
    strict = Wanted("rule", first, last, texts=(("strict.yaml", FED % (2, "hold", "hold")),))
    once = start(app, tenant, strict)
    start(app, tenant, strict, small=0)
    by_columns = app.backtests.work(app.database, context(tenant), clock, "w")
    assert by_columns is not None
    with app.database.transaction(tenant) as conn:
        found = get_result(conn, once.run) or {}
        assert found == get_result(conn, by_columns.run)
        drilled = app.backtests.explain(conn, once.run, 0, 1)
    assert found["candidates"][0]["decisions"]["flipped"] == 6, "stakes of 70 to 120 are large"
    assert found["baseline"]["reproduced"] == 13
    assert drilled.pairs[0].facts["size"] == "large"
    assert (drilled.pairs[0].then.outputs, drilled.pairs[0].now.outputs) == ({"outcome": "pass"}, {"outcome": "hold"})
    # The one that feeds it decided nothing by itself, and the result says where to look instead.
    feeding = start(app, tenant, Wanted("size", first, last, texts=(("size.yaml", FEEDS),)))
    with app.database.transaction(tenant) as conn:
        result = get_result(conn, feeding.run) or {}
    assert result["read"]["decisions"] == 0
    assert any(note.startswith("rule read what size gives") for note in result["notes"])


def test_a_candidate_that_reads_a_chain_nobody_recorded_is_not_guessed(app: App, tenant: UUID) -> None:
    history(app, tenant, 5)
    wanted = Wanted("rule", date(2026, 1, 1), date(2026, 2, 28), texts=(("new.yaml", FED % (9, "hold", "hold")),))
    run = start(app, tenant, wanted)
    with app.database.transaction(tenant) as conn:
        of = (get_result(conn, run.run) or {})["candidates"][0]
    assert (of["decisions"]["undecidable"], of["lacking"]) == (5, {"size": 5})


def test_a_slice_is_read_in_the_order_of_the_index_and_never_sorts_all_that_is_left(app: App, tenant: UUID) -> None:
    params = {
        "policy": "rule",
        "version": 1,
        "at": START,
        "until": NOW,
        "until_id": reading.FIRST_ID,
        "decision": reading.FIRST_ID,
        "limit": 4_000,
    }
    with app.database.transaction(tenant, read_only=True) as conn:
        conn.execute(repo.IN_ORDER)
        plan = [row[0].strip() for row in conn.execute(f"explain {repo.SLICE}", params)]
    sorts = [line for line in plan if "Sort " in line and "Key" not in line]
    assert all("Incremental Sort" in line for line in sorts), plan
    assert any("decisions_by_policy" in line for line in plan), plan
    assert not any("Gather" in line or "Bitmap" in line for line in plan), plan


def test_the_usual_days_are_those_in_which_something_was_decided(app: App, tenant: UUID) -> None:
    history(app, tenant)
    with app.database.transaction(tenant) as conn:
        quarter = app.backtests.usual_days(conn, "rule", date(2026, 5, 20), "Europe/Berlin")
        recent = app.backtests.usual_days(conn, "rule", date(2026, 3, 2), "Europe/Berlin")
    assert quarter == (date(2026, 1, 1), date(2026, 3, 31))
    assert recent == (date(2025, 12, 3), date(2026, 3, 2))
