"""Requests that share commits: each is answered for itself, whatever the others of its group bring."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from headgate import access
from headgate.access import Sender, SenderCache, load_key, load_source
from headgate.access.tenancy import set_quotas
from headgate.api.gate import Gate
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Busy, Invalid
from headgate.ledger import append_events, conflict_list, event_list
from headgate.process import Incoming, Intake, NotStored, Parcel, SenderChanged, TooLate, daily
from headgate.process import intake as module
from headgate.store import Database
from tests.scenarios.api.world import SOURCE, World, open_world, order

PATIENCE = 120.0


@pytest.fixture
def sender(world: World) -> Sender:
    """The source of the world, as the way in reads it."""
    app = world.channel.app
    return load_source(app.database, app.envelope, world.slug, SOURCE, world.channel.clock.now())


@pytest.fixture
def intake(world: World) -> Intake:
    """The intake of a process of its own."""
    return Gate.over(world.channel.app).intake


def ordered(event_id: str, number: str = "", **changes: Any) -> Incoming:
    """An order event; without a number it is about an order of its own id."""
    data = order(number or event_id, customer_reference=number or event_id, **changes)
    return Incoming(event_id, "order.submitted", None, data)


def parcel(world: World, sender: Sender, *events: Incoming) -> Parcel:
    """What a request hands in."""
    ctx = Context(sender.tenant_id, sender.principal, world.channel.clock.now())
    return Parcel(ctx, sender, events, lambda _: None)


def store(intake: Intake, *parcels: Parcel) -> list[Any]:
    """The results of parcels that are stored as one group: statuses, or what was raised."""
    intake._store(parcels[0].key, parcels)
    return [[a.status for a in p.result] if isinstance(p.result, list) else p.result for p in parcels]


def logged(world: World) -> list[str]:
    """Ids of the order events in the log, oldest first."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return [e.event_id for e in reversed(event_list(conn, limit=500)) if e.type.startswith("order.")]


def count_commits(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The tenants of transactions that may write, one entry each, from now on."""
    begun: list[UUID] = []
    real = Database.transaction

    def watched(self: Database, tenant: UUID, **given: Any) -> Any:
        if not given.get("read_only"):
            begun.append(tenant)
        return real(self, tenant, **given)

    monkeypatch.setattr(Database, "transaction", watched)
    return begun


def test_a_group_is_one_commit(world: World, sender: Sender, intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = count_commits(monkeypatch)
    assert store(intake, *(parcel(world, sender, ordered(f"e-{n}")) for n in range(20))) == [["new"]] * 20
    assert begun == [world.channel.tenant]
    assert logged(world) == [f"e-{n}" for n in range(20)]


def test_repeats_and_clashes_within_a_group_are_answered_one_by_one(
    world: World, sender: Sender, intake: Intake
) -> None:
    first, again, other, clash = (
        parcel(world, sender, e)
        for e in (ordered("e-1"), ordered("e-1"), ordered("e-2"), ordered("e-1", note="another"))
    )
    *fine, refused = store(intake, first, again, other, clash)
    assert fine == [["new"], ["duplicate"], ["new"]]
    assert isinstance(refused, NotStored)
    ((place, told),) = refused.taken
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        (kept,) = conflict_list(conn)
    assert isinstance(first.result, list)
    assert (place, told.seq, told.kept) == (0, first.result[0].seq, kept.id)


def test_a_batch_that_clashes_in_part_enters_not_at_all_and_the_others_of_its_group_do(
    world: World, sender: Sender, intake: Intake
) -> None:
    store(intake, parcel(world, sender, ordered("e-0")))
    batch = parcel(world, sender, ordered("e-1"), ordered("e-0", note="another"))
    same_id = parcel(world, sender, ordered("e-1", note="mine"))
    alone = parcel(world, sender, ordered("e-2"))
    refused, *fine = store(intake, batch, same_id, alone)
    assert isinstance(refused, NotStored)
    # The one that may enter has entered by then, and so the batch clashes with it too.
    assert [place for place, _ in refused.taken] == [0, 1]
    assert fine == [["new"], ["new"]]
    assert sorted(logged(world)) == ["e-0", "e-1", "e-2"]
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        kept = conflict_list(conn)
        (stored,) = [e for e in event_list(conn, limit=50) if (e.event_id, e.source) == ("e-1", SOURCE)]
    assert {k.event_id for k in kept} == {"e-0", "e-1"}
    assert stored.data["note"] == "mine"


def test_what_a_process_does_not_understand_refuses_its_own_request_alone(
    world: World, sender: Sender, intake: Intake
) -> None:
    odd = replace(ordered("e-1"), type="order.unheard_of")
    refused, fine = store(intake, parcel(world, sender, ordered("e-0"), odd), parcel(world, sender, ordered("e-2")))
    assert isinstance(refused, Invalid)
    assert [p.field for p in refused.problems] == ["events[1].type"]
    assert fine == ["new"]
    assert logged(world) == ["e-2"]


def test_what_breaks_a_group_breaks_only_its_own_request(
    world: World, sender: Sender, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = append_events

    def fragile(conn: Any, now: Any, events: Sequence[Any], *, lanes: int) -> Any:
        if any(e.event_id == "poison" for e in events):
            raise psycopg.DataError("nobody foresaw this")
        return real(conn, now, events, lanes=lanes)

    monkeypatch.setattr(module, "append_events", fragile)
    results = store(intake, *(parcel(world, sender, ordered(i)) for i in ("e-1", "poison", "e-2")))
    assert [results[0], results[2]] == [["new"], ["new"]]
    assert isinstance(results[1], psycopg.DataError)
    assert logged(world) == ["e-1", "e-2"]


def test_a_database_that_fails_is_asked_once_for_a_group_and_nothing_is_stored(
    world: World, sender: Sender, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def failing(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise psycopg.errors.DiskFull("no space left on device")

    monkeypatch.setattr(module, "append_events", failing)
    results = store(intake, *(parcel(world, sender, ordered(f"e-{n}")) for n in range(5)))
    assert {type(r) for r in results} == {psycopg.errors.DiskFull}
    assert len(asked) == 1
    assert logged(world) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda conn, w: access.set_source(conn, w.context(), SOURCE, status="disabled"),
        lambda conn, w: access.set_source(conn, w.context(), SOURCE, types=["return.*"]),
        lambda conn, w: access.rotate_source_secret(conn, w.context(), w.channel.app.envelope, SOURCE),
        lambda conn, w: access.set_rate(conn, w.context(), 7, most=100, source=SOURCE),
        lambda conn, w: access.set_rate(conn, w.context(), 7, most=100),
    ],
    ids=["disabled", "types", "secret", "rate", "the tenant's rate"],
)
def test_a_source_that_was_changed_after_it_was_read_is_found_out_before_its_events_are_stored(
    world: World, sender: Sender, intake: Intake, change: Callable[[Any, World], object]
) -> None:
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        change(conn, world)
    (result,) = store(intake, parcel(world, sender, ordered("e-1")))
    assert isinstance(result, SenderChanged)
    assert logged(world) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda conn, w, key: access.revoke_api_key(conn, w.context(), key),
        lambda conn, w, key: access.suspend(conn, w.context(), "service:erp"),
        lambda conn, w, key: access.revoke_role(conn, w.context(), "service:erp", "integration"),
    ],
    ids=["revoked", "suspended", "role taken"],
)
def test_a_key_that_was_revoked_after_it_was_read_is_found_out_before_its_events_are_stored(
    world: World, intake: Intake, change: Callable[[Any, World, str], object]
) -> None:
    app = world.channel.app
    _, key_id, hashed = access.parse_api_key(world.keys["erp"])
    sender = load_key(app.database, world.channel.tenant, key_id, world.channel.clock.now())
    sender.prove_key(hashed)
    assert store(intake, parcel(world, sender, ordered("e-1"))) == [["new"]]
    with app.database.transaction(world.channel.tenant) as conn:
        assert access.list_api_keys(conn, principal="service:erp")[0].last_used is not None
        change(conn, world, key_id)
    (result,) = store(intake, parcel(world, sender, ordered("e-2")))
    assert isinstance(result, SenderChanged)


class Unlucky(threading.Condition):
    """Each time its wait runs out in the moment in which it is woken, which Python tells as if nobody had woken it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.release()
        super().wait(PATIENCE)
        return False


def test_a_thread_that_is_woken_as_its_time_runs_out_keeps_nothing_from_being_stored(
    world: World, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, lock = world.channel.app, Unlucky()
    intake = Intake(app.database, app.engine, app.clock, 100, 10_000, PATIENCE, _lock=lock)
    arrived = threading.Semaphore(0)

    def hand(name: str) -> None:
        made = parcel(world, sender, ordered(name))
        made.deliver = lambda _: arrived.release()
        intake.hand_in(made)
        assert arrived.acquire(timeout=PATIENCE)

    for number in range(3):
        hand(f"e-{number}")
        assert lock.waits.acquire(timeout=PATIENCE)
    with lock:  # nothing comes for long, so that every thread ends
        lock.notify_all()
    while intake._threads:
        threading.Event().wait(0.01)
    hand("e-3")
    assert len(logged(world)) == 4


def test_requests_gather_after_a_group_of_several_and_others_do_not_wait_for_them(
    world: World, sender: Sender, make_tenant: Callable[[], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", PATIENCE)
    monkeypatch.setattr(module, "GATHER_EACH_SECONDS", PATIENCE)
    app, resting, let_go = world.channel.app, threading.Semaphore(0), threading.Event()

    def pause(_: float) -> None:
        resting.release()
        assert let_go.wait(PATIENCE)

    intake = Intake(app.database, app.engine, app.clock, 100, 10_000, PATIENCE, pause=pause)
    groups: list[list[str]] = []
    arrived = threading.Semaphore(0)

    def deliver(parcels: Sequence[Parcel]) -> None:
        groups.append([p.events[0].event_id for p in parcels])
        arrived.release()

    def hand(name: str, whose: Sender) -> None:
        made = parcel(world, whose, ordered(name))
        made.deliver = deliver
        intake.hand_in(made)

    for alone in ("a-0", "a-1"):  # who sends one after the other waits for nobody
        hand(alone, sender)
        assert arrived.acquire(timeout=PATIENCE)
    with intake._lock:  # two at once
        hand("e-0", sender)
        hand("e-1", sender)
    assert arrived.acquire(timeout=PATIENCE)
    hand("e-2", sender)
    assert resting.acquire(timeout=PATIENCE)
    hand("e-3", sender)
    hand("e-4", sender)
    hand("theirs", replace(sender, tenant_id=make_tenant(), principal=Principal("x", "service")))
    assert arrived.acquire(timeout=PATIENCE)
    assert groups == [["a-0"], ["a-1"], ["e-0", "e-1"], ["theirs"]]
    let_go.set()
    assert arrived.acquire(timeout=PATIENCE)
    assert groups[4:] == [["e-2", "e-3", "e-4"]]
    assert len(logged(world)) == 7


def test_the_queue_is_bounded_and_holds_nothing_of_what_is_refused(
    world: World, sender: Sender, make_tenant: Callable[[], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.channel.app
    intake = Intake(app.database, app.engine, app.clock, most_waiting=100, backlog=10_000, patience=PATIENCE)
    held, let_go = threading.Semaphore(0), threading.Event()
    real = intake._store

    def waiting(key: Any, group: Any) -> None:
        held.release()
        assert let_go.wait(PATIENCE)
        real(key, group)

    monkeypatch.setattr(Intake, "_store", lambda self, key, group: waiting(key, group))
    done: list[Parcel] = []
    all_done = threading.Event()

    def deliver(parcels: Sequence[Parcel]) -> None:
        done.extend(parcels)
        if len(done) == taken:
            all_done.set()

    def hand(name: str, whose: Sender) -> bool:
        made = parcel(world, whose, ordered(name))
        made.deliver = deliver
        try:
            intake.hand_in(made)
        except Busy:
            return False
        return True

    taken = 1 << 30
    strangers = [replace(sender, tenant_id=make_tenant(), principal=Principal("x", "service")) for _ in range(200)]
    for busy in (sender, strangers.pop()):  # every thread has something in hand
        assert hand("first", busy)
        assert held.acquire(timeout=PATIENCE)
    flood = [hand(f"e-{n}", sender) for n in range(5000)]
    assert flood.count(True) == 50
    assert intake.waiting == 50
    # A tenant that floods has half of the queue; the other half is for everybody else.
    assert [hand("e", s) for s in strangers].count(True) == 50
    assert intake.waiting == 100
    taken = 102
    let_go.set()
    assert all_done.wait(PATIENCE)
    assert intake.waiting == 0
    assert len(logged(world)) == 51
    assert not intake._waiting
    assert not intake._events


def test_what_waited_longer_than_its_sender_is_not_stored(world: World, sender: Sender, intake: Intake) -> None:
    late = parcel(world, sender, ordered("e-1"))
    late.since -= intake.patience
    result, fine = store(intake, late, parcel(world, sender, ordered("e-2")))
    assert isinstance(result, TooLate)
    assert fine == ["new"]
    assert logged(world) == ["e-2"]


def test_a_tenant_whose_lanes_are_far_behind_is_refused_until_they_have_caught_up(
    world: World,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    make_tenant: Callable[[], UUID],
    tmp_path: Path,
    clock: FixedClock,
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)
    app = world.channel.app
    intake = Intake(app.database, app.engine, app.clock, most_waiting=1000, backlog=8, patience=PATIENCE)
    results = [store(intake, parcel(world, sender, ordered(f"e-{n}")))[0] for n in range(12)]
    assert results[:8] == [["new"]] * 8
    assert {type(r) for r in results[8:]} == {Busy}
    assert results[8].retry_after == 5
    assert len(logged(world)) == 8
    other = open_world(database, make_tenant(), clock, tmp_path / "other")
    theirs = load_source(database, other.channel.app.envelope, other.slug, SOURCE, clock.now())
    assert store(intake, parcel(other, theirs, ordered("e-1"))) == [["new"]]
    world.govern()
    assert store(intake, parcel(world, sender, ordered("e-late"))) == [["new"]]


def test_while_a_tenant_is_too_far_behind_nothing_of_it_is_queued(
    world: World, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 3600.0)
    app = world.channel.app
    intake = Intake(app.database, app.engine, app.clock, most_waiting=1000, backlog=1, patience=PATIENCE)
    store(intake, parcel(world, sender, ordered("e-1")))
    store(intake, parcel(world, sender, ordered("e-2")))
    with pytest.raises(Busy):
        intake.hand_in(parcel(world, sender, ordered("e-3")))
    assert intake.waiting == 0


def test_a_tenant_that_sent_what_it_may_today_is_told_when_to_come_again(
    world: World, sender: Sender, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "LOOK_SECONDS", 0.0)
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        set_quotas(conn, Context(world.channel.tenant, SYSTEM, world.channel.clock.now()), {"events_per_day": 2})
    assert store(intake, parcel(world, sender, ordered("e-1"), ordered("e-2"))) == [["new", "new"]]
    (refused,) = store(intake, parcel(world, sender, ordered("e-3")))
    assert isinstance(refused, Busy)
    assert "may send 2 events a day" in refused.message
    assert 0 < refused.retry_after <= 86_400
    assert logged(world) == ["e-1", "e-2"]


def test_senders_that_are_kept_are_bounded_and_made_up_ones_push_out_none(sender: Sender) -> None:
    cache = SenderCache(most=10)
    cache.keep(("source", "t", "real"), sender)
    for number in range(1000):
        cache.keep(("source", "t", f"made-up-{number}"), replace(sender, active=False))
    assert cache.get(("source", "t", "real")) is sender
    assert len(cache) == 11
    for number in range(1000):
        cache.keep(("source", "t", f"real-{number}"), sender)
    assert len(cache) == 20
