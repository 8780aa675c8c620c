"""Importing files into a real database: once, again, after a kill, with conflicts."""

from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from headgate.connectors import ImportReport, import_list, parse_mapping, preview_import, run_import
from headgate.domain.orders import validators
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Invalid, Problem
from headgate.ledger import append_events, conflict_list, event_list, inbox_depth, quarantine_list
from headgate.store import Database

SHOP = (Path(__file__).parents[2] / "unit/connectors/shop.yaml").read_text(encoding="utf-8")
HEADER = "Order,Sku,Qty,Price,Customer,Country,Date"
MAPPING = parse_mapping(SHOP, "shop.yaml")
WHO = Principal(id="user:ana@shop.example", kind="person")


@pytest.fixture
def ctx(tenant, clock):
    return Context(tenant_id=tenant, principal=WHO, now=clock.now())


def shop_file(folder: Path, lines: list[str], name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def order_lines(orders: int, lines: int = 2) -> list[str]:
    return [
        f"A{n},S{(n + line) % 7},{line + 1},1.25,P{n % 3},Germany,{n % 28 + 1:02}.03.2026 10:00"
        for n in range(orders)
        for line in range(lines)
    ]


def bring(database: Database, ctx: Context, path: Path, mapping=MAPPING, **options):
    return run_import(database, ctx, path, mapping, "erp", validators=validators, **options)


def everything(database: Database, ctx: Context) -> dict[str, int]:
    with database.transaction(ctx.tenant_id) as conn:
        return {
            table: len(conn.execute(f"select from {table}").fetchall())
            for table in ("events", "inbox", "quarantine", "event_conflicts", "audit_entries", "imports")
        }


def test_every_row_is_accounted_for_and_masters_come_before_the_orders_that_name_them(database, ctx, tmp_path):
    bad = ["B1,S1,0,1.00,P1,Germany,01.03.2026 10:00", "B1,S1,1,1.00,,Germany,01.03.2026 10:00"]
    good = [*order_lines(10), "R1,S1,-2,1.25,P1,Germany,05.03.2026 10:00"]
    report = bring(database, ctx, shop_file(tmp_path, [*good, *bad]), chunk=3)
    assert report.reconciled
    assert (report.rows, report.document_rows, report.quarantined_rows) == (23, 21, 2)
    assert report.documents == {"order.submitted": 10, "return.recorded": 1}
    assert report.records == {"partner.recorded": 3, "product.recorded": 7}
    assert (report.appended, report.duplicates, report.conflicts) == (21, 0, 0)
    assert report.amounts.orders == Decimal("37.50")
    assert report.amounts.returns == Decimal("-2.50")
    assert report.amounts.quarantined == Decimal("1.00")
    assert {(r.reason, r.rows) for r in report.quarantined} == {("no customer", 1), ("quantity is not above zero", 1)}
    with database.transaction(ctx.tenant_id) as conn:
        events = sorted(event_list(conn, limit=500), key=lambda e: e.seq)
        assert sum(d.events for d in inbox_depth(conn, ctx.now)) == 21
        kept = quarantine_list(conn)
    known: set[str] = set()
    for event in events:
        if event.type.startswith(("partner.", "product.")):
            known.update(str(item.get("partner") or item["product"]) for item in event.data["items"])
        else:
            assert {event.data["partner"], *(line["product"] for line in event.data["lines"])} <= known
        assert event.actor == WHO.id
    assert [(q.row_number, q.reason, q.amount) for q in kept] == [
        (22, "quantity is not above zero", Decimal(0)),
        (23, "no customer", Decimal("1.00")),
    ]
    assert json.loads(kept[0].raw)["row"]["Order"] == "B1"


def test_a_second_import_changes_nothing(database, ctx, tmp_path):
    lines = [*order_lines(12), "B1,S1,0,1.00,P1,Germany,01.03.2026 10:00", "short,row"]
    path = shop_file(tmp_path, lines)
    first = bring(database, ctx, path, chunk=5)
    before = everything(database, ctx)
    renamed = path.rename(tmp_path / "renamed.csv")
    again = bring(database, ctx, renamed, chunk=4)
    assert everything(database, ctx) == before
    assert (again.appended, again.newly_quarantined, again.conflicts) == (0, 0, 0)
    assert again.duplicates == first.appended
    assert again.reconciled
    assert again.amounts == first.amounts


def test_a_grown_file_brings_only_what_is_new(database, ctx, tmp_path):
    bring(database, ctx, shop_file(tmp_path, order_lines(4)))
    report = bring(database, ctx, shop_file(tmp_path, order_lines(6), "more.csv"))
    with database.transaction(ctx.tenant_id) as conn:
        assert len(event_list(conn, type="order.submitted", limit=100)) == 6
    assert report.documents == {"order.submitted": 6}
    assert report.duplicates == 4


class Killed(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize("where", ["before the commit", "after the commit"])
def test_a_killed_import_goes_on_where_it_stood(database, ctx, tmp_path, monkeypatch, where):
    path = shop_file(tmp_path, [*order_lines(20), "B1,S1,0,1.00,P1,Germany,01.03.2026 10:00"])
    calls = 0

    def dying(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == 3 and where == "before the commit":
            append_events(*args, **kwargs)
            raise Killed
        return append_events(*args, **kwargs)

    def report_progress(done, total):
        assert total == 41
        if where == "after the commit" and done >= 24:
            raise Killed

    monkeypatch.setattr("headgate.connectors.imports.service.append_events", dying)
    with pytest.raises(Killed):
        bring(database, ctx, path, chunk=4, progress=report_progress)
    with database.transaction(ctx.tenant_id) as conn:
        (state,) = import_list(conn, ctx.now.replace(year=2030))
    stood = {"before the commit": 16, "after the commit": 24}[where]
    assert (state.status, state.rows_done, state.rows) == ("running", stood, 41)
    seen: list[int] = []
    report = bring(database, ctx, path, chunk=4, progress=lambda done, _: seen.append(done))
    assert report.resumed_from == stood
    assert seen[0] == stood
    assert seen[-1] == 41
    assert report.reconciled
    assert report.documents == {"order.submitted": 20}
    assert (report.duplicates, report.conflicts, report.newly_quarantined) == (0, 0, 1)
    assert report.appended == 20 + 3 + 7


def test_an_import_since_a_day_keeps_nothing_of_what_came_before_and_accounts_for_it(database, ctx, tmp_path):
    path = shop_file(
        tmp_path,
        [*order_lines(20), "B1,S1,1,9.00,,Germany,02.03.2026 10:00", "R1,S1,-2,1.25,P1,Germany,05.03.2026 10:00"],
    )
    report = bring(database, ctx, path, since=date(2026, 3, 11), chunk=3)
    assert report.reconciled
    assert (report.rows, report.document_rows, report.earlier_rows) == (42, 20, 22)
    assert report.amounts.earlier == Decimal("9.00") - Decimal("2.50") + 10 * Decimal("3.75")
    assert report.quarantined == ()
    with database.transaction(ctx.tenant_id) as conn:
        assert {e.subject for e in event_list(conn, type="order.submitted", limit=100)} == {
            f"A{n}" for n in range(10, 20)
        }
        assert quarantine_list(conn) == []
    before = everything(database, ctx)
    assert bring(database, ctx, path, since=date(2026, 3, 11)).as_json() == report.as_json() | {
        "appended": 0,
        "duplicates": report.appended,
    }
    assert everything(database, ctx) == before


def test_what_a_start_left_out_is_taken_by_a_later_import_without_it(database, ctx, tmp_path):
    path = shop_file(tmp_path, order_lines(20))
    bring(database, ctx, path, since=date(2026, 3, 11))
    report = bring(database, ctx, path)
    assert (report.reconciled, report.documents["order.submitted"], report.earlier_rows) == (True, 20, 0)
    with database.transaction(ctx.tenant_id) as conn:
        assert len(event_list(conn, type="order.submitted", limit=100)) == 20


def test_two_runs_of_one_import_cannot_both_go_on(database, ctx, tmp_path):
    path = shop_file(tmp_path, order_lines(20))
    other: list[ImportReport] = []

    def interrupt(done, total):
        if done == 8 and not other:
            other.append(bring(database, ctx, path))

    with pytest.raises(Conflict, match="taken over"):
        bring(database, ctx, path, chunk=4, progress=interrupt)
    assert other[0].reconciled
    with database.transaction(ctx.tenant_id) as conn:
        assert len(event_list(conn, type="order.submitted", limit=100)) == 20


def test_an_order_that_changed_in_the_file_is_a_conflict_that_is_reported_and_kept(database, ctx, tmp_path):
    bring(database, ctx, shop_file(tmp_path, order_lines(3)))
    changed = order_lines(3)
    changed[2] = changed[2].replace("1.25", "9.99")
    report = bring(database, ctx, shop_file(tmp_path, changed, "changed.csv"))
    assert report.conflicts == 1
    assert report.conflict_ids == ("order.submitted:A1",)
    assert report.conflicting_rows == 2
    assert report.reconciled
    with database.transaction(ctx.tenant_id) as conn:
        (conflict,) = conflict_list(conn)
        first = event_list(conn, subject="A1", limit=5)
    assert conflict.data["lines"][0]["unit_price"] == "9.99"
    assert [e.data["lines"][0]["unit_price"] for e in first] == ["1.25"]


def test_rows_of_an_order_that_do_not_stand_together_are_one_order(database, ctx, tmp_path):
    lines = order_lines(6)
    path = shop_file(tmp_path, [*lines[0::2], *lines[1::2]])
    report = bring(database, ctx, path, chunk=2)
    assert report.documents == {"order.submitted": 6}
    assert report.reconciled


def test_compressed_json_lines_are_imported_the_same_way(database, ctx, tmp_path):
    path = tmp_path / "orders.jsonl.gz"
    rows = [dict(zip(HEADER.split(","), line.split(","), strict=True)) for line in order_lines(3)]
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    report = bring(database, ctx, path)
    assert (report.reconciled, report.documents) == (True, {"order.submitted": 3})


def test_records_stated_by_the_mapping_are_sent_once_and_checked_before_anything_is_written(database, ctx, tmp_path):
    stated = (
        SHOP
        + "fixed:\n  - type: tax_rate.recorded\n    items: [{jurisdiction: DE, rate: '19', valid_from: 2020-01-01}]\n"
    )
    path = shop_file(tmp_path, order_lines(3))
    mapping = parse_mapping(stated, "shop.yaml")
    report = bring(database, ctx, path, mapping)
    assert report.records["tax_rate.recorded"] == 1
    assert bring(database, ctx, path, mapping).appended == 0
    with database.transaction(ctx.tenant_id) as conn:
        (event,) = event_list(conn, type="tax_rate.recorded", limit=5)
    assert event.key == "control:tax_rate.recorded"

    def refuse(_data):
        return [Problem("items[0].rate", "19", "is odd")]

    before = everything(database, ctx)
    with pytest.raises(Invalid, match=r"fixed\[0\]\.items\[0\]\.rate"):
        run_import(database, ctx, path, mapping, "other", validators={"tax_rate.recorded": refuse})
    assert everything(database, ctx) == before


def test_a_mapping_that_does_not_fit_the_file_writes_nothing(database, ctx, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("Order,Sku\nA1,S1\n")
    before = everything(database, ctx)
    with pytest.raises(Invalid, match="Price"):
        bring(database, ctx, path)
    assert everything(database, ctx) == before


def test_a_finished_import_is_in_the_audit_chain_and_a_repeat_adds_nothing_to_it(database, ctx, tmp_path):
    path = shop_file(tmp_path, order_lines(3))
    bring(database, ctx, path)
    bring(database, ctx, path)
    with database.transaction(ctx.tenant_id) as conn:
        rows = conn.execute("select action, actor from audit_entries").fetchall()
    assert rows == [("import.finished", WHO.id)]


def test_a_preview_shows_what_an_import_would_do_and_stores_nothing(database, ctx, tmp_path):
    path = shop_file(tmp_path, [*order_lines(4), "B1,S1,0,1.00,P1,Germany,01.03.2026 10:00"])
    before = everything(database, ctx)
    found = preview_import(path, MAPPING, limit=2, validators=validators)
    assert [d.code for d in found.documents] == ["A0", "A1"]
    assert [b.reason for b in found.bad] == ["quantity is not above zero"]
    assert everything(database, ctx) == before


def test_another_tenants_imports_and_files_are_apart(database, ctx, tmp_path, make_tenant):
    path = shop_file(tmp_path, order_lines(3))
    bring(database, ctx, path)
    other = Context(tenant_id=make_tenant(), principal=WHO, now=ctx.now)
    report = bring(database, other, path)
    assert (report.duplicates, report.appended) == (0, 3 + 3 + 4)
