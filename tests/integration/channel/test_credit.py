"""Credit accounts: snapshots against running sums, trees, and the last credit dollar."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from headgate.channel.credit import (
    CreditDelta,
    apply_credit_deltas,
    get_credit_account,
    list_credit_accounts,
    load_credit_accounts,
    project,
)
from headgate.domain.credit import check_credit, children_of, credit_levels
from headgate.kernel.errors import NotFound
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def account(code: str, limit: str = "1000", **changes: object) -> dict:
    return {"account": code, "currency": "EUR", "credit_limit": limit, **changes}


def test_a_snapshot_never_touches_open_orders(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("A", receivables="10"))])
        apply_credit_deltas(conn, {"A": CreditDelta(Decimal(300), Decimal(5))})
        project(conn, ctx, [recorded(account("A", limit="2000", receivables="20", hold=True))])
        found: Any = load_credit_accounts(conn, ["A"])["A"]
    assert (found.open_orders, found.credit_limit, found.receivables, found.hold) == (300, 2000, 20, True)
    assert found.shipped_unbilled == 0
    assert found.version == 3


def test_an_account_comes_with_its_whole_tree(database: Database, tenant: UUID, ctx, recorded) -> None:
    items = [
        account("TOP"),
        account("LEFT", parent="TOP"),
        account("RIGHT", parent="TOP"),
        account("LEAF", parent="LEFT"),
        account("OTHER"),
    ]
    with database.transaction(tenant) as conn:
        assert project(conn, ctx, [recorded(*items)]) == []
        assert set(load_credit_accounts(conn, ["LEAF"])) == {"TOP", "LEFT", "RIGHT", "LEAF"}
        assert set(load_credit_accounts(conn, ["OTHER", "NONE"], lock=True)) == {"OTHER"}
        assert load_credit_accounts(conn, []) == {}


def test_moving_a_branch_moves_everything_below_it(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        items = [account("T1"), account("T2"), account("B", parent="T1"), account("L", parent="B")]
        project(conn, ctx, [recorded(*items)])
        assert project(conn, ctx, [recorded(account("B", parent="T2"))]) == []
        assert set(load_credit_accounts(conn, ["L"])) == {"T2", "B", "L"}
        assert set(load_credit_accounts(conn, ["T1"])) == {"T1"}
        project(conn, ctx, [recorded(account("B"))])
        assert set(load_credit_accounts(conn, ["L"])) == {"B", "L"}


@pytest.mark.parametrize(
    ("items", "field", "words"),
    [
        ([account("A", parent="NONE")], "items[0].parent", "not a known"),
        ([account("A", parent="A")], "items[0].parent", "the account itself"),
        ([account("A", parent="B"), account("B", parent="A")], "items[0].parent", "circle"),
        ([account("A", limit="-1")], "items[0].credit_limit", "negative"),
        ([account("A", currency="EURO")], "items[0].currency", "ISO 4217"),
        ([{"account": "A", "currency": "EUR"}], "items[0].credit_limit", "missing"),
        ([account("A", open_orders="5")], "items[0].open_orders", "not a field"),
    ],
)
def test_a_bad_account_is_refused(database, tenant, ctx, recorded, items, field, words) -> None:
    with database.transaction(tenant) as conn:
        (refused,) = project(conn, ctx, [recorded(*items)])
        assert load_credit_accounts(conn, ["A", "B"]) == {}
    assert refused.problem.field == field
    assert words in refused.problem.message


def test_a_circle_through_stored_accounts_is_refused(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("A"), account("B", parent="A"), account("C", parent="B"))])
        (refused,) = project(conn, ctx, [recorded(account("A", parent="C"))])
        assert "circle" in refused.problem.message
        assert load_credit_accounts(conn, ["A"])["A"].parent is None


def test_what_a_refused_event_would_have_recorded_is_not_there_for_the_next(
    database: Database, tenant: UUID, ctx, recorded
) -> None:
    bad = recorded(account("PARENT"), account("X", parent="NONE"))
    needs_it = recorded(account("CHILD", parent="PARENT"))
    fine = recorded(account("FREE"))
    with database.transaction(tenant) as conn:
        refused = project(conn, ctx, [bad, needs_it, fine])
        assert [r.seq for r in refused] == [bad.seq, needs_it.seq]
        assert set(load_credit_accounts(conn, ["PARENT", "CHILD", "X", "FREE"])) == {"FREE"}


def test_a_parent_may_come_earlier_in_the_same_batch(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        assert project(conn, ctx, [recorded(account("P")), recorded(account("C", parent="P"))]) == []
        assert set(load_credit_accounts(conn, ["P"])) == {"P", "C"}


def test_an_older_snapshot_changes_nothing(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("A", limit="5"))])
        project(conn, ctx, [recorded(account("A", limit="4"), time=NOW - timedelta(seconds=1))])
        assert load_credit_accounts(conn, ["A"])["A"].credit_limit == 5


def test_the_currency_stays_while_orders_are_open(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("A"))])
        apply_credit_deltas(conn, {"A": CreditDelta(Decimal(1))})
        (refused,) = project(conn, ctx, [recorded(account("A", currency="USD"))])
        assert refused.problem.field == "items[0].currency"
        apply_credit_deltas(conn, {"A": CreditDelta(Decimal(-1))})
        assert project(conn, ctx, [recorded(account("A", currency="USD"))]) == []


def test_a_delta_for_an_unknown_account_is_an_error_and_no_delta_is_nothing(
    database: Database, tenant: UUID, ctx, recorded
) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("A"))])
        apply_credit_deltas(conn, {"NONE": CreditDelta()})
        with pytest.raises(NotFound, match="NONE"):
            apply_credit_deltas(conn, {"A": CreditDelta(Decimal(1)), "NONE": CreditDelta(Decimal(1))})


def test_accounts_are_listed_with_filters(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        items = [account("A", limit="10", receivables="11"), account("B", parent="A", hold=True), account("C")]
        project(conn, ctx, [recorded(*items)])

        def codes(**filters) -> list[str]:
            return [view.account.account for view in list_credit_accounts(conn, **filters).items]

        assert codes() == ["A", "B", "C"]
        assert codes(root="A") == ["A", "B"]
        assert codes(on_hold=True) == ["B"]
        assert codes(over_limit=True) == ["A"]
        assert get_credit_account(conn, "B").root == "A"
        assert str(get_credit_account(conn, "A").utilisation_pct) == "110.00"
        with pytest.raises(NotFound):
            get_credit_account(conn, "Z")


def test_the_last_credit_dollar_goes_to_one_of_many_siblings(database: Database, tenant: UUID, ctx, recorded) -> None:
    """Ten children of one parent order 100 at once; the parent's limit is 350."""
    children = [f"C{n}" for n in range(10)]
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("TOP", "350"), *(account(c, parent="TOP") for c in children))])
    passed: list[str] = []
    ready = threading.Barrier(len(children))

    def order(child: str) -> None:
        ready.wait()
        with database.transaction(tenant) as conn:
            accounts = load_credit_accounts(conn, [child], lock=True)
            levels = credit_levels(child, accounts, {}, children=children_of(accounts))
            if check_credit(levels, Decimal(100), "EUR", {}).over_limit == 0:
                apply_credit_deltas(conn, {child: CreditDelta(Decimal(100))})
                passed.append(child)

    threads = [threading.Thread(target=order, args=(child,)) for child in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 3
    with database.transaction(tenant) as conn:
        assert sum(a.open_orders for a in load_credit_accounts(conn, ["TOP"]).values()) == 300


def test_an_account_that_moves_while_it_is_waited_for_is_locked_under_its_new_root(
    database: Database, tenant: UUID, ctx, recorded
) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("T1"), account("T2"), account("C", parent="T1"))])
    moved, waiting = threading.Event(), threading.Event()
    seen: set[str] = set()

    def load() -> None:
        moved.wait()
        with database.transaction(tenant) as conn:
            waiting.set()
            seen.update(load_credit_accounts(conn, ["C"], lock=True))

    thread = threading.Thread(target=load)
    thread.start()
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(account("C", parent="T2"))])
        moved.set()
        waiting.wait()
        conn.execute("select pg_sleep(0.2)")
    thread.join()
    assert seen == {"C", "T2"}
