"""The loop as it runs in workers: shared between them, and nobody's silence is another's delay."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from headgate.kernel.clock import SystemClock
from headgate.worker import Deliveries
from tests.integration.connectors.delivery.conftest import Post
from tests.integration.connectors.delivery.receiver import Receiver, Reply, receiving


@contextmanager
def working(*loops: Deliveries) -> Iterator[None]:
    threads = [threading.Thread(target=loop.run, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def own(post: Post) -> Post:
    """Loops look at all tenants; other tests' messages must not be theirs. Time runs, from now."""
    post.clock.set(SystemClock().now())
    due = type(post.courier).due
    courier = post.courier

    class Mine(type(courier)):  # type: ignore[misc]
        __slots__ = ()

        def due(self, limit: int = 1000) -> list[tuple[object, str]]:
            return [place for place in due(self, limit) if place[0] == post.tenant]

    fields = ("database", "ports", "sealer", "clock", "lanes", "chance")
    post.courier = Mine(*(getattr(courier, name) for name in fields))
    return post


def test_two_workers_share_the_work_with_one_effect_each(own: Post, receiver: Receiver) -> None:
    own.target(receiver.url, concurrency=6)
    ids = own.want(*map(str, range(60)))
    with working(Deliveries(own.courier, 8, 0.05), Deliveries(own.courier, 8, 0.05)):
        receiver.wait_for(60)
    assert sorted(receiver.effects) == sorted(map(str, ids))
    assert len(receiver.received) == 60
    assert receiver.most_at_once <= 6
    assert {c.status for c in own.commands(limit=100)} == {"sent"}
    assert own.rows("select count(*) from delivery_attempts") == [(60,)]


def test_a_subscriber_that_never_answers_delays_nobody(own: Post, receiver: Receiver) -> None:
    release = threading.Event()
    with receiving() as silent:
        silent.answer(Reply(hold=release))
        for number in range(3):
            own.target(silent.url, f"silent-{number}", timeout_seconds=60, concurrency=8)
            own.want(*map(str, range(10)), target=f"silent-{number}")
        own.target(receiver.url)
        with working(Deliveries(own.courier, 8, 0.05)):
            silent.wait_for(3)
            own.want(*"abcde")
            try:
                receiver.wait_for(5)
            finally:
                release.set()
    assert len(receiver.received) == 5


def test_a_stopped_loop_writes_down_what_it_sent(own: Post, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answering = lambda _: Reply(200) if release.wait(60) else Reply(500)
    own.target(receiver.url)
    own.want("a")
    loop = Deliveries(own.courier, 4, 0.05)
    with working(loop):
        while not receiver.at_once:
            threading.Event().wait(0.02)
        loop.stop()
        release.set()
    assert [c.status for c in own.commands()] == ["sent"]
