"""What workers do to the audit chain by themselves: sign it, refuse to, and forget what is past its time."""

from __future__ import annotations

from datetime import timedelta

from headgate.ledger import (
    AuditDraft,
    QuarantineDraft,
    append_audit,
    checkpoint_list,
    checkpoint_state,
    event_list,
    quarantine_add,
    quarantine_list,
    quarantine_resolve,
)
from tests.scenarios.channel import Channel


def entry(channel: Channel, number: int) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        append_audit(conn, channel.clock.now(), [AuditDraft("a.thing", "thing", str(number), "user:ana", {})])


def sizes(channel: Channel) -> list[int]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return [found.size for found in checkpoint_list(conn)]


def test_a_worker_signs_when_something_came_and_a_quarter_of_an_hour_went_by(channel: Channel) -> None:
    channel.runner.run_jobs(channel.tenant)
    (first,) = sizes(channel)
    entry(channel, 1)
    channel.runner.run_jobs(channel.tenant)
    assert sizes(channel) == [first]
    channel.clock.set(channel.clock.now() + timedelta(minutes=15))
    channel.runner.run_jobs(channel.tenant)
    assert sizes(channel) == [first + 1, first]
    channel.clock.set(channel.clock.now() + timedelta(days=1))
    channel.runner.run_jobs(channel.tenant)
    assert sizes(channel) == [first + 1, first]


def test_a_worker_does_not_sign_a_rewritten_chain_and_tells_of_it(channel: Channel, superuser) -> None:
    channel.runner.run_jobs(channel.tenant)
    (first,) = sizes(channel)
    superuser.execute(
        "update audit_entries set actor = 'user:eve', hash = sha256('x') where tenant_id = %s and seq = %s",
        [channel.tenant, first],
    )
    entry(channel, 1)
    channel.clock.set(channel.clock.now() + timedelta(minutes=15))
    channel.runner.run_jobs(channel.tenant)
    channel.runner.drain(channel.tenant)
    assert sizes(channel) == [first]
    with channel.app.database.transaction(channel.tenant) as conn:
        assert checkpoint_state(conn).alarm
        (told,) = event_list(conn, type="audit.rewrite_detected")
    assert f"entry {first}" in told.data["reason"]
    channel.nothing_left()


def test_a_worker_purges_what_is_past_its_time(channel: Channel) -> None:
    now = channel.clock.now()
    with channel.app.database.transaction(channel.tenant) as conn:
        ids = quarantine_add(conn, now, [QuarantineDraft("row", "shop", "bad", str(n)) for n in range(2)])
        quarantine_resolve(conn, now, ids[:1], "dismissed", "user:ana")
    channel.clock.set(now + timedelta(days=731))
    channel.runner.run_jobs(channel.tenant)
    with channel.app.database.transaction(channel.tenant) as conn:
        assert [found.id for found in quarantine_list(conn, status=None)] == ids[1:]
