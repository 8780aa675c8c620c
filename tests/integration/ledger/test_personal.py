"""Personal values in log, chain and quarantine: kept apart, shown in place, erased without a broken hash."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound
from headgate.ledger import (
    AuditDraft,
    DataClass,
    Failure,
    OnHold,
    QuarantineDraft,
    append_audit,
    append_events,
    audit_get,
    conflict_list,
    decide_erasure,
    declare_personal,
    erase_expired,
    erasure_get,
    erasure_list,
    event_get,
    fetch_inbox,
    find_personal,
    hold_list,
    lift_hold,
    park,
    place_hold,
    purge_expired,
    purge_quarantine,
    quarantine_add,
    quarantine_list,
    quarantine_resolve,
    request_erasure,
    retention_rules,
    set_retention,
    tables,
    verify_audit,
)
from headgate.ledger.search import search_audit
from tests.integration.ledger.conftest import LANES, NOW

CASE = UUID("0195555a-0000-7000-8000-000000000001")
DATA = {"partner": "P-1", "name": "Jané Doe", "ship": {"street": "Ring 1", "country": "AT"}}
TYPE, ACTION = "parcel.sent", "parcel.noted"


@pytest.fixture(autouse=True)
def _declared():
    declare_personal(events={TYPE: ("name", "ship.street")}, entries={ACTION: ("note",)})


@pytest.fixture
def parcel(make_event):
    """An event about parcel X-1 of partner P-1."""

    def make(event_id="1", number="X-1", **data):
        return make_event(event_id, type=TYPE, subject=number, key=f"order:{number}", data={**DATA, **data})

    return make


def ctx_of(tenant, who):
    return Context(tenant, Principal(f"user:{who}", "person"), NOW)


def append(database, tenant, *events):
    with database.transaction(tenant) as conn:
        return append_events(conn, NOW, events, lanes=LANES)


def erase(database, tenant, kind, sought):
    with database.transaction(tenant) as conn:
        request = request_erasure(conn, ctx_of(tenant, "olga"), kind, sought, "asked by the person")
    with database.transaction(tenant) as conn:
        return decide_erasure(conn, ctx_of(tenant, "adam"), request, "approve", "the request is right")


def dump(database, tenant):
    """Every byte of the tenant in every table of the ledger."""

    texts = []
    with database.transaction(tenant) as conn:
        for name in tables.__all__:
            texts += [str(row) for row in conn.execute(f"select t::text from {name} t")]
    return "\n".join(texts)


def test_the_log_holds_commitments_and_readers_see_values(database, tenant, parcel):
    (appended,) = append(database, tenant, parcel())
    with database.transaction(tenant) as conn:
        (text,) = conn.execute("select data::text from events where seq = %s", (appended.seq,)).fetchone()
        assert "Jan" not in text
        assert "Ring" not in text
        assert event_get(conn, appended.seq).data == DATA
        (work,) = fetch_inbox(conn, range(LANES), 10, NOW)
        assert work.data["name"].startswith("$pd:"), "what is worked on, and copied, is the commitment"
        assert verify_audit(conn).ok


def test_a_batch_without_personal_values_costs_no_further_statement(database, tenant, make_event, parcel, monkeypatch):

    counted: list[object] = []
    execute = psycopg.Connection.execute

    def count(*args, **more):
        counted.append(args)
        return execute(*args, **more)

    monkeypatch.setattr(psycopg.Connection, "execute", count)
    with database.transaction(tenant) as conn:
        counted.clear()
        append_events(conn, NOW, [make_event("a")], lanes=LANES)
        plain = len(counted)
        counted.clear()
        append_events(conn, NOW, [parcel(str(n)) for n in range(50)], lanes=LANES)
        assert len(counted) == plain + 1


def test_repeats_and_conflicts_are_told_apart_also_after_erasure(database, tenant, parcel):
    append(database, tenant, parcel())
    assert append(database, tenant, parcel())[0].status == "duplicate"
    assert append(database, tenant, parcel(name="John Roe"))[0].status == "conflict"
    with database.transaction(tenant) as conn:
        (kept,) = conflict_list(conn)
        assert kept.data["name"] == "John Roe"
        assert conn.execute("select data->>'name' from event_conflicts").fetchone()[0].startswith("$pd:")
    erase(database, tenant, "order", "X-1")
    assert append(database, tenant, parcel())[0].status == "duplicate"
    assert append(database, tenant, parcel(partner="P-2"))[0].status == "conflict"


def test_a_marker_sent_in_from_elsewhere_opens_nothing(database, tenant, parcel):
    (first,) = append(database, tenant, parcel())
    with database.transaction(tenant) as conn:
        (marker,) = conn.execute("select data->>'name' from events where seq = %s", (first.seq,)).fetchone()
    (second,) = append(database, tenant, parcel("2", "X-2", name=marker, other=marker))
    with database.transaction(tenant) as conn:
        shown = event_get(conn, second.seq).data
    assert (shown["name"], shown["other"]) == ("[erased]", "[erased]")


def test_notes_in_the_chain_are_shown_and_erased_and_the_chain_stays_whole(database, tenant):
    body = {"note": "call Jané Doe", "kind": "phone"}
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [AuditDraft(ACTION, "order", "X-1", "user:ana", body, CASE)])
        entry = audit_get(conn, 1)
        assert entry.body == body
        assert "Jan" not in entry.text
        assert search_audit(conn)[0].body == body
    erase(database, tenant, "case", str(CASE))
    with database.transaction(tenant) as conn:
        assert audit_get(conn, 1).body == {"note": "[erased]", "kind": "phone"}
        assert verify_audit(conn).ok


@pytest.mark.parametrize(
    ("kind", "sought"), [("order", "X-1"), ("partner", "P-1"), ("person", "jané doe"), ("person", "Jané Doe ")]
)
def test_after_an_erasure_no_table_holds_the_person_any_more(database, tenant, parcel, kind, sought):
    append(database, tenant, parcel())
    append(database, tenant, parcel("2", "X-9", partner="P-9", name="John Roe", ship={"street": "Other 2"}))
    append(database, tenant, parcel(name="Jané Doe", ship={"street": "Ring 2"}))  # kept as a conflict
    with database.transaction(tenant) as conn:
        event = event_get(conn, fetch_inbox(conn, range(LANES), 1, NOW)[0].seq)
        (work, _) = fetch_inbox(conn, range(LANES), 10, NOW)
        assert event.seq == work.seq
        park(conn, NOW, [Failure(work, "cannot be applied")])
        assert "Jané Doe" in quarantine_list(conn)[0].raw
    assert "Jané Doe" in dump(database, tenant)
    done = erase(database, tenant, kind, sought)
    assert (done.status, done.erased) == ("done", 2)
    left = dump(database, tenant)
    assert "jané doe" not in left.lower()
    assert "John Roe" in left
    with database.transaction(tenant) as conn:
        assert event_get(conn, work.seq).data["name"] == "[erased]"
        assert "[erased]" in quarantine_list(conn)[0].raw
        assert verify_audit(conn).ok
        assert find_personal(conn, kind, sought).count == 0


def test_rows_put_aside_lose_their_text_when_the_person_in_them_is_erased(database, tenant):
    with database.transaction(tenant) as conn:
        drafts = [
            QuarantineDraft("row", "shop", "bad", f'{{"row":{{"to":"{who}"}}}}') for who in ("Jané Doe", "John Roe")
        ]
        quarantine_add(conn, NOW, drafts)
    erase(database, tenant, "person", "Jané Doe")
    with database.transaction(tenant) as conn:
        assert sorted(q.raw for q in quarantine_list(conn)) == ["[erased]", '{"row":{"to":"John Roe"}}']


def test_who_asks_does_not_decide_and_a_request_is_decided_once(database, tenant, parcel):
    append(database, tenant, parcel())
    with database.transaction(tenant) as conn:
        request = request_erasure(conn, ctx_of(tenant, "olga"), "order", "X-1", "asked by the person")
        with pytest.raises(DutyConflict):
            decide_erasure(conn, ctx_of(tenant, "olga"), request, "approve", "myself")
        refused = decide_erasure(conn, ctx_of(tenant, "adam"), request, "refuse", "not the person")
        assert (refused.status, refused.erased) == ("refused", 0)
        with pytest.raises(Conflict):
            decide_erasure(conn, ctx_of(tenant, "adam"), request, "approve", "after all")
        assert find_personal(conn, "order", "X-1").count == 1
        assert [r.id for r in erasure_list(conn, status="refused")] == [request]
        with pytest.raises(NotFound):
            erasure_get(conn, CASE)


@pytest.mark.parametrize(
    ("kind", "subject"), [("order", "X-1"), ("partner", "P-1"), ("case", str(CASE)), ("everything", "")]
)
def test_a_hold_stops_erasure_and_expiry_until_it_is_lifted(database, tenant, parcel, kind, subject):
    append(database, tenant, parcel())
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [AuditDraft("order.seen", "order", "X-1", "user:ana", {}, CASE)])
        hold = place_hold(conn, ctx_of(tenant, "olga"), kind, subject, "a dispute")
        assert [h.id for h in hold_list(conn)] == [hold]
    with pytest.raises(OnHold):
        erase(database, tenant, "person", "Jané Doe")
    with database.transaction(tenant) as conn:
        assert erase_expired(conn, NOW + timedelta(days=1), 10) == 0
        lift_hold(conn, ctx_of(tenant, "olga"), hold, "settled")
        with pytest.raises(Conflict):
            lift_hold(conn, ctx_of(tenant, "olga"), hold, "again")
        assert erase_expired(conn, NOW + timedelta(days=1), 10) == 1


@pytest.mark.parametrize(
    ("kind", "sought"), [("street", "x"), ("order", ""), ("person", "ab"), ("case", "x"), ("order", "x" * 201)]
)
def test_what_cannot_be_sought_is_refused(database, tenant, kind, sought):
    with database.transaction(tenant) as conn, pytest.raises(Invalid):
        request_erasure(conn, ctx_of(tenant, "olga"), kind, sought, "a reason")


def test_each_class_is_kept_as_long_as_the_tenant_says_and_purges_leave_entries(database, tenant, parcel):
    classes = {
        c.name: c
        for c in (
            DataClass("personal_values", "values", None, erase_expired, holds_itself=True),
            DataClass("quarantine", "settled", 30, purge_quarantine),
        )
    }
    append(database, tenant, parcel())
    late = dataclasses.replace(ctx_of(tenant, "olga"), now=NOW + timedelta(days=31))
    with database.transaction(tenant) as conn:
        ids = quarantine_add(conn, NOW, [QuarantineDraft("row", "shop", "bad", str(n)) for n in range(3)])
        quarantine_resolve(conn, NOW, ids[:2], "dismissed", "user:ana")
        assert purge_expired(conn, ctx_of(tenant, "olga"), classes) == {}
        hold = place_hold(conn, late, "everything", "", "a dispute")
        set_retention(conn, late, classes, "personal_values", 7)
        assert purge_expired(conn, late, classes) == {}
        lift_hold(conn, late, hold, "settled")
        assert purge_expired(conn, late, classes) == {"personal_values": 1, "quarantine": 2}
        assert purge_expired(conn, late, classes) == {}
        assert [(r.data_class, r.days, r.default) for r in retention_rules(conn, classes)] == [
            ("personal_values", 7, False),
            ("quarantine", 30, True),
        ]
        assert [e.subject for e in search_audit(conn, action="retention.purged")] == ["quarantine", "personal_values"]
        with pytest.raises(Invalid):
            set_retention(conn, late, classes, "events", 7)
        with pytest.raises(Invalid):
            set_retention(conn, late, classes, "quarantine", 0)
        assert verify_audit(conn).ok
