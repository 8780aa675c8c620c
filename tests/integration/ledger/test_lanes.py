from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from headgate.ledger import (
    LeaseLost,
    ack_inbox,
    append_events,
    claim_lanes,
    ensure_lanes,
    fence,
    fetch_inbox,
    lane_list,
    release,
    renew,
)
from tests.integration.ledger.conftest import LANES, NOW

LEASE = 15
EXPIRED = NOW + timedelta(seconds=LEASE)


@pytest.fixture
def backlog(database, tenant, make_event):
    """Events on every lane."""
    with database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event(str(n), key=str(n)) for n in range(60)], lanes=LANES)
        assert {e.lane for e in fetch_inbox(conn, range(LANES), 100, NOW)} == set(range(LANES))


def claim(database, tenant, owner, wanted=LANES, now=NOW, **more):
    with database.transaction(tenant) as conn:
        return claim_lanes(conn, owner, LEASE, now, wanted, **more)


def test_two_workers_get_different_lanes(database, tenant, backlog):
    first = claim(database, tenant, "a", 2)
    second = claim(database, tenant, "b")
    assert {lease.lane for lease in first} | {lease.lane for lease in second} == set(range(LANES))
    assert not {lease.lane for lease in first} & {lease.lane for lease in second}
    assert claim(database, tenant, "c") == []


def test_a_worker_can_ask_for_certain_lanes(database, tenant, backlog):
    assert [lease.lane for lease in claim(database, tenant, "a", among=[2, 3])] == [2, 3]


def test_a_lane_without_events_is_not_worth_claiming(database, tenant, backlog):
    with database.transaction(tenant) as conn:
        ack_inbox(conn, fetch_inbox(conn, [1], 100, NOW))
        ensure_lanes(conn, LANES + 4)
        assert len(lane_list(conn)) == LANES + 4
    assert [lease.lane for lease in claim(database, tenant, "a", 99)] == [0, 2, 3]


def test_a_dead_workers_lanes_are_taken_over_when_the_lease_ends_and_not_before(database, tenant, backlog):
    held = claim(database, tenant, "dead")
    assert claim(database, tenant, "b", now=EXPIRED - timedelta(microseconds=1)) == []
    taken = claim(database, tenant, "b", now=EXPIRED)
    assert len(taken) == LANES
    assert all(new.epoch > old.epoch for new, old in zip(taken, held, strict=True))


def test_a_worker_thought_dead_is_refused_when_it_comes_back(database, tenant, backlog):
    held = claim(database, tenant, "a")
    claim(database, tenant, "b", 1, now=EXPIRED, among=[2])
    with pytest.raises(LeaseLost, match="lanes 2 "), database.transaction(tenant) as conn:
        fence(conn, held)
    with database.transaction(tenant) as conn:
        kept = renew(conn, held, LEASE, EXPIRED)
        assert [lease.lane for lease in kept] == [0, 1, 3]
        fence(conn, kept)


def test_the_same_owner_name_with_an_old_epoch_is_refused(database, tenant, backlog):
    old = claim(database, tenant, "a")
    claim(database, tenant, "a", now=EXPIRED)
    with pytest.raises(LeaseLost), database.transaction(tenant) as conn:
        fence(conn, old)


def test_a_worker_takes_at_once_what_it_still_held_from_before(database, tenant, backlog):
    before = claim(database, tenant, "a")
    again = claim(database, tenant, "a")
    assert [lease.lane for lease in again] == [lease.lane for lease in before]
    assert {lease.lapses for lease in again} == {0}
    with pytest.raises(LeaseLost), database.transaction(tenant) as conn:
        fence(conn, before)


def test_a_lease_from_before_the_clock_was_set_back_is_over(database, tenant, backlog):
    claim(database, tenant, "a", now=NOW + timedelta(hours=1))
    assert len(claim(database, tenant, "b")) == LANES


def test_a_lane_knows_how_often_in_a_row_it_was_never_given_back(database, tenant, backlog):
    seen, leases = [], []
    for number, owner in enumerate("abcd"):
        leases = claim(database, tenant, owner, now=NOW + number * timedelta(seconds=LEASE))
        seen.append({lease.lapses for lease in leases})
    assert seen == [{0}, {1}, {2}, {3}]
    with database.transaction(tenant) as conn:
        assert {lane.lapses for lane in lane_list(conn)} == {3}
        release(conn, leases)
    assert {lease.lapses for lease in claim(database, tenant, "e")} == {0}


def test_without_a_time_leases_go_by_the_databases(database, tenant, backlog):
    with database.transaction(tenant) as conn:
        ((before,),) = conn.execute("select statement_timestamp()").fetchall()
        leases = claim_lanes(conn, "a", LEASE, None, LANES)
        renewed = renew(conn, leases, LEASE, None)
        assert fence(conn, leases) >= before
    assert all(lease.until >= before + timedelta(seconds=LEASE) for lease in leases)
    assert all(new.until >= old.until for new, old in zip(renewed, leases, strict=True))


def test_a_renewed_lease_lasts_longer(database, tenant, backlog):
    held = claim(database, tenant, "a")
    with database.transaction(tenant) as conn:
        renew(conn, held, LEASE, NOW + timedelta(seconds=10))
    assert claim(database, tenant, "b", now=EXPIRED) == []


def test_released_lanes_are_free_at_once(database, tenant, backlog):
    held = claim(database, tenant, "a")
    with database.transaction(tenant) as conn:
        release(conn, held)
    assert len(claim(database, tenant, "b")) == LANES


def test_releasing_what_another_took_over_leaves_it_theirs(database, tenant, backlog):
    held = claim(database, tenant, "a")
    taken = claim(database, tenant, "b", now=EXPIRED)
    with database.transaction(tenant) as conn:
        release(conn, held)
        fence(conn, taken)


def test_the_lane_that_waited_longest_is_served_first(database, tenant, backlog):
    first = claim(database, tenant, "a", 1)
    with database.transaction(tenant) as conn:
        release(conn, first)
    second = claim(database, tenant, "a", 1, now=NOW + timedelta(seconds=1))
    assert second[0].lane != first[0].lane


def test_lanes_in_the_middle_of_a_batch_are_passed_over_even_when_the_lease_has_run_out(database, tenant, backlog):
    held = claim(database, tenant, "slow", 2)
    with database.transaction(tenant) as batch:
        fence(batch, held)
        taken = claim(database, tenant, "b", now=EXPIRED)
        assert {lease.lane for lease in taken}.isdisjoint({lease.lane for lease in held})
    assert len(claim(database, tenant, "c", now=EXPIRED)) == 2


def test_a_heartbeat_can_renew_while_a_batch_runs(database, tenant, backlog):
    held = claim(database, tenant, "a")
    with database.transaction(tenant) as batch:
        fence(batch, held)
        with database.transaction(tenant) as heartbeat:
            heartbeat.execute("set local lock_timeout = '2s'")
            assert len(renew(heartbeat, held, LEASE, EXPIRED)) == LANES


def test_workers_that_compete_apply_every_event_exactly_once(database, tenant, make_event, backlog):
    applied: list[str] = []
    lock = threading.Lock()

    def work(owner: str) -> None:
        while True:
            leases = claim(database, tenant, owner, 2)
            if not leases:
                return
            with database.transaction(tenant) as conn:
                fence(conn, leases)
                events = fetch_inbox(conn, [lease.lane for lease in leases], 7, NOW)
                ack_inbox(conn, events)
            with lock:
                applied.extend(e.event_id for e in events)
            with database.transaction(tenant) as conn:
                release(conn, leases)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    # A worker may find every lane held by others and stop early; whoever is left finishes.
    work("last")
    assert sorted(applied, key=int) == [str(n) for n in range(60)]
