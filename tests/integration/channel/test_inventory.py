"""Stock and reservations: snapshots against running sums, the last unit, expiry, thresholds."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from headgate.channel.inventory import (
    Hold,
    ShippedLine,
    expire_reservations,
    list_reservations,
    list_stock,
    load_holds,
    load_stock,
    project,
    release,
    reserve,
    ship,
    threshold_events,
)
from headgate.domain.stock import Need, allocate, atp
from headgate.kernel.errors import NotFound
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def level(product: str, warehouse: str = "W", on_hand: str = "10", **changes: object) -> dict:
    return {"product": product, "warehouse": warehouse, "on_hand": on_hand, **changes}


def hold(order: str, quantity: int, product: str = "S", warehouse: str = "W", line: str = "1", **changes) -> Hold:
    return Hold(order, line, warehouse, product, Decimal(quantity), **changes)


def quantities(conn, product: str = "S", warehouse: str = "W") -> tuple[Any, Any]:
    (found,) = [found for found in load_stock(conn, [product])[product] if found.warehouse == warehouse]
    return found.on_hand, found.reserved


def test_a_snapshot_never_touches_what_is_reserved(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S", safety_stock="2", inbound="5", region="DE"))])
        reserve(conn, NOW, [hold("O1", 4)])
        project(conn, ctx, [recorded(level("S", on_hand="7"))])
        found: Any = load_stock(conn, ["S", "NONE"])["S"][0]
        available: Any = atp(found)
    assert (found.on_hand, found.reserved, found.safety_stock, found.inbound, available) == (7, 4, 0, 0, 3)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (level("S", on_hand="-1"), "items[0].on_hand"),
        (level("S", safety_stock="-1"), "items[0].safety_stock"),
        (level("S", reserved="1"), "items[0].reserved"),
        ({"product": "S", "warehouse": "W"}, "items[0].on_hand"),
        ({"product": "S", "on_hand": "1"}, "items[0].warehouse"),
        (level("S", on_hand="1.1234567"), "items[0].on_hand"),
    ],
)
def test_a_bad_level_is_refused(database, tenant, ctx, recorded, item, field) -> None:
    with database.transaction(tenant) as conn:
        assert [r.problem.field for r in project(conn, ctx, [recorded(level("T"), item)])] == [
            field.replace("[0]", "[1]")
        ]
        assert load_stock(conn, ["S", "T"]) == {}


def test_an_older_snapshot_changes_nothing(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        project(conn, ctx, [recorded(level("S", on_hand="99"), time=NOW - timedelta(days=1))])
        assert quantities(conn) == (10, 0)


def test_reserving_again_under_the_same_key_replaces(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"), level("T"))])
        reserve(conn, NOW, [hold("O1", 4), hold("O2", 1)])
        reserve(conn, NOW, [hold("O1", 6)])
        assert quantities(conn) == (10, 7)
        reserve(conn, NOW, [hold("O1", 2, product="T")])
        assert (quantities(conn), quantities(conn, "T")) == ((10, 1), (10, 2))
        reserve(conn, NOW, [])
        assert quantities(conn) == (10, 1)
        reserve(conn, NOW, [hold("O2", 0)])
        assert quantities(conn) == (10, 0)


def test_an_amendment_gives_back_the_lines_it_drops(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        reserve(conn, NOW, [hold("O1", 4), hold("O1", 3, line="2"), hold("O2", 1)])
        reserve(conn, NOW, [hold("O1", 5)], replacing=["O1"])
        assert quantities(conn) == (10, 6)
        assert [h.line for h in load_holds(conn, ["O1", "O2"])["O1"]] == ["1"]


def test_releasing_gives_everything_back_once(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        reserve(conn, NOW, [hold("O1", 4), hold("O2", 1)])
        for _ in range(2):
            release(conn, NOW, ["O1"])
            assert quantities(conn) == (10, 1)
        assert load_holds(conn, ["O1"]) == {}
        reserve(conn, NOW, [hold("O1", 3)])
        assert quantities(conn) == (10, 4)


def test_a_hold_in_a_warehouse_that_does_not_stock_the_product_is_an_error(
    database: Database, tenant: UUID, ctx, recorded
) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        with pytest.raises(NotFound, match="warehouse X"):
            reserve(conn, NOW, [hold("O1", 4), hold("O1", 1, warehouse="X")])


def test_shipping_takes_from_hand_and_from_the_hold(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        reserve(conn, NOW, [hold("O1", 4)])
        assert ship(conn, NOW, [ShippedLine("O1", "1", "S", Decimal(3), "W")]) == ([], ())
        assert quantities(conn) == (7, 1)
        ship(conn, NOW, [ShippedLine("O1", "1", "S", Decimal(1))])
        assert quantities(conn) == (6, 0)
        view: Any = list_reservations(conn, order="O1").items[0]
        assert (view.status, view.shipped, view.hold.quantity) == ("shipped", 4, 0)
        release(conn, NOW, ["O1"])
        assert quantities(conn) == (6, 0)


def test_a_shipment_from_nowhere_known_is_told(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        _, unplaced = ship(conn, NOW, [ShippedLine("O9", "1", "S", Decimal(3))])
        assert [row.quantity for row in unplaced] == [3]
        assert quantities(conn) == (10, 0)
        assert ship(conn, NOW, [ShippedLine("O9", "1", "SERVICE", Decimal(3), "W")]) == ([], ())


def test_expired_holds_are_given_back_in_bounded_steps(database: Database, tenant: UUID, ctx, recorded) -> None:
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S"))])
        holds = [hold(f"O{n}", 1, expires_at=soon) for n in range(3)]
        reserve(conn, NOW, [*holds, hold("O8", 1, expires_at=later), hold("O9", 1)])
        assert expire_reservations(conn, NOW) == ([], [])
        gone, _ = expire_reservations(conn, soon, limit=2)
        assert [h.order for h in gone] == ["O0", "O1"]
        assert quantities(conn) == (10, 3)
        assert [h.order for h in expire_reservations(conn, soon)[0]] == ["O2"]
        assert expire_reservations(conn, soon) == ([], [])
        assert quantities(conn) == (10, 2)


def test_a_threshold_is_told_when_it_is_crossed_and_only_then(database: Database, tenant: UUID, ctx, recorded) -> None:
    told: list = []
    with database.transaction(tenant) as conn:
        first = level("S", threshold="5")
        project(conn, ctx, [recorded(first)], announce=lambda _conn, _ctx, found: told.extend(found))
        assert told == []
        assert reserve(conn, NOW, [hold("O1", 5)]) == []
        crossed: Any = reserve(conn, NOW, [hold("O2", 1)])[0]
        assert (crossed.direction, crossed.atp_before, crossed.atp_after) == ("breached", 5, 4)
        assert reserve(conn, NOW, [hold("O3", 1)]) == []
        assert ship(conn, NOW, [ShippedLine("O3", "1", "S", Decimal(1), "W")])[0] == []
        (back,) = release(conn, NOW, ["O1"])
        assert back.direction == "recovered"
        low = level("S", on_hand="2", threshold="5")
        project(conn, ctx, [recorded(low)], announce=lambda _conn, _ctx, found: told.extend(found))
        project(conn, ctx, [recorded(low)], announce=lambda _conn, _ctx, found: told.extend(found))
        assert [(c.direction, c.atp_after) for c in told] == [("breached", 1)]
    events = threshold_events([crossed, back], NOW, "orders:7")
    assert [(e.event_id, e.type, e.data["atp"]) for e in events] == [
        ("orders:7:S:W:breached", "inventory.threshold_breached", "4"),
        ("orders:7:S:W:recovered", "inventory.threshold_recovered", "8"),
    ]


def test_the_last_unit_goes_to_exactly_one_of_many_orders(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(level("S", on_hand="3"))])
    won: list[str] = []
    orders = [f"O{n}" for n in range(10)]
    ready = threading.Barrier(len(orders))

    def order(number: str) -> None:
        ready.wait()
        with database.transaction(tenant) as conn:
            (found,) = allocate([Need("1", "S", Decimal(1))], load_stock(conn, ["S"], lock=True))
            if not found.back_order:
                reserve(conn, NOW, [hold(number, 1, warehouse=found.picks[0].warehouse)])
                won.append(number)

    threads = [threading.Thread(target=order, args=(number,)) for number in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 3
    with database.transaction(tenant) as conn:
        assert quantities(conn) == (3, 3)


def test_expiry_and_release_at_once_give_back_once(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project(conn, ctx, [recorded(*(level(f"S{n}") for n in range(20)))])
        reserve(conn, NOW, [hold("O1", 4, product=f"S{n}", line=str(n), expires_at=NOW) for n in range(20)])
    ready = threading.Barrier(4)
    failures: list[psycopg.Error] = []

    def run(work) -> None:
        ready.wait()
        try:
            with database.transaction(tenant) as conn:
                work(conn)
        except psycopg.Error as error:
            failures.append(error)

    works = [
        lambda conn: release(conn, NOW, ["O1"]),
        lambda conn: expire_reservations(conn, NOW),
        lambda conn: expire_reservations(conn, NOW, limit=7),
        lambda conn: ship(conn, NOW, [ShippedLine("O1", "3", "S3", Decimal(4), "W")]),
    ]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.transaction(tenant) as conn:
        assert {quantities(conn, f"S{n}")[1] for n in range(20)} == {0}
        assert quantities(conn, "S3") == (6, 0)


def test_stock_is_listed_with_atp(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        items = [level("S", "A", threshold="20"), level("S", "B"), level("T", "A", safety_stock="4")]
        project(conn, ctx, [recorded(*items)])
        page = list_stock(conn, limit=2)
        assert [(v.level.product, v.level.warehouse) for v in page.items] == [("S", "A"), ("S", "B")]
        assert [v.atp for v in list_stock(conn, cursor=page.next_cursor).items] == [6]
        assert [v.level.warehouse for v in list_stock(conn, below_threshold=True).items] == ["A"]
        assert len(list_stock(conn, warehouse="A").items) == 2
        reserve(conn, NOW, [hold("O1", 1, warehouse="A"), hold("O2", 1, warehouse="A")])
        first = list_reservations(conn, limit=1)
        assert [v.hold.order for v in list_reservations(conn, cursor=first.next_cursor).items] == ["O2"]
        assert list_reservations(conn, status="released").items == ()
