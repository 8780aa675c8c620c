"""Word of changes reaches whom it concerns in every process, gathered, and nobody else."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import islice
from uuid import UUID, uuid4

import psycopg
import pytest

from headgate.kernel.clock import FixedClock
from headgate.store import Database
from headgate.store import hearing as module
from headgate.store.hearing import ANYTHING, Hearing, Listener, place_of
from headgate.store.news import CHANNEL, MOST_PARTNERS, SESSIONS, News, mark_of, notice_of, tell_within
from tests.conftest import NOW

PATIENCE = 60.0
MANY_FILES = 1100


class Ear:
    """A listener that remembers. `heard` waits until something was told."""

    def __init__(self, hearing: Hearing, tenant: UUID, partner: str = "", person: str = "user:carl") -> None:
        self.told: list[frozenset[str]] = []
        self.ended = threading.Event()
        self._rung = threading.Condition()
        self.listener = Listener(place_of(tenant, partner), person, self._wake, self.ended.set)
        self.joined = hearing.join(self.listener, 5, 4, 3)

    def _wake(self, kinds: frozenset[str]) -> None:
        with self._rung:
            self.told.append(kinds)
            self._rung.notify_all()

    def heard(self, kind: str) -> bool:
        """Whether it was told of such a thing, sooner or later."""
        with self._rung:
            return self._rung.wait_for(lambda: any(kind in kinds for kinds in self.told), PATIENCE)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


class Waiting(Hearing):
    """Connects when a test has let in everybody who is to be told of it: who joins later is told nothing."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        super().__init__(database, clock)
        self.all_in = threading.Event()

    def _follow(self, bell: socket.socket) -> None:
        self.all_in.wait(PATIENCE)
        super()._follow(bell)

    def close(self) -> None:
        self.all_in.set()
        super().close()


@pytest.fixture
def hearing(database: Database, clock: FixedClock) -> Iterator[Waiting]:
    """One process that hears, from when `ready` is called."""
    made = Waiting(database, clock)
    yield made
    made.close()


@pytest.fixture
def news(database: Database) -> Iterator[News]:
    """One process that tells."""
    made = News(database)
    made.open()
    yield made
    made.close()


def ready(hearing: Waiting, *ears: Ear) -> None:
    """Let it connect, and wait until each was told that it is connected now."""
    hearing.all_in.set()
    for ear in ears:
        assert ear.joined
        assert ear.heard("anything")
    assert hearing.listening


def test_staff_hear_of_their_tenant_in_every_process_and_of_no_other(
    database: Database, clock: FixedClock, hearing: Waiting, news: News
) -> None:
    other_process = Hearing(database, clock)
    mine, theirs = uuid4(), uuid4()
    ours, far, foreign = Ear(hearing, mine), Ear(other_process, mine), Ear(hearing, theirs)
    ready(hearing, ours, far, foreign)
    news.tell(mine, {"order"}, {"P-1"})
    assert ours.heard("order")
    assert far.heard("order")
    news.tell(theirs, {"deal"})
    assert foreign.heard("deal")
    assert foreign.told == [ANYTHING, {"deal"}]
    other_process.close()


def test_a_partners_people_hear_of_their_own_and_not_that_there_was_anything_else(hearing: Waiting, news: News) -> None:
    tenant = uuid4()
    one, two = Ear(hearing, tenant, "P-1"), Ear(hearing, tenant, "P-2")
    ready(hearing, one, two)
    news.tell(tenant, {"order"}, {"P-1"})
    news.tell(tenant, {"masters"})
    assert one.heard("order")
    news.flush()
    news.tell(tenant, {"deal"}, {"P-2"})
    assert two.heard("deal")
    assert two.told == [ANYTHING, {"deal"}]


def test_what_comes_in_a_rush_is_told_at_once_and_holds_no_codes(
    database: Database, news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.store.news.GATHER_SECONDS", PATIENCE)  # however long it takes to tell of them all
    tenant = uuid4()
    with database.listen(CHANNEL) as conn:
        for number in range(500):
            news.tell(tenant, {"order"}, {f"P-{number}"})
        news.flush()
        with closing(conn.notifies(timeout=PATIENCE)) as heard:  # left open, it would keep the connection from ending
            told = list(islice((n.payload for n in heard if str(tenant) in n.payload), 2))
    assert len(told) == -(-500 // MOST_PARTNERS)
    assert all(len(payload) < 8000 and "P-4" not in payload for payload in told)
    notices = [notice_of(payload) for payload in told]
    assert all(n is not None and n.tenant == tenant and n.kinds == {"order"} for n in notices)
    assert {mark for n in notices if n for mark in n.partners} == {mark_of(tenant, f"P-{n}") for n in range(500)}
    assert mark_of(tenant, "P-1") != mark_of(uuid4(), "P-1")


def test_a_session_that_ended_concerns_all_streams_of_the_tenant_and_is_no_news(
    database: Database, tenant: UUID, hearing: Waiting
) -> None:
    staff, partner = Ear(hearing, tenant), Ear(hearing, tenant, "P-1")
    ready(hearing, staff, partner)
    with database.transaction(tenant) as conn:
        tell_within(conn, tenant, (SESSIONS,))
    assert staff.heard(SESSIONS)
    assert partner.heard(SESSIONS)
    assert staff.told[1:] == [{SESSIONS}]
    assert not hearing.missed(place_of(tenant, None), NOW + timedelta(seconds=1))


def test_a_transaction_that_fails_tells_nothing(database: Database, tenant: UUID, hearing: Waiting) -> None:
    ear = Ear(hearing, tenant)
    ready(hearing, ear)
    with pytest.raises(ZeroDivisionError), database.transaction(tenant) as conn:
        tell_within(conn, tenant, ("order",))
        raise ZeroDivisionError
    with database.transaction(tenant) as conn:
        tell_within(conn, tenant, ("deal",))
    assert ear.heard("deal")
    assert ear.told == [ANYTHING, {"deal"}]


def test_a_lost_connection_is_made_again_and_everybody_looks_anew(
    database: Database, hearing: Waiting, news: News, cluster: object, worker_database: str
) -> None:
    tenant = uuid4()
    ear = Ear(hearing, tenant)
    ready(hearing, ear)
    ear.told.clear()
    with psycopg.connect(cluster.admin_dsn(worker_database), autocommit=True) as conn:  # type: ignore[attr-defined]
        # Of this database alone: other tests listen on the same server.
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where query like 'listen %' and datname = current_database()"
        )
    assert ear.heard("anything")
    news.tell(tenant, {"order"})
    assert ear.heard("order")


@pytest.fixture
def many_files() -> Iterator[None]:
    """More than a thousand files are open, as in a process with that many connections."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < MANY_FILES * 2:
        pytest.skip(f"this account may open {most} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(least, MANY_FILES * 2), most))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(MANY_FILES)]
    yield
    for each in opened:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def test_a_process_with_many_connections_hears_as_well(many_files: None, hearing: Waiting, news: News) -> None:
    tenant = uuid4()
    ear = Ear(hearing, tenant)
    ready(hearing, ear)
    news.tell(tenant, {"order"})
    assert ear.heard("order")


def hearing_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "headgate-news"}


def test_a_listener_that_comes_as_nobody_is_listened_for_any_more_is_let_go_at_once(
    hearing: Waiting, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    gone, let_go, left = threading.Event(), threading.Event(), Database.listen
    others = set(threading.enumerate())

    class Slow:
        """A connection that takes its time to be closed."""

        def __init__(self, conn: psycopg.Connection) -> None:
            self.conn = conn

        def __enter__(self) -> psycopg.Connection:
            return self.conn

        def __exit__(self, *_: object) -> None:
            self.conn.close()
            gone.set()
            assert let_go.wait(PATIENCE)

    monkeypatch.setattr(Database, "listen", lambda self, channel: Slow(left(self, channel)))
    first = Ear(hearing, uuid4())
    ready(hearing, first)
    hearing.leave(first.listener)
    assert gone.wait(PATIENCE)
    monkeypatch.undo()
    (old,) = hearing_threads() - others
    second = Ear(hearing, uuid4())
    ready(hearing, second)
    let_go.set()
    old.join(PATIENCE)
    (new,) = hearing_threads() - others - {old}
    hearing.close()
    assert not new.is_alive()


def test_a_page_learns_whether_it_missed_something(hearing: Waiting, news: News, clock: FixedClock) -> None:
    tenant = uuid4()
    place, other = place_of(tenant, None), place_of(tenant, "P-9")
    assert hearing.missed(place, NOW), "nobody listened yet, so nobody knows"
    ear = Ear(hearing, tenant)
    ready(hearing, ear)
    clock.move(timedelta(minutes=1))
    assert not hearing.missed(place, NOW + timedelta(seconds=30))
    news.tell(tenant, {"order"}, {"P-1"})
    assert ear.heard("order")
    assert hearing.missed(place, NOW + timedelta(seconds=30))
    assert not hearing.missed(other, NOW + timedelta(seconds=30))
    assert not hearing.missed(place, NOW + timedelta(minutes=2))


def test_too_many_are_refused_by_person_by_tenant_and_altogether(hearing: Waiting) -> None:
    tenant = uuid4()
    ears = [Ear(hearing, tenant) for _ in range(4)]
    assert [ear.joined for ear in ears] == [True, True, True, False]
    assert Ear(hearing, tenant, person="user:fay").joined
    assert not Ear(hearing, tenant, person="user:fay").joined, "the tenant has its four"
    assert Ear(hearing, uuid4()).joined
    assert not Ear(hearing, uuid4()).joined, "there are five altogether"
    hearing.leave(ears[0].listener)
    hearing.leave(ears[0].listener)
    assert hearing.count() == 4
    assert Ear(hearing, tenant).joined


def test_closing_ends_everybody_and_takes_nobody_any_more(hearing: Waiting) -> None:
    ear = Ear(hearing, uuid4())
    ready(hearing, ear)
    hearing.close()
    assert ear.ended.is_set()
    assert not Ear(hearing, uuid4()).joined


def test_news_that_nobody_opened_are_not_told_and_a_dead_database_loses_them_quietly(database: Database) -> None:
    silent = News(database)
    silent.tell(uuid4(), {"order"})
    silent.close()
    gone = Database(database._dsn, pool_size=1)
    gone.close()
    late = News(gone)
    late.open()
    late.tell(uuid4(), {"order"})
    late.flush()


@pytest.mark.parametrize("payload", ["", "x", "{}", "[]", "null", '{"tenant":"x","kinds":[],"partners":[]}', "3"])
def test_what_nobody_here_has_sent_is_passed_over(payload: str) -> None:
    assert notice_of(payload) is None
