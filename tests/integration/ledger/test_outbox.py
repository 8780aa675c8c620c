from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from headgate.ledger import (
    CommandDraft,
    outbox_add,
    outbox_claim,
    outbox_failed,
    outbox_list,
    outbox_revive,
    outbox_sent,
)
from tests.integration.ledger.conftest import NOW


def command(n=1, **changes):
    fields = {
        "target": "erp",
        "type": "thing.release",
        "subject": f"T-{n}",
        "payload": {"amount": Decimal("1.10")},
        "idempotency_key": f"release:{n}",
    }
    return CommandDraft(**{**fields, **changes})


def test_the_same_effect_is_wanted_once(database, tenant):
    with database.transaction(tenant) as conn:
        assert len(outbox_add(conn, NOW, [command(1), command(2), command(1)])) == 2
        assert outbox_add(conn, NOW, [command(1)]) == []
        assert len(outbox_add(conn, NOW, [command(1, target="crm")])) == 1
        assert len(outbox_list(conn)) == 3


def test_a_claimed_command_is_hidden_from_other_senders_until_the_hold_ends(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        [claimed] = outbox_claim(conn, NOW, 10, hold_seconds=60)
        assert (claimed.attempts, claimed.payload) == (1, {"amount": "1.10"})
    with database.transaction(tenant) as conn:
        assert outbox_claim(conn, NOW + timedelta(seconds=59), 10) == []
        assert [c.attempts for c in outbox_claim(conn, NOW + timedelta(seconds=60), 10)] == [2]


def test_two_senders_at_once_claim_different_commands(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command(n) for n in range(4)])
    with database.transaction(tenant) as one, database.transaction(tenant) as two:
        first, second = outbox_claim(one, NOW, 2), outbox_claim(two, NOW, 10)
    assert len(first) == len(second) == 2
    assert {c.id for c in first}.isdisjoint({c.id for c in second})


def test_a_sent_command_is_done(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        [claimed] = outbox_claim(conn, NOW, 1)
        assert outbox_sent(conn, NOW, [claimed.id]) == 1
        assert outbox_sent(conn, NOW, [claimed.id]) == 0
        assert outbox_claim(conn, NOW + timedelta(days=1), 1) == []
        [kept] = outbox_list(conn, status="sent")
        assert kept.sent_at == NOW


def test_a_failed_command_is_tried_again_later_and_is_dead_in_the_end(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        now = NOW
        for pause in (5, 10):
            [claimed] = outbox_claim(conn, now, 1)
            assert outbox_failed(conn, now, [(claimed.id, "502 from erp")], max_attempts=3) == []
            assert outbox_claim(conn, now + timedelta(seconds=pause - 1), 1) == []
            now += timedelta(seconds=pause)
        [claimed] = outbox_claim(conn, now, 1)
        assert outbox_failed(conn, now, [(claimed.id, "502 from erp")], max_attempts=3) == [claimed.id]
        [dead] = outbox_list(conn, status="dead", target="erp", subject="T-1")
        assert dead.last_error == "502 from erp"
        assert outbox_revive(conn, now, [dead.id]) == 1
        assert [c.attempts for c in outbox_claim(conn, now, 1)] == [1]


def test_commands_are_listed_newest_first_and_paged(database, tenant):
    with database.transaction(tenant) as conn:
        for n in range(5):
            outbox_add(conn, NOW + timedelta(seconds=n), [command(n)])
        page = outbox_list(conn, limit=3)
        rest = outbox_list(conn, limit=3, before=page[-1].id)
        assert [c.subject for c in page + rest] == ["T-4", "T-3", "T-2", "T-1", "T-0"]
        assert outbox_failed(conn, NOW, []) == []
        assert outbox_add(conn, NOW, []) == []
