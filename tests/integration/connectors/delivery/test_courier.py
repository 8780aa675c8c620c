"""Commands on their way to a real receiver: one effect, whatever it answers."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from headgate.connectors.delivery import attempts_of
from headgate.ledger import audit_list, event_list
from tests.integration.connectors.delivery.conftest import NOW, Post
from tests.integration.connectors.delivery.receiver import Receiver, Reply, free_port


def test_a_command_arrives_as_a_signed_cloud_event_and_its_case_hears_of_it(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url)
    case = uuid4()
    [id] = post.want("a", process="order", key="order:T-a", case_id=case, step="released")
    assert post.due() == ["erp"]
    post.deliver()
    [got] = receiver.received
    assert got.event == {
        "specversion": "1.0",
        "id": str(id),
        "source": f"urn:headgate:{post.tenant}:headgate",
        "type": "thing.release",
        "subject": "T-a",
        "time": "2026-03-02T09:00:00.000000Z",
        "datacontenttype": "application/json",
        "idempotencykey": "a",
        "data": {"amount": "1.10", "key": "a"},
    }
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert got.headers["idempotency-key"] == f'"{id}"'
    assert got.headers["webhook-id"] == str(id)
    assert got.headers["webhook-signature"].startswith("v1,")
    [sent] = post.commands(status="sent")
    assert (sent.id, sent.attempts, sent.sent_at) == (id, 1, NOW)
    with post.database.transaction(post.tenant) as conn:
        [told] = event_list(conn, type="command.delivered")
        [tried] = attempts_of(conn, id)
    assert (told.key, told.data["process"], told.data["step"]) == ("order:T-a", "order", "released")
    assert told.data["command"] == str(id)
    assert (tried.outcome, tried.status, tried.excerpt) == ("delivered", 200, '{"ok": true}')
    assert post.due() == []


def test_commands_nobody_registered_a_target_for_wait(post: Post, receiver: Receiver) -> None:
    post.want("a")
    assert post.due() == []
    assert post.claim() == []
    post.target(receiver.url)
    assert [d.answer.status for d in post.deliver()] == [200]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 301, 302, 307, 199 + 105])
def test_what_time_may_mend_is_tried_again_under_the_same_id(post: Post, receiver: Receiver, status: int) -> None:
    post.target(receiver.url)
    [id] = post.want("a")
    receiver.answer(Reply(status, {"location": receiver.url + "/elsewhere"}), 200)
    post.deliver()
    [waiting] = post.commands()
    assert (waiting.status, waiting.attempts, waiting.next_at) == ("pending", 1, NOW + timedelta(seconds=5))
    assert str(status) in str(waiting.last_error)
    assert post.claim() == []
    post.pass_time(seconds=5)
    post.deliver()
    assert post.commands()[0].status == "sent"
    assert receiver.effects == {str(id): 1}
    assert [r.path for r in receiver.received] == ["/hooks", "/hooks"]  # a redirect is not followed
    assert len({r.headers["webhook-id"] for r in receiver.received}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_a_refusal_is_final_and_its_case_hears_of_that(post: Post, receiver: Receiver, status: int) -> None:
    post.target(receiver.url)
    [id] = post.want("a", process="order", key="order:T-a", step="released")
    receiver.answer(Reply(status, body=b"no such order, token=abc123"))
    post.deliver()
    [dead] = post.commands(status="dead")
    assert dead.last_error == f"answered {status}: no such order, token=[hidden]"
    with post.database.transaction(post.tenant) as conn:
        [told] = event_list(conn, type="command.failed")
        [entry] = audit_list(conn, action="command.dead")
    assert told.data["reason"] == dead.last_error
    assert entry.subject == str(id)
    assert post.state().target.status == "active"  # a target of commands is not given up for an answer of 410


def test_after_the_last_attempt_a_command_is_dead(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url, max_attempts=3)
    post.want("a")
    receiver.answer(500)
    for pause in (5, 10, 20):
        post.deliver()
        post.pass_time(seconds=pause)
    [dead] = post.commands()
    assert (dead.status, dead.attempts) == ("dead", 3)
    assert "attempt 3 of 3" in str(dead.last_error)
    assert len(receiver.received) == 3


def test_a_receiver_that_is_down_is_found_down(post: Post) -> None:
    post.target(f"http://127.0.0.1:{free_port()}/hooks")
    post.want("a")
    [done] = post.deliver()
    assert done.answer.status is None
    assert done.answer.error == "cannot connect: Connection refused"
    assert post.commands()[0].status == "pending"


def test_a_receiver_that_never_answers_is_left_after_the_timeout(post: Post, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.answer(Reply(hold=release))
    post.target(receiver.url, timeout_seconds=1)
    post.want("a")
    try:
        [done] = post.deliver()
    finally:
        release.set()
    assert done.answer.status is None
    assert "no answer" in done.answer.error


def test_a_receiver_that_drips_its_answer_is_left_after_the_time_allowed_in_all(post: Post, receiver: Receiver) -> None:
    receiver.answer(Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"x-slow: yes\r\n" * 50 + b"\r\n", drip=0.15))
    post.target(receiver.url, timeout_seconds=1)
    post.want("a")
    [done] = post.deliver()
    assert done.answer.status is None
    assert "no answer within the time allowed" in done.answer.error


@pytest.mark.parametrize(
    "raw",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 999 What\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"\x00" * 300],
)
def test_an_answer_that_is_no_http_is_tried_again(post: Post, receiver: Receiver, raw: bytes) -> None:
    receiver.answer(Reply(raw=raw))
    post.target(receiver.url)
    post.want("a")
    post.deliver()
    assert post.commands()[0].status == "pending"


def test_an_endless_answer_is_read_in_part_only(post: Post, receiver: Receiver) -> None:
    receiver.answer(Reply(body=b"abc " * 5_000_000))
    post.target(receiver.url)
    post.want("a")
    [done] = post.deliver()
    assert done.answer.status == 200
    assert len(done.answer.excerpt) <= 300
    assert post.commands()[0].status == "sent"


def test_an_answer_cut_short_after_its_status_is_an_answer(post: Post, receiver: Receiver) -> None:
    receiver.answer(Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"))
    post.target(receiver.url)
    post.want("a")
    post.deliver()
    assert post.commands()[0].status == "sent"


def test_a_pause_that_is_asked_for_holds_everything_back(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url)
    post.want("a", "b")
    receiver.answer(Reply(429, {"retry-after": "120"}), 200)
    post.deliver(slots=1)
    assert post.due() == []
    post.pass_time(seconds=119)
    assert post.due() == []
    post.pass_time(seconds=1)
    assert post.due() == ["erp"]
    assert len(post.deliver()) == 2
    assert post.state().state.breaker.state == "closed"


def test_the_breaker_opens_probes_and_closes(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url, concurrency=5)
    post.want(*"abcdefgh")
    receiver.answer(500)
    assert len(post.deliver()) == 5
    state = post.state().state
    assert (state.breaker.state, state.breaker.until) == ("open", NOW + timedelta(seconds=30))
    assert "answered 500" in state.breaker.reason
    assert post.due() == []
    assert post.claim() == []
    post.pass_time(seconds=30)
    [probe] = post.claim()
    assert post.state().state.breaker.state == "half_open"
    assert post.claim() == []  # one at a time
    post.courier.record(post.tenant, [post.courier.send(probe)])
    assert post.state().state.breaker.until == NOW + timedelta(seconds=90)
    post.pass_time(seconds=60)
    receiver.answer(200)
    assert len(post.deliver()) == 1
    assert post.state().state.breaker.state == "closed"
    assert len(post.deliver()) == 5


def test_wrong_credentials_stop_the_flow_before_they_kill_it(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url, concurrency=1)
    post.want(*"abcdefghij")
    receiver.answer(401)
    while post.deliver():
        pass
    assert len(post.commands(status="dead")) == 5
    assert len(post.commands(status="pending")) == 5
    assert post.state().state.breaker.state == "open"


def test_the_rate_is_kept_over_all_workers(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url, rate=Decimal(2), burst=3, concurrency=60)
    post.want(*map(str, range(20)))
    assert [len(post.deliver()), len(post.deliver())] == [3, 0]
    assert post.due() == []
    post.pass_time(seconds=0.5)
    assert post.due() == ["erp"]
    assert [len(post.deliver()), len(post.deliver())] == [1, 0]
    post.pass_time(hours=1)
    assert len(post.deliver(slots=50)) == 3
    post.pass_time(minutes=-30)  # a clock set back neither stops nor floods
    assert post.due() == ["erp"]
    assert len(post.deliver(slots=50)) == 0
    post.pass_time(seconds=1)
    assert len(post.deliver(slots=50)) == 2


def test_no_more_are_under_way_than_the_target_allows(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url, concurrency=2)
    post.want(*"abcde")
    first = post.claim()
    assert len(first) == 2
    assert post.claim() == []
    post.courier.record(post.tenant, [post.courier.send(first[0])])
    assert len(post.claim()) == 1
    post.pass_time(seconds=41)  # whoever had them died: their leases are over
    assert len(post.claim()) == 2


def test_messages_of_a_worker_that_died_are_sent_again_with_one_effect(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url)
    [id] = post.want("a", process="order", key="order:T-a", step="released")
    [lost] = post.claim()
    late = post.courier.send(lost)  # sent, and killed before it was written down
    post.pass_time(seconds=41)
    post.deliver()
    assert [r.id for r in receiver.received] == [str(id), str(id)]
    assert receiver.effects == {str(id): 1}
    post.courier.record(post.tenant, [late])  # the one thought dead comes back
    with post.database.transaction(post.tenant) as conn:
        assert len(event_list(conn, type="command.delivered")) == 1


def test_commands_of_one_subject_arrive_in_order_where_that_is_asked(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url, ordered=True)
    post.want("1", "2", "3", subject="T-1")
    post.want("4", subject="T-2")
    receiver.answering = lambda r: Reply(500 if r.event["data"]["key"] == "1" and len(receiver.received) < 4 else 200)
    for _ in range(6):
        post.deliver()
        post.pass_time(minutes=1)
    arrived = [r.event["data"]["key"] for r in receiver.received]
    assert [key for key in arrived if key != "4"] == ["1", "1", "1", "2", "3"]


def test_a_port_that_breaks_loses_nothing(post: Post, receiver: Receiver) -> None:
    class Broken:
        def check(self, *_: object) -> None:
            return

        def send(self, *_: object) -> None:
            raise RuntimeError("boom")

    ports = dict(post.courier.ports)
    post.courier.ports["broken"] = Broken()  # type: ignore[index]
    try:
        post.target(receiver.url, kind="broken")
        post.want("a")
        [done] = post.deliver()
    finally:
        post.courier.ports.clear()  # type: ignore[attr-defined]
        post.courier.ports.update(ports)  # type: ignore[attr-defined]
    assert "RuntimeError" in done.answer.error
    assert "boom" not in done.answer.error
    assert post.commands()[0].status == "pending"


def test_what_was_claimed_and_is_not_sent_goes_back_uncounted(post: Post, receiver: Receiver) -> None:
    post.target(receiver.url)
    post.want("a", "b")
    post.courier.put_back(post.claim())
    assert [e.command.attempts for e in post.claim()] == [1, 1]


def test_a_target_without_a_secret_in_use_or_with_authorization_sends_what_it_has(
    post: Post, receiver: Receiver
) -> None:
    post.target(receiver.url, authorization="Bearer abc.def")
    post.want("a")
    receiver.answer(Reply(400, body=b"you sent Bearer abc.def"))
    post.deliver()
    assert receiver.received[0].headers["authorization"] == "Bearer abc.def"
    assert "abc.def" not in str(post.commands()[0].last_error)
    stored = post.rows('select "authorization", secrets::text from targets')
    assert "abc.def" not in str(stored)
    assert "whsec_" not in str(stored)
