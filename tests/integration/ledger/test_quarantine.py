from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from headgate.kernel.errors import Conflict, NotFound, Problem
from headgate.ledger import (
    QuarantineCount,
    QuarantineDraft,
    quarantine_add,
    quarantine_counts,
    quarantine_get,
    quarantine_list,
    quarantine_resolve,
)
from tests.integration.ledger.conftest import NOW


def row(n, reason="unknown product", **more):
    return QuarantineDraft("row", "erp", reason, f"line {n}", file="sales.csv", row_number=n, **more)


def test_a_bad_row_is_kept_with_everything_needed_to_mend_it(database, tenant):
    problem = Problem("lines[0].product", "SKU-9", "is not known", "Record the product first.")
    with database.transaction(tenant) as conn:
        [id] = quarantine_add(conn, NOW, [row(7, problems=(problem,), amount=Decimal("19.90"), currency="EUR")])
        kept = quarantine_get(conn, id)
    assert (kept.file, kept.row_number, kept.raw, kept.reason) == ("sales.csv", 7, "line 7", "unknown product")
    assert kept.problems == (problem,)
    assert (kept.amount, kept.currency, kept.status, kept.created_at) == (Decimal("19.90"), "EUR", "open", NOW)


def test_a_repeated_import_puts_nothing_aside_twice(database, tenant):
    with database.transaction(tenant) as conn:
        assert len(quarantine_add(conn, NOW, [row(1), row(2), row(1)])) == 2
        first = quarantine_list(conn)[0]
        quarantine_resolve(conn, NOW, [first.id], "replayed", "user:ana")
    with database.transaction(tenant) as conn:
        assert quarantine_add(conn, NOW + timedelta(days=1), [row(1), row(2)]) == []
        assert quarantine_get(conn, first.id).status == "replayed"


def test_an_edited_row_is_something_new(database, tenant):
    with database.transaction(tenant) as conn:
        quarantine_add(conn, NOW, [row(1)])
        edited = QuarantineDraft("row", "erp", "unknown unit", "line 1 edited", file="sales.csv", row_number=1)
        assert len(quarantine_add(conn, NOW, [edited])) == 1


def test_text_that_the_database_cannot_hold_is_kept_readable(database, tenant):
    with database.transaction(tenant) as conn:
        [id] = quarantine_add(
            conn,
            NOW,
            [QuarantineDraft("row", "erp", "bad \x00 row", "a\x00b\ud800c ä", (Problem("f\x00", "\ud800", "x"),))],
        )
        assert quarantine_get(conn, id).raw == "a\ufffdb?c ä"


def test_they_are_listed_in_the_order_of_the_file_and_paged(database, tenant):
    with database.transaction(tenant) as conn:
        quarantine_add(conn, NOW, [row(n, reason=f"r{n % 2}") for n in range(1, 8)])
        page = quarantine_list(conn, limit=4)
        rest = quarantine_list(conn, limit=4, after=page[-1].position)
        assert [q.row_number for q in page + rest] == [1, 2, 3, 4, 5, 6, 7]
        assert [q.row_number for q in quarantine_list(conn, reason="r0")] == [2, 4, 6]
        assert quarantine_list(conn, kind="event") == []
        assert quarantine_list(conn, source="other") == []
        assert quarantine_list(conn, status="dismissed") == []
        assert len(quarantine_list(conn, status=None)) == 7


def test_they_are_counted_by_reason_with_the_money_at_stake_in_each_currency(database, tenant):
    eur = {"amount": Decimal("10.10"), "currency": "EUR"}
    with database.transaction(tenant) as conn:
        quarantine_add(
            conn,
            NOW,
            [row(1, **eur), row(2, **eur), row(3, amount=Decimal(5), currency="USD"), row(4, reason="no price")],
        )
        assert quarantine_counts(conn) == [
            QuarantineCount("row", "unknown product", "EUR", 2, Decimal("20.20")),
            QuarantineCount("row", "no price", None, 1, None),
            QuarantineCount("row", "unknown product", "USD", 1, Decimal(5)),
        ]


def test_resolving_says_who_and_when_and_only_once(database, tenant):
    with database.transaction(tenant) as conn:
        one, two = quarantine_add(conn, NOW, [row(1), row(2)])
        quarantine_resolve(conn, NOW, [one], "dismissed", "user:ana")
        kept = quarantine_get(conn, one)
        assert (kept.status, kept.resolved_at, kept.resolved_by) == ("dismissed", NOW, "user:ana")
    with pytest.raises(Conflict), database.transaction(tenant) as conn:
        quarantine_resolve(conn, NOW, [two, one], "replayed", "user:ana")
    with database.transaction(tenant) as conn:
        assert quarantine_get(conn, two).status == "open"


def test_another_tenants_quarantine_is_not_seen(database, tenant, make_tenant):
    with database.transaction(tenant) as conn:
        [id] = quarantine_add(conn, NOW, [row(1)])
    with database.transaction(make_tenant()) as conn:
        assert quarantine_list(conn) == []
        with pytest.raises(NotFound):
            quarantine_get(conn, id)
        with pytest.raises(NotFound):
            quarantine_get(conn, UUID(int=0))
