"""Mending what was refused: rows go through their mapping again, events back to the inbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.connectors import parse_mapping, replay_event, replay_rows, run_import
from headgate.domain.orders import validators
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.ids import derive_id
from headgate.ledger import Failure, event_get, event_list, fetch_inbox, park, quarantine_list

SHOP = (Path(__file__).parents[2] / "unit/connectors/shop.yaml").read_text(encoding="utf-8")
HEADER = "Order,Sku,Qty,Price,Customer,Country,Date"
WHO = Principal(id="user:ana@shop.example", kind="person")
LANES = 16


@pytest.fixture
def ctx(tenant, clock):
    return Context(tenant_id=tenant, principal=WHO, now=clock.now())


@pytest.fixture
def shop(database, ctx, tmp_path):
    """Imports lines and answers what is in quarantine then."""

    def bring(*lines: str):
        path = tmp_path / "orders.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        run_import(database, ctx, path, parse_mapping(SHOP, "shop.yaml"), "erp", validators=validators)
        with database.transaction(ctx.tenant_id) as conn:
            return quarantine_list(conn)

    return bring


@pytest.fixture
def replay(database, ctx):
    """Replays rows, with the orders that exist given as a table."""

    def run(entries, orders=None, **fix):
        with database.transaction(ctx.tenant_id) as conn:
            return replay_rows(
                conn,
                ctx,
                [e.id for e in entries],
                fix,
                lambda _conn, order: (orders or {}).get(order),
                lanes=LANES,
                validators=validators,
            )

    return run


def events(database, ctx, **wanted):
    with database.transaction(ctx.tenant_id) as conn:
        return event_list(conn, limit=100, **wanted)


def statuses(database, ctx):
    with database.transaction(ctx.tenant_id) as conn:
        return [(q.status, q.resolved_by) for q in quarantine_list(conn, status=None)]


def test_a_mended_row_of_an_order_that_does_not_exist_makes_the_order(database, ctx, shop, replay):
    (entry,) = shop("A1,S1,2,1.50,,Germany,01.03.2026 10:00")
    (done,) = replay([entry], Customer="P7")
    assert (done.type, done.subject, done.event_id) == ("order.submitted", "A1", "order.submitted:A1")
    (order,) = events(database, ctx, type="order.submitted")
    assert order.data["partner"] == "P7"
    assert order.time.isoformat() == "2026-03-01T09:00:00+00:00"
    assert [e.data["items"][0] for e in events(database, ctx, type="partner.recorded")] == [
        {"partner": "P7", "name": "Partner P7", "country": "DE"}
    ]
    assert statuses(database, ctx) == [("replayed", WHO.id)]


def test_a_mended_row_of_an_order_that_exists_amends_it_with_all_its_lines(database, ctx, shop, replay):
    (entry,) = shop(
        "A1,S1,2,1.50,P1,Germany,01.03.2026 10:00",
        "A1,S2,0,2.50,P1,Germany,01.03.2026 10:00",
        "A1,S3,1,3.50,P1,Germany,01.03.2026 10:00",
    )
    (submitted,) = events(database, ctx, type="order.submitted")
    assert [line["line"] for line in submitted.data["lines"]] == ["1", "3"]
    (done,) = replay([entry], {"A1": {**submitted.data, "terms": ""}}, Qty="5")
    assert done.type == "order.amended"
    (amended,) = events(database, ctx, type="order.amended")
    assert amended.key == submitted.key
    assert amended.time == ctx.now
    assert [(line["line"], line["product"], line["quantity"]) for line in amended.data["lines"]] == [
        ("1", "S1", "2"),
        ("3", "S3", "1"),
        ("2", "S2", "5"),
    ]
    assert amended.data["reason"] == "corrected row 2 of orders.csv"
    assert validators["order.amended"](amended.data) == []
    assert len(events(database, ctx, type="partner.recorded")) == 1


def test_several_rows_of_one_order_are_mended_in_one_event(database, ctx, shop, replay):
    entries = shop(
        "A1,S1,2,1.50,,Germany,01.03.2026 10:00",
        "A2,S1,2,1.50,,Germany,01.03.2026 10:00",
        "A1,S2,3,1.50,,Germany,01.03.2026 10:00",
    )
    done = replay(entries, Customer="P7")
    assert sorted(d.subject for d in done) == ["A1", "A1", "A2"]
    (order,) = events(database, ctx, subject="A1")
    assert [line["line"] for line in order.data["lines"]] == ["1", "2"]


def test_a_line_number_that_was_taken_meanwhile_gets_a_new_one(database, ctx, shop, replay):
    (entry,) = shop("A1,S1,0,1.50,P1,Germany,01.03.2026 10:00", "A1,S2,1,1.50,P1,Germany,01.03.2026 10:00")
    (submitted,) = events(database, ctx, type="order.submitted")
    taken = [{**submitted.data["lines"][0], "line": "1"}]
    replay([entry], {"A1": {**submitted.data, "lines": taken}}, Qty="1")
    (amended,) = events(database, ctx, type="order.amended")
    assert [line["line"] for line in amended.data["lines"]] == ["1", "1-2"]


def test_a_row_of_a_return_that_is_recorded_becomes_a_return_of_its_own(database, ctx, shop, replay):
    (entry,) = shop("R1,S1,-2,1.50,P1,Germany,01.03.2026 10:00", "R1,S2,x,1.50,P1,Germany,01.03.2026 10:00")
    (done,) = replay([entry], Qty="-4")
    assert (done.type, done.subject) == ("return.recorded", "R1-R2")
    assert [e.data["lines"][0]["quantity"] for e in events(database, ctx, type="return.recorded")] == ["4", "2"]


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        ({"Qty": "0"}, "row 1: row: no customer"),
        ({"Customer": "P1", "Qty": "-1"}, "row 1: quantity: is not above zero"),
        ({"Custmer": "P1"}, "Custmer: is not a column of the file"),
    ],
)
def test_a_row_that_is_still_bad_stays_in_quarantine(database, ctx, shop, replay, fix, said):
    entries = shop("A1,S1,2,1.50,,Germany,01.03.2026 10:00", "A2,S1,2,1.50,,Germany,01.03.2026 10:00")
    with pytest.raises(Invalid) as caught:
        replay(entries, **fix)
    assert said in caught.value.message
    assert statuses(database, ctx) == [("open", None)] * 2
    assert events(database, ctx) == []


def test_one_entry_that_cannot_be_mended_keeps_the_others_back_too(database, ctx, shop, replay):
    entries = shop("A1,S1,2,1.50,,Germany,01.03.2026 10:00", "A2,S1,2,1.50,,Atlantis,01.03.2026 10:00")
    with pytest.raises(Invalid, match="Atlantis"):
        replay(entries, Customer="P1")
    assert events(database, ctx) == []


def test_a_row_whose_order_is_in_the_log_but_not_applied_yet_waits(database, ctx, shop, replay):
    (entry,) = shop("A1,S1,2,1.50,P1,Germany,01.03.2026 10:00", "A1,S2,0,1.50,P1,Germany,01.03.2026 10:00")
    with pytest.raises(Conflict, match="not applied yet"):
        replay([entry], Qty="1")


def test_a_row_of_another_partner_does_not_join_the_order(database, ctx, shop, replay):
    (entry,) = shop("A1,S1,2,1.50,P1,Germany,01.03.2026 10:00", "A1,S2,1,1.50,P2,Germany,01.03.2026 10:00")
    (submitted,) = events(database, ctx, type="order.submitted")
    with pytest.raises(Invalid, match="A1 has P1"):
        replay([entry], {"A1": submitted.data})
    replay([entry], {"A1": submitted.data}, Customer="P1")


def test_a_row_is_replayed_once(database, ctx, shop, replay):
    (entry,) = shop("A1,S1,2,1.50,,Germany,01.03.2026 10:00")
    replay([entry], Customer="P1")
    with pytest.raises(Conflict, match="still open"):
        replay([entry], Customer="P1")
    with pytest.raises(NotFound), database.transaction(ctx.tenant_id) as conn:
        replay_rows(conn, ctx, [derive_id(ctx.now, "x")], {}, lambda *_: None, lanes=LANES)


def test_a_record_that_could_not_be_read_is_mended_in_the_file(shop, replay):
    (entry,) = shop("A1,S1")
    with pytest.raises(Invalid, match="Correct the file"):
        replay([entry], Customer="P1")


def test_importing_the_file_again_after_a_replay_changes_nothing(database, ctx, shop, replay, tmp_path):
    lines = ["A1,S1,2,1.50,,Germany,01.03.2026 10:00", "A2,S1,2,1.50,P1,Germany,01.03.2026 10:00"]
    (entry,) = shop(*lines)
    replay([entry], Customer="P9")
    before = len(events(database, ctx))
    assert shop(*lines) == []
    assert len(events(database, ctx)) == before
    assert statuses(database, ctx) == [("replayed", WHO.id)]


def test_a_replay_is_in_the_audit_chain_with_what_was_changed(database, ctx, shop, replay):
    (entry,) = shop("A1,S1,2,1.50,,Germany,01.03.2026 10:00")
    replay([entry], Customer="P7")
    with database.transaction(ctx.tenant_id) as conn:
        (body,) = conn.execute("select body from audit_entries where action = 'quarantine.replayed'").fetchone()
    found = json.loads(body)["body"]
    assert (found["row"], found["fix"], found["event"]) == (1, {"Customer": "P7"}, "order.submitted:A1")


def refused_event(database, ctx):
    """The one order of the log, refused at processing."""
    with database.transaction(ctx.tenant_id) as conn:
        (event,) = [e for e in fetch_inbox(conn, range(-1, LANES), 10, ctx.now) if e.type == "order.submitted"]
        park(conn, ctx.now, [Failure(event, "partner P1 is not known")])
        (entry,) = quarantine_list(conn, kind="event")
    return event, entry


def test_a_refused_event_is_applied_again_as_it_is(database, ctx, shop):
    shop("A1,S1,2,1.50,P1,Germany,01.03.2026 10:00")
    event, entry = refused_event(database, ctx)
    with database.transaction(ctx.tenant_id) as conn:
        done = replay_event(conn, ctx, entry.id, lanes=LANES)
    assert (done.event_id, done.type) == (event.event_id, "order.submitted")
    with database.transaction(ctx.tenant_id) as conn:
        assert event.seq in [e.seq for e in fetch_inbox(conn, range(-1, LANES), 10, ctx.now)]
        assert quarantine_list(conn) == []


def test_a_refused_event_is_applied_with_edited_data_as_a_new_event(database, ctx, shop):
    shop("A1,S1,2,1.50,P1,Germany,01.03.2026 10:00")
    event, entry = refused_event(database, ctx)
    edited = {**event.data, "partner": "P2"}
    with database.transaction(ctx.tenant_id) as conn:
        done = replay_event(conn, ctx, entry.id, edited, lanes=LANES, validators=validators)
    (new,) = [e for e in events(database, ctx, subject="A1") if e.event_id == done.event_id]
    assert new.event_id.startswith("order.submitted:A1:mended:")
    assert (new.data["partner"], new.key, new.actor) == ("P2", event.key, WHO.id)
    with database.transaction(ctx.tenant_id) as conn:
        assert event_get(conn, event.seq).data["partner"] == "P1"


def test_edited_data_must_be_valid(database, ctx, shop):
    shop("A1,S1,2,1.50,P1,Germany,01.03.2026 10:00")
    event, entry = refused_event(database, ctx)
    with pytest.raises(Invalid, match="partner"), database.transaction(ctx.tenant_id) as conn:
        replay_event(conn, ctx, entry.id, {**event.data, "partner": ""}, lanes=LANES, validators=validators)
    with database.transaction(ctx.tenant_id) as conn:
        assert len(quarantine_list(conn)) == 1
        with pytest.raises(Conflict):
            replay_rows(conn, ctx, [entry.id], {}, lambda *_: None, lanes=LANES)
