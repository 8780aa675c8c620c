from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from headgate.kernel.errors import NotFound
from headgate.ledger import (
    CONTROL_LANE,
    append_events,
    claim_lanes,
    conflict_list,
    event_find,
    event_get,
    event_list,
    events_get,
    fetch_inbox,
    inbox_depth,
)
from tests.integration.ledger.conftest import LANES, NOW


def test_an_appended_event_reads_back_as_it_was_given(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        [appended] = append_events(
            conn, NOW, [make_event(data={"z": Decimal("1.50"), "a": [1, None, "ä"]}, trace="abc")], lanes=LANES
        )
        event = event_get(conn, appended.seq)
    assert appended.status == "new"
    assert event.data == {"a": [1, None, "ä"], "z": "1.50"}
    assert (event.time, event.received_at, event.actor, event.trace) == (NOW, NOW, "source:shop", "abc")


def test_the_time_that_a_sender_gives_is_kept(database, tenant, make_event):
    then = NOW - timedelta(days=1)
    with database.transaction(tenant) as conn:
        [appended] = append_events(conn, NOW, [make_event(time=then)], lanes=LANES)
        assert event_get(conn, appended.seq).time == then


def test_a_repeat_is_a_duplicate_and_is_not_queued_again(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        [first] = append_events(conn, NOW, [make_event()], lanes=LANES)
    with database.transaction(tenant) as conn:
        later = NOW + timedelta(minutes=5)
        [again] = append_events(conn, later, [make_event(time=later)], lanes=LANES)
        assert again.status == "duplicate"
        assert again.seq == first.seq
        assert [e.seq for e in fetch_inbox(conn, range(LANES), 10, later)] == [first.seq]
        assert conflict_list(conn) == []


@pytest.mark.parametrize("change", [{"data": {"thing": "T-2"}}, {"type": "thing.ended"}, {"subject": "T-9"}])
def test_a_known_id_with_another_body_is_refused_and_both_are_kept(database, tenant, make_event, change):
    with database.transaction(tenant) as conn:
        [first] = append_events(conn, NOW, [make_event()], lanes=LANES)
    with database.transaction(tenant) as conn:
        changed = make_event(**change)
        [second] = append_events(conn, NOW, [changed], lanes=LANES)
        assert second.status == "conflict"
        assert second.seq == first.seq
        assert len(fetch_inbox(conn, range(LANES), 10, NOW)) == 1
        [kept] = conflict_list(conn)
        original = event_get(conn, first.seq)
    assert (kept.first_seq, kept.data, kept.type, kept.subject) == (
        first.seq,
        changed.data,
        changed.type,
        changed.subject,
    )
    assert kept.first_digest == original.digest
    assert original.data == make_event().data


def test_repeats_inside_one_batch_are_told_apart(database, tenant, make_event):
    batch = [
        make_event("a"),
        make_event("a"),
        make_event("b"),
        make_event("a", data={"thing": "other"}),
        make_event("a", source="another shop"),
    ]
    with database.transaction(tenant) as conn:
        results = append_events(conn, NOW, batch, lanes=LANES)
        assert len(conflict_list(conn)) == 1
    assert [r.status for r in results] == ["new", "duplicate", "new", "conflict", "new"]
    assert results[0].seq == results[1].seq == results[3].seq


def test_numbers_ascend_in_the_order_of_the_batch_whatever_the_ids(database, tenant, make_event):
    ids = [f"{n * 7919 % 503:03}" for n in range(300)]
    with database.transaction(tenant) as conn:
        results = append_events(conn, NOW, [make_event(i) for i in ids], lanes=LANES)
        assert [e.event_id for e in fetch_inbox(conn, range(LANES), 1000, NOW)] == ids
    seqs = [r.seq for r in results]
    assert seqs == sorted(seqs)


def test_the_same_id_in_another_tenant_is_another_event(database, tenant, make_tenant, make_event):
    other = make_tenant()
    for tenant_id in (tenant, other):
        with database.transaction(tenant_id) as conn:
            [appended] = append_events(conn, NOW, [make_event()], lanes=LANES)
            assert appended.status == "new"
    with database.transaction(other) as conn:
        assert len(event_list(conn)) == 1


def test_two_transactions_with_the_same_id_at_once_store_it_once(database, tenant, make_event):
    """The second waits for the first; when the first commits, the second sees a duplicate (or a conflict)."""
    started, results = threading.Event(), {}

    def second():
        with database.transaction(tenant) as conn:
            started.set()
            results["second"] = append_events(
                conn, NOW, [make_event("x"), make_event("y", data={"v": "other"}), make_event("z")], lanes=LANES
            )

    with database.transaction(tenant) as conn:
        results["first"] = append_events(conn, NOW, [make_event("y"), make_event("x")], lanes=LANES)
        thread = threading.Thread(target=second)
        thread.start()
        assert started.wait(60)
    thread.join(60)
    assert [r.status for r in results["first"]] == ["new", "new"]
    assert [r.status for r in results["second"]] == ["duplicate", "conflict", "new"]
    with database.transaction(tenant) as conn:
        assert len(event_list(conn)) == 3
        assert sum(depth.events for depth in inbox_depth(conn, NOW)) == 3


def test_when_the_first_of_two_transactions_rolls_back_the_second_stores_the_event(database, tenant, make_event):
    started, results = threading.Event(), {}

    def second():
        with database.transaction(tenant) as conn:
            started.set()
            results["second"] = append_events(conn, NOW, [make_event()], lanes=LANES)

    with pytest.raises(ZeroDivisionError), database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event()], lanes=LANES)
        thread = threading.Thread(target=second)
        thread.start()
        assert started.wait(60)
        raise ZeroDivisionError
    thread.join(60)
    assert [r.status for r in results["second"]] == ["new"]


def test_many_writers_of_overlapping_batches_in_opposite_orders_never_deadlock(database, tenant, make_event):
    errors: list[BaseException] = []

    def write(ids: list[str]) -> None:
        try:
            for _ in range(5):
                with database.transaction(tenant) as conn:
                    append_events(conn, NOW, [make_event(i) for i in ids], lanes=LANES)
        except psycopg.Error as error:
            errors.append(error)

    ids = [f"{n:03}" for n in range(100)]
    threads = [threading.Thread(target=write, args=(order,)) for order in (ids, ids[::-1], ids[50:] + ids[:50])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    with database.transaction(tenant) as conn:
        assert len(event_list(conn, limit=500)) == 100


def test_an_event_whose_transaction_commits_late_is_not_skipped(database, tenant, make_event):
    with database.transaction(tenant) as slow:
        [late] = append_events(slow, NOW, [make_event("late")], lanes=LANES)
        with database.transaction(tenant) as quick:
            [early] = append_events(quick, NOW, [make_event("early")], lanes=LANES)
        with database.transaction(tenant) as reader:
            assert [e.seq for e in fetch_inbox(reader, range(LANES), 10, NOW)] == [early.seq]
    assert late.seq < early.seq
    with database.transaction(tenant) as reader:
        assert [e.seq for e in fetch_inbox(reader, range(LANES), 10, NOW)] == [late.seq, early.seq]


def test_a_listener_is_told_the_tenant_when_new_events_are_committed(database, tenant, make_event, superuser):
    superuser.execute("listen headgate_inbox")
    with database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event("1"), make_event("2")], lanes=LANES)
    with database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event("1")], lanes=LANES)
    told = [n.payload for n in superuser.notifies(timeout=60, stop_after=1)]
    assert told == [str(tenant)]
    assert list(superuser.notifies(timeout=0.1)) == []


def test_a_lane_with_events_can_be_claimed_without_further_preparation(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event(key="k")], lanes=LANES)
        assert len(claim_lanes(conn, "w", 15, NOW, 9)) == 1


def test_events_are_found_by_id_key_subject_and_page_by_page(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        results = append_events(
            conn, NOW, [make_event(str(n), key=f"k{n % 2}", subject=f"S-{n % 5}") for n in range(10)], lanes=LANES
        )
        seqs = [r.seq for r in results]
        found = event_find(conn, "shop", "4")
        assert found is not None
        assert found.seq == seqs[4]
        assert event_find(conn, "shop", "none") is None
        first = event_list(conn, key="k0", limit=3)
        second = event_list(conn, key="k0", limit=3, before=first[-1].seq)
        assert [e.seq for e in first + second] == [seqs[n] for n in (8, 6, 4, 2, 0)]
        assert [e.seq for e in event_list(conn, subject="S-3")] == [seqs[8], seqs[3]]
        assert [e.seq for e in events_get(conn, [seqs[7], seqs[2]])] == [seqs[2], seqs[7]]


def test_an_unknown_number_is_not_found(database, tenant):
    with database.transaction(tenant) as conn, pytest.raises(NotFound):
        event_get(conn, 10**15)


def test_the_application_can_neither_change_nor_delete_the_log(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event()], lanes=LANES)
    for statement in ("update events set actor = 'x'", "delete from events", "delete from event_conflicts"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(tenant) as conn:
            conn.execute(statement)


@pytest.mark.parametrize("text", ['"', "\\", '\\"', "a,b", "{}", "null", "", " ", "\t\n", "ä €  "])
def test_whatever_a_text_holds_it_comes_back_unchanged(database, tenant, make_event, text):
    events = [make_event("1", subject=text, data={"text": text, text: [text]}), make_event("2")]
    with database.transaction(tenant) as conn:
        [first, _] = append_events(conn, NOW, events, lanes=LANES)
        event = event_get(conn, first.seq)
    assert (event.subject, event.data) == (text, events[0].data)


def test_events_that_set_the_scene_share_a_lane_of_their_own(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        append_events(conn, NOW, [make_event("1", key="control:partners"), make_event("2", key="a")], lanes=LANES)
        assert [e.event_id for e in fetch_inbox(conn, [CONTROL_LANE], 10, NOW)] == ["1"]
        assert claim_lanes(conn, "w", 15, NOW, 9)[0].lane == CONTROL_LANE
