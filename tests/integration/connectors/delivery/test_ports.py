"""What every kind of delivery keeps to; a new port is added to `PORTS` and inherits the suite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from headgate.connectors.delivery import Answer, DeliveryPort, Parcel, WebhookPort, Wire
from headgate.connectors.delivery.core.message import Fact
from headgate.kernel.errors import invalid
from headgate.kernel.ids import new_id
from tests.integration.connectors.delivery.conftest import HERE, NOW
from tests.integration.connectors.delivery.receiver import Reply, free_port, receiving


@dataclass(slots=True)
class Outside:
    """The other side of a port: where it is, what it does next, and which messages had an effect there."""

    url: str
    behave: Callable[[str], None]
    effects: Callable[[], Mapping[str, int]]


@dataclass(slots=True)
class MemoryPort:
    """A system within the test: the smallest port there can be."""

    effects: dict[str, int] = field(default_factory=dict)
    mood: str = "well"

    def check(self, url: str, config: Mapping[str, Any]) -> None:
        if not url.startswith("memory:"):
            raise invalid("url", url, "is not in memory")

    def send(self, parcel: Parcel, now: datetime) -> Answer:
        if self.mood in ("down", "silent"):
            return Answer(error="no answer")
        self.effects.setdefault(str(parcel.id), 1)
        return Answer({"well": 200, "refuses": 422, "breaks": 500}[self.mood])


@contextmanager
def webhook() -> Iterator[tuple[DeliveryPort, Outside]]:
    release = threading.Event()
    with receiving() as receiver:

        def behave(how: str) -> None:
            moods: dict[str, Reply | int] = {"refuses": 422, "breaks": 500, "silent": Reply(hold=release)}
            receiver.answer(moods.get(how, 200))
            if how == "down":
                outside.url = f"http://127.0.0.1:{free_port()}/"

        outside = Outside(receiver.url, behave, lambda: receiver.effects)
        yield WebhookPort(HERE, Wire(HERE)), outside
        release.set()


@contextmanager
def memory() -> Iterator[tuple[DeliveryPort, Outside]]:
    port = MemoryPort()

    def behave(how: str) -> None:
        port.mood = how

    yield port, Outside("memory:here", behave, lambda: port.effects)


PORTS: dict[str, Callable[[], AbstractContextManager[tuple[DeliveryPort, Outside]]]] = {
    "webhook": webhook,
    "memory": memory,
}


@pytest.fixture(params=list(PORTS))
def both(request: pytest.FixtureRequest) -> Iterator[tuple[DeliveryPort, Outside]]:
    with PORTS[request.param]() as made:
        yield made


def parcel(outside: Outside) -> Parcel:
    message = new_id(NOW)
    fact = Fact(str(message), "urn:test", "thing.release", "T-1", NOW, {"a": "1"})
    return Parcel(message, fact, outside.url, {}, (), "", 1)


def test_what_arrives_is_answered_so(both: tuple[DeliveryPort, Outside]) -> None:
    port, outside = both
    sent = parcel(outside)
    answer = port.send(sent, NOW)
    assert (answer.status, answer.error, answer.blocked) == (200, "", False)
    assert outside.effects() == {str(sent.id): 1}


def test_the_same_parcel_twice_has_one_effect(both: tuple[DeliveryPort, Outside]) -> None:
    port, outside = both
    sent = parcel(outside)
    port.send(sent, NOW)
    port.send(sent, NOW)
    port.send(replace(sent, id=new_id(NOW)), NOW)
    assert sorted(outside.effects().values()) == [1, 1]


@pytest.mark.parametrize(("how", "status"), [("refuses", 422), ("breaks", 500), ("down", None), ("silent", None)])
def test_whatever_the_outside_does_it_is_an_answer(
    both: tuple[DeliveryPort, Outside], how: str, status: int | None
) -> None:
    port, outside = both
    outside.behave(how)
    answer = port.send(parcel(outside), NOW)
    assert answer.status == status
    assert bool(answer.error) == (status is None)
    assert not answer.blocked


def test_a_place_it_cannot_send_to_is_refused_without_asking_the_network(both: tuple[DeliveryPort, Outside]) -> None:
    port, outside = both
    port.check(outside.url, {})
    with pytest.raises(Exception, match="url"):
        port.check("nonsense", {})
