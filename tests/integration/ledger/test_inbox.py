from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from headgate.kernel.errors import Problem
from headgate.ledger import (
    Failure,
    NotQueued,
    ack_inbox,
    append_events,
    end_long_pauses,
    fetch_inbox,
    inbox_depth,
    park,
    quarantine_list,
    requeue,
    retry_inbox,
)
from tests.integration.ledger.conftest import LANES, NOW

ALL = range(LANES)


@pytest.fixture
def three(database, tenant, make_event):
    """Two events of one key and one of another, in the log."""
    with database.transaction(tenant) as conn:
        append_events(
            conn, NOW, [make_event("a1", key="a"), make_event("b1", key="b"), make_event("a2", key="a")], lanes=LANES
        )
        return fetch_inbox(conn, ALL, 10, NOW)


def ids(events):
    return [e.event_id for e in events]


def test_events_come_in_log_order_up_to_the_limit(database, tenant, three):
    assert ids(three) == ["a1", "b1", "a2"]
    with database.transaction(tenant) as conn:
        assert ids(fetch_inbox(conn, ALL, 2, NOW)) == ["a1", "b1"]


def test_only_the_lanes_asked_for_are_read(database, tenant, three):
    lane = three[0].lane
    with database.transaction(tenant) as conn:
        assert {e.lane for e in fetch_inbox(conn, [lane], 10, NOW)} == {lane}
        assert fetch_inbox(conn, [n for n in ALL if n not in {e.lane for e in three}], 10, NOW) == []


def test_an_acknowledged_event_is_gone_and_the_others_stay(database, tenant, three):
    with database.transaction(tenant) as conn:
        ack_inbox(conn, three[:1])
    with database.transaction(tenant) as conn:
        assert ids(fetch_inbox(conn, ALL, 10, NOW)) == ["b1", "a2"]


def test_acknowledging_twice_is_refused_so_that_nothing_is_applied_twice(database, tenant, three):
    with database.transaction(tenant) as conn:
        ack_inbox(conn, three[:1])
    with pytest.raises(NotQueued), database.transaction(tenant) as conn:
        ack_inbox(conn, three[:2])
    with database.transaction(tenant) as conn:
        assert ids(fetch_inbox(conn, ALL, 10, NOW)) == ["b1", "a2"]


def test_a_failed_event_waits_and_holds_back_its_own_key_only(database, tenant, three):
    with database.transaction(tenant) as conn:
        assert retry_inbox(conn, NOW, [Failure(three[0], "no luck")]) == []
        assert ids(fetch_inbox(conn, ALL, 10, NOW)) == ["b1"]
        assert [d.waiting for d in inbox_depth(conn, NOW) if d.lane == three[0].lane] == [1]
        assert ids(fetch_inbox(conn, ALL, 10, NOW + timedelta(seconds=2))) == ["a1", "b1", "a2"]


def test_the_pause_doubles_with_each_failure(database, tenant, three):
    failure = Failure(three[0], "no luck")
    with database.transaction(tenant) as conn:
        for pause in (2, 4, 8):
            retry_inbox(conn, NOW, [failure])
            assert "a1" not in ids(fetch_inbox(conn, ALL, 10, NOW + timedelta(seconds=pause - 1)))
            assert "a1" in ids(fetch_inbox(conn, ALL, 10, NOW + timedelta(seconds=pause)))


def test_after_too_many_failures_the_event_is_parked_and_its_followers_go_on(database, tenant, three):
    failure = Failure(three[0], "cannot work", (Problem("data.x", "", "is bad"),), Decimal("9.99"), "EUR")
    with database.transaction(tenant) as conn:
        assert retry_inbox(conn, NOW, [failure], max_attempts=2) == []
        assert ids(retry_inbox(conn, NOW, [failure], max_attempts=2)) == ["a1"]
        assert ids(fetch_inbox(conn, ALL, 10, NOW)) == ["b1", "a2"]
        [parked] = quarantine_list(conn)
    assert (parked.kind, parked.event_seq, parked.reason) == ("event", three[0].seq, "cannot work")
    assert parked.problems == (Problem("data.x", "", "is bad"),)
    assert (parked.amount, parked.currency) == (Decimal("9.99"), "EUR")
    assert parked.raw == '{"amount":"12.50","thing":"T-1"}'


def test_a_parked_event_can_be_replayed_and_is_opened_again_when_it_fails_again(database, tenant, three):
    with database.transaction(tenant) as conn:
        park(conn, NOW, [Failure(three[0], "first")])
        assert requeue(conn, [three[0].seq]) == 1
        assert requeue(conn, [three[0].seq]) == 0
        assert ids(fetch_inbox(conn, ALL, 10, NOW)) == ["a1", "b1", "a2"]
        conn.execute("update quarantine set status = 'replayed'")
        park(conn, NOW, [Failure(three[0], "second")])
        assert [q.reason for q in quarantine_list(conn)] == ["second"]


def test_parking_an_event_that_is_not_queued_does_nothing(database, tenant, three):
    with database.transaction(tenant) as conn:
        ack_inbox(conn, three)
        park(conn, NOW, [Failure(three[0], "late")])
        assert quarantine_list(conn) == []


def test_nothing_given_is_nothing_done(database, tenant):
    with database.transaction(tenant) as conn:
        ack_inbox(conn, [])
        park(conn, NOW, [])
        assert retry_inbox(conn, NOW, []) == []
        assert append_events(conn, NOW, [], lanes=LANES) == []
        assert fetch_inbox(conn, ALL, 10, NOW) == []


def test_a_pause_that_ends_later_than_any_can_is_ended(database, tenant, three):
    with database.transaction(tenant) as conn:
        retry_inbox(conn, NOW + timedelta(days=1), [Failure(three[0], "no luck")])
        retry_inbox(conn, NOW, [Failure(three[1], "no luck")])
        assert end_long_pauses(conn, NOW) == 1
        assert "a1" in ids(fetch_inbox(conn, ALL, 10, NOW))
        assert "b1" not in ids(fetch_inbox(conn, ALL, 10, NOW))
