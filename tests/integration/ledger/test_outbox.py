from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from headgate.kernel.errors import NotFound
from headgate.ledger import (
    CommandDraft,
    Setback,
    outbox_add,
    outbox_backlog,
    outbox_claim,
    outbox_dismiss,
    outbox_failed,
    outbox_get,
    outbox_list,
    outbox_return,
    outbox_revive,
    outbox_sent,
    outbox_under_way,
)
from tests.integration.ledger.conftest import NOW

ME, OTHER = uuid4(), uuid4()


def command(n=1, **changes):
    fields = {
        "target": "erp",
        "type": "thing.release",
        "subject": f"T-{n}",
        "payload": {"amount": Decimal("1.10")},
        "idempotency_key": f"release:{n}",
    }
    return CommandDraft(**{**fields, **changes})


def claim(conn, now=NOW, limit=10, target="erp", lease=ME, hold_seconds=60, ordered=False):
    return outbox_claim(conn, now, target, limit, lease=lease, hold_seconds=hold_seconds, ordered=ordered)


def test_the_same_effect_is_wanted_once(database, tenant):
    with database.transaction(tenant) as conn:
        assert len(outbox_add(conn, NOW, [command(1), command(2), command(1)])) == 2
        assert outbox_add(conn, NOW, [command(1)]) == []
        assert len(outbox_add(conn, NOW, [command(1, target="crm")])) == 1
        assert len(outbox_list(conn)) == 3


def test_a_command_keeps_who_wants_to_hear_of_it(database, tenant):
    case = uuid4()
    with database.transaction(tenant) as conn:
        [id] = outbox_add(
            conn, NOW, [command(process="p", key="thing:1", case_id=case, step="told", event_seq=7, trace="00-x")]
        )
        found = outbox_get(conn, id)
        assert (found.process, found.key, found.case_id, found.step) == ("p", "thing:1", case, "told")
        assert (found.event_seq, found.trace, found.replays) == (7, "00-x", 0)
        with pytest.raises(NotFound, match="no command"):
            outbox_get(conn, uuid4())


def test_a_claimed_command_is_hidden_from_other_senders_until_the_hold_ends(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command(), command(2, target="crm")])
        [claimed] = claim(conn)
        assert (claimed.attempts, claimed.payload) == (1, {"amount": "1.10"})
        assert outbox_under_way(conn, NOW, "erp") == 1
        assert outbox_under_way(conn, NOW, "crm") == 0
    with database.transaction(tenant) as conn:
        assert claim(conn, NOW + timedelta(seconds=59)) == []
        assert outbox_under_way(conn, NOW + timedelta(seconds=60), "erp") == 0
        assert [c.attempts for c in claim(conn, NOW + timedelta(seconds=60))] == [2]


def test_two_senders_at_once_claim_different_commands(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command(n) for n in range(4)])
    with database.transaction(tenant) as one, database.transaction(tenant) as two:
        first, second = claim(one, limit=2), claim(two, lease=OTHER)
    assert len(first) == len(second) == 2
    assert {c.id for c in first}.isdisjoint({c.id for c in second})


def test_a_sent_command_is_done(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        [claimed] = claim(conn)
        assert outbox_sent(conn, NOW, [claimed.id]) == [claimed.id]
        assert outbox_sent(conn, NOW, [claimed.id]) == []
        assert claim(conn, NOW + timedelta(days=1)) == []
        [kept] = outbox_list(conn, status="sent")
        assert kept.sent_at == NOW
        assert outbox_under_way(conn, NOW, "erp") == 0


def test_a_failed_command_waits_for_its_time_and_a_dead_one_for_a_person(database, tenant):
    later = NOW + timedelta(seconds=30)
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        [claimed] = claim(conn)
        assert outbox_failed(conn, [Setback(claimed.id, ME, "502 from erp", later)]) == {claimed.id}
        assert claim(conn, later - timedelta(seconds=1)) == []
        [claimed] = claim(conn, later)
        assert outbox_failed(conn, [Setback(claimed.id, ME, "400 from erp")]) == {claimed.id}
        [dead] = outbox_list(conn, status="dead", target="erp", subject="T-1")
        assert dead.last_error == "400 from erp"
        assert claim(conn, NOW + timedelta(days=9)) == []
        assert outbox_revive(conn, later, [dead.id]) == [dead.id]
        [again] = claim(conn, later)
        assert (again.attempts, again.replays) == (1, 1)


def test_a_sender_that_lost_its_lease_can_report_a_success_and_no_failure(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        [slow] = claim(conn, lease=ME)
        [quick] = claim(conn, NOW + timedelta(seconds=60), lease=OTHER)
        assert outbox_failed(conn, [Setback(slow.id, ME, "timed out")]) == set()
        assert outbox_get(conn, quick.id).status == "pending"
        assert outbox_return(conn, NOW, ME, [slow.id]) == 0
        assert outbox_sent(conn, NOW, [slow.id]) == [slow.id]


def test_a_command_that_was_claimed_and_not_tried_is_given_back_uncounted(database, tenant):
    with database.transaction(tenant) as conn:
        outbox_add(conn, NOW, [command()])
        [claimed] = claim(conn)
        assert outbox_return(conn, NOW, ME, [claimed.id]) == 1
        assert [c.attempts for c in claim(conn)] == [1]


def test_commands_of_a_subject_are_sent_in_order_where_that_is_asked(database, tenant):
    with database.transaction(tenant) as conn:
        wanted = [command(1, idempotency_key=k) for k in ("10", "9", "8")] + [command(2)]
        ids = outbox_add(conn, NOW, wanted)
        assert [c.id for c in outbox_list(conn, limit=9)] != []
        first = {c.id for c in claim(conn, ordered=True)}
        assert first == {ids[0], ids[3]}
        assert claim(conn, ordered=True) == []
        outbox_failed(conn, [Setback(ids[0], ME, "refused")])
        assert claim(conn, ordered=True) == []  # what is dead holds back what came after it
        assert outbox_dismiss(conn, [ids[0], ids[1]]) == [ids[0]]
        assert [c.id for c in claim(conn, ordered=True)] == [ids[1]]


def test_the_backlog_says_what_waits_since_when(database, tenant):
    with database.transaction(tenant) as conn:
        ids = outbox_add(conn, NOW, [command(n) for n in range(3)] + [command(target="nowhere")])
        claim(conn, limit=1)
        outbox_failed(conn, [Setback(ids[0], ME, "no")])
        erp, nowhere = outbox_backlog(conn, NOW)
        assert (erp.target, erp.pending, erp.dead, erp.due, erp.oldest) == ("erp", 2, 1, 2, NOW)
        assert (nowhere.target, nowhere.pending, nowhere.dead) == ("nowhere", 1, 0)


def test_commands_are_listed_newest_first_and_paged(database, tenant):
    with database.transaction(tenant) as conn:
        for n in range(5):
            outbox_add(conn, NOW + timedelta(seconds=n), [command(n)])
        page = outbox_list(conn, limit=3)
        rest = outbox_list(conn, limit=3, before=page[-1].id)
        assert [c.subject for c in page + rest] == ["T-4", "T-3", "T-2", "T-1", "T-0"]
        assert outbox_list(conn, type="thing.hold") == []
        assert outbox_failed(conn, []) == set()
        assert outbox_add(conn, NOW, []) == []
