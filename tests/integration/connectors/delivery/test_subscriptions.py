"""Events to subscribers: who gets what, signed so that the public libraries take it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import svix.webhooks
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from headgate.connectors.delivery import create_target, fan_out, ping, rotate_secret, set_status
from headgate.connectors.delivery.targets import TargetDraft
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import Conflict, NotFound
from headgate.ledger import NewEvent, StoredEvent, append_events, audit_list, event_list, events_get
from tests.integration.connectors.delivery.conftest import Post
from tests.integration.connectors.delivery.receiver import Receiver, Reply

SHOP = "subscription:shop"


def subscribe(post: Post, url: str, code: str = "shop", types: Sequence[str] = (), **changes: Any) -> str:
    with post.database.transaction(post.tenant) as conn:
        _, secret = create_target(
            conn,
            post.ctx,
            post.envelope,
            post.courier.ports,
            TargetDraft(code=code, url=url, types=tuple(types), **changes),
            purpose="events",
        )
    return secret


def happen(post: Post, *types: str, start: int = 1) -> list[StoredEvent]:
    """Events that were applied."""
    with post.database.transaction(post.tenant) as conn:
        new = [
            NewEvent(
                "shop/1", f"e-{n}", type_, f"T-{n}", f"thing:{n}", post.clock.now(), {"n": n, "price": "1.50"}, "x"
            )
            for n, type_ in enumerate(types, start)
        ]
        events = events_get(conn, [a.seq for a in append_events(conn, post.clock.now(), new, lanes=4)])
        fan_out(conn, post.ctx, events, [])
    return events


def test_a_subscriber_gets_the_event_as_it_stands_in_the_log(post: Post, receiver: Receiver) -> None:
    subscribe(post, receiver.url)
    happen(post, "thing.happened")
    assert post.rows("select payload::text, event_seq is not null from outbox") == [("{}", True)]
    post.deliver(SHOP)
    [got] = receiver.received
    assert got.event == {
        "specversion": "1.0",
        "id": "e-1",
        "source": f"urn:headgate:{post.tenant}:shop%2F1",
        "type": "thing.happened",
        "subject": "T-1",
        "time": "2026-03-02T09:00:00.000000Z",
        "datacontenttype": "application/json",
        "data": {"n": 1, "price": "1.50"},
    }
    # Only cases hear of results: a subscriber's would tell of itself for ever.
    with post.database.transaction(post.tenant) as conn:
        assert event_list(conn, type="command.delivered") == []


def test_each_subscriber_gets_the_types_it_asked_for(post: Post, receiver: Receiver) -> None:
    subscribe(post, receiver.url, "all")
    subscribe(post, receiver.url, "star", ["*"])
    subscribe(post, receiver.url, "orders", ["order.*", "timer.fired"])
    subscribe(post, receiver.url, "paused")
    with post.database.transaction(post.tenant) as conn:
        set_status(conn, post.ctx, "subscription:paused", "paused", "for now")
    happen(post, "order.submitted", "orders.counted", "timer.fired", "partner.recorded")
    wanted: dict[str, list[str]] = {}
    for command in post.commands():
        wanted.setdefault(command.target.partition(":")[2], []).append(command.type)
    assert {code: sorted(types) for code, types in wanted.items()} == {
        "all": ["order.submitted", "orders.counted", "partner.recorded"],
        "star": ["order.submitted", "orders.counted", "partner.recorded"],
        "orders": ["order.submitted", "timer.fired"],
    }


def test_the_public_libraries_take_what_is_sent(post: Post, receiver: Receiver) -> None:
    post.clock.set(SystemClock().now())  # the libraries ask the machine
    secret = subscribe(post, receiver.url)
    happen(post, "thing.happened")
    post.deliver(SHOP)
    [got] = receiver.received
    assert Webhook(secret).verify(got.body, dict(got.headers)) == got.event
    svix.webhooks.Webhook(secret).verify(got.body, dict(got.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.replace(b"1.50", b"9.50"), dict(got.headers))


def test_a_secret_is_replaced_without_a_message_that_one_side_cannot_check(post: Post, receiver: Receiver) -> None:
    post.clock.set(SystemClock().now())
    old = subscribe(post, receiver.url)
    with post.database.transaction(post.tenant) as conn:
        new, until = rotate_secret(conn, post.ctx, post.envelope, SHOP, overlap=timedelta(seconds=20))
        assert until == post.clock.now() + timedelta(seconds=20)
    assert post.state(SHOP).target.secret_count == 2
    happen(post, "thing.happened")
    post.deliver(SHOP)
    [first] = receiver.received
    for secret in (old, new):
        Webhook(secret).verify(first.body, dict(first.headers))
        svix.webhooks.Webhook(secret).verify(first.body, dict(first.headers))
    post.pass_time(seconds=20)
    happen(post, "thing.happened", start=2)
    post.deliver(SHOP)
    second = receiver.received[1]
    Webhook(new).verify(second.body, dict(second.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(second.body, dict(second.headers))


def test_secrets_do_not_pile_up(post: Post, receiver: Receiver) -> None:
    subscribe(post, receiver.url)
    with post.database.transaction(post.tenant) as conn:
        for _ in range(3):
            rotate_secret(conn, post.ctx, post.envelope, SHOP)
        with pytest.raises(Conflict, match="4 secrets"):
            rotate_secret(conn, post.ctx, post.envelope, SHOP)
        rotate_secret(conn, post.ctx, post.envelope, SHOP, overlap=timedelta())
    assert post.state(SHOP).target.secret_count == 1
    with post.database.transaction(post.tenant) as conn:
        entries = audit_list(conn, action="subscription.secret_rotated")
    assert len(entries) == 4
    assert "whsec_" not in str([e.body for e in entries])


def test_a_subscriber_that_is_gone_is_disabled_and_that_is_told(post: Post, receiver: Receiver) -> None:
    subscribe(post, receiver.url)
    happen(post, "thing.happened", "thing.happened")
    receiver.answer(410)
    post.deliver(SHOP)
    target = post.state(SHOP).target
    assert (target.status, target.status_reason) == ("disabled", "it answered 410 Gone")
    with post.database.transaction(post.tenant) as conn:
        [entry] = audit_list(conn, action="subscription.disabled")
        [notice] = event_list(conn, type="subscription.disabled")
    assert (entry.subject, entry.actor) == ("shop", "system")
    assert notice.data["subscription"] == "shop"
    happen(post, "thing.happened", start=3)
    assert post.due() == []
    assert len(receiver.received) == 2


def test_a_ping_says_at_once_what_was_answered(post: Post, receiver: Receiver) -> None:
    secret = subscribe(post, receiver.url)
    post.clock.set(SystemClock().now())
    good = ping(post.courier, post.ctx, SHOP)
    assert (good.ok, good.answer.status) == (True, 200)
    [got] = receiver.received
    assert got.event["type"] == "headgate.ping"
    Webhook(secret).verify(got.body, dict(got.headers))
    receiver.answer(Reply(500, body=b"database down"))
    bad = ping(post.courier, post.ctx, SHOP)
    assert (bad.ok, str(bad.answer)) == (False, "answered 500: database down")
    assert post.commands() == []
    assert post.rows("select outcome, status from delivery_attempts order by id") == [
        ("delivered", 200),
        ("refused", 500),
    ]
    with post.database.transaction(post.tenant) as conn:
        assert [e.body["ok"] for e in audit_list(conn, action="subscription.pinged")] == [False, True]
    with pytest.raises(NotFound, match="no subscription nobody"):
        ping(post.courier, post.ctx, "subscription:nobody")


def test_the_same_event_is_told_once_however_often_it_is_applied(post: Post, receiver: Receiver) -> None:
    subscribe(post, receiver.url)
    events = happen(post, "thing.happened")
    with post.database.transaction(post.tenant) as conn:
        fan_out(conn, post.ctx, events, [])
    assert len(post.commands()) == 1
