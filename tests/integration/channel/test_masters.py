"""Partners, products and what every master noun shares: projections, revisions, paging."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from headgate.channel import credit, inventory, partners, products
from headgate.channel.masters import RevisionCache, bump
from headgate.kernel.errors import Invalid, NotFound
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def partner(code: str, **changes: object) -> dict:
    return {"partner": code, "name": f"Partner {code}", **changes}


def test_a_partner_is_written_and_loaded_as_facts(database: Database, tenant: UUID, ctx, recorded) -> None:
    item = partner(
        "P-1", country="DE", region="DACH", tier="gold", groups=["retail", "eu"], terms="net30", account="A-1"
    )
    with database.transaction(tenant) as conn:
        assert partners.project(conn, ctx, [recorded(item)]) == []
        found = partners.load_partners(conn, ["P-1", "P-2"])
    assert set(found) == {"P-1"}
    facts = found["P-1"]
    assert (facts.tier, facts.groups, facts.account, facts.status) == ("gold", ("retail", "eu"), "A-1", "active")


def test_within_a_batch_the_latest_snapshot_wins(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        events = [recorded(partner("P-1", tier="a"), partner("P-1", tier="b")), recorded(partner("P-1", tier="c"))]
        partners.project(conn, ctx, events)
        assert partners.load_partners(conn, ["P-1"])["P-1"].tier == "c"


def test_a_snapshot_older_than_the_stored_one_changes_nothing(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        partners.project(conn, ctx, [recorded(partner("P-1", tier="new"))])
        partners.project(conn, ctx, [recorded(partner("P-1", tier="old"), time=NOW - timedelta(hours=1))])
        assert partners.load_partners(conn, ["P-1"])["P-1"].tier == "new"


def test_a_bad_item_refuses_its_whole_event_and_no_other(database: Database, tenant: UUID, ctx, recorded) -> None:
    bad = recorded(partner("P-1"), partner("P-2", country="Germany", status="gone"))
    good = recorded(partner("P-3"))
    with database.transaction(tenant) as conn:
        refused = partners.project(conn, ctx, [bad, good])
        assert set(partners.load_partners(conn, ["P-1", "P-2", "P-3"])) == {"P-3"}
    assert [r.seq for r in refused] == [bad.seq]
    assert refused[0].problem.field == "items[1].country"
    assert "items[1].status" in refused[0].problem.message


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"product": "S", "cost": "1.00"}, "items[0].cost_currency"),
        ({"product": "S", "cost": "1.00", "cost_currency": "XXX"}, "items[0].cost_currency"),
        ({"product": "S", "unit": "parsec"}, "items[0].unit"),
        ({"product": "S", "cost": "-1", "cost_currency": "EUR"}, "items[0].cost"),
        ({"product": "S", "cost": 1.5, "cost_currency": "EUR"}, "items[0].cost"),
        ({"product": "S", "list_prize": "1"}, "items[0].list_prize"),
        ({"product": "S", "substitutes": ["S"]}, "items[0].substitutes"),
        ({"product": "x" * 65}, "items[0].product"),
        ({"product": "a\u0000b"}, "items[0].product"),
        ({}, "items[0].product"),
        ("S", "items[0]"),
    ],
)
def test_a_bad_product_is_refused_with_its_field(database, tenant, ctx, recorded, item, field) -> None:
    with database.transaction(tenant) as conn:
        refused = products.project(conn, ctx, [recorded(item)])
        assert [r.problem.field for r in refused] == [field]
        assert products.load_products(conn, ["S"]) == {}


def test_a_product_keeps_exact_amounts(database: Database, tenant: UUID, ctx, recorded) -> None:
    item = {"product": "S", "cost": "0.123456", "cost_currency": "EUR", "min_quantity": "5", "unit": "KGM"}
    with database.transaction(tenant) as conn:
        products.project(conn, ctx, [recorded(item)])
        facts = products.load_products(conn, ["S"])["S"]
        view = products.get_product(conn, "S")
    assert (facts.cost, facts.min_quantity, facts.multiple) == (Decimal("0.123456"), Decimal(5), Decimal(0))
    assert (facts.unit, facts.tax_class) == ("KGM", "standard")
    assert (view.product.cost, view.atp) == (Decimal("0.123456"), None)


def test_partners_are_listed_with_the_sums_of_their_credit_account(database, tenant, ctx, recorded) -> None:
    account = {"account": "A", "currency": "EUR", "credit_limit": "100", "receivables": "70", "deposits": "10"}
    with database.transaction(tenant) as conn:
        credit.project(conn, ctx, [recorded({**account, "overdue_1_30": "20"})])
        partners.project(conn, ctx, [recorded(partner("P-1", account="A"), partner("P-2"))])
        first: Any
        second: Any
        first, second = partners.list_partners(conn).items
    assert (first.currency, first.exposure, first.credit_limit, first.overdue) == ("EUR", 60, 100, 20)
    assert (str(first.utilisation_pct), second.utilisation_pct) == ("60.00", None)
    assert (second.exposure, second.hold) == (None, None)


def test_a_product_is_listed_with_its_atp_over_all_warehouses(database, tenant, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        products.project(conn, ctx, [recorded({"product": "S"})])
        stock = [{"product": "S", "warehouse": w, "on_hand": "10", "safety_stock": "3", "inbound": "1"} for w in "AB"]
        inventory.project(conn, ctx, [recorded(*stock)])
        assert products.list_products(conn).items[0].atp == 16


def test_pages_go_through_everything_once_also_while_rows_arrive(database, tenant, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        partners.project(conn, ctx, [recorded(*(partner(f"P-{n}") for n in range(1, 8)))])
        page = partners.list_partners(conn, limit=3)
        seen = [view.partner.partner for view in page.items]
        partners.project(conn, ctx, [recorded(partner("P-0"))])
        while page.next_cursor:
            page = partners.list_partners(conn, limit=3, cursor=page.next_cursor)
            seen += [view.partner.partner for view in page.items]
    assert seen == [f"P-{n}" for n in range(1, 8)]


def test_lists_filter(database, tenant, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        items = [
            partner("P-1", tier="gold", country="DE", groups=["g"]),
            partner("P-2", tier="gold", status="blocked", name="100%_sure"),
        ]
        partners.project(conn, ctx, [recorded(*items)])

        def codes(**filters) -> list[str]:
            return [view.partner.partner for view in partners.list_partners(conn, **filters).items]

        assert codes(tier="gold") == ["P-1", "P-2"]
        assert codes(group="g") == ["P-1"]
        assert codes(country="DE", status="blocked") == []
        assert codes(text="%_SURE") == ["P-2"]
        with pytest.raises(NotFound):
            partners.get_partner(conn, "P-9")
        with pytest.raises(Invalid):
            partners.list_partners(conn, cursor="nonsense")
        with pytest.raises(Invalid):
            partners.list_partners(conn, limit=0)


def test_a_portal_user_sees_only_its_partner(database, tenant, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        partners.project(conn, ctx, [recorded(partner("P-1"), partner("P-2"))])
    with database.transaction(tenant, partner="P-1") as conn:
        assert [view.partner.partner for view in partners.list_partners(conn).items] == ["P-1"]


class Loads:
    """A loader that counts how often it was asked, and for what."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, keys: list[str]) -> dict[str, str]:
        self.asked.append(keys)
        return {key: key.upper() for key in keys if key != "none"}


def test_the_cache_asks_once_until_the_revision_changes(database: Database, tenant: UUID) -> None:
    cache, load = RevisionCache(), Loads()
    with database.transaction(tenant) as conn:
        bump(conn, "things")
    for _ in range(2):
        with database.transaction(tenant) as conn:
            assert cache.take(conn, "things", ["a", "none"], load) == {"a": "A"}
    assert load.asked == [["a", "none"]]
    with database.transaction(tenant) as conn:
        assert cache.take(conn, "things", ["a", "b"], load) == {"a": "A", "b": "B"}
        bump(conn, "things")
    with database.transaction(tenant) as conn:
        cache.take(conn, "things", ["a"], load)
    assert load.asked == [["a", "none"], ["b"], ["a"]]


def test_stamps_read_at_once_are_as_fresh_as_that_moment(database: Database, tenant: UUID) -> None:
    cache, load = RevisionCache(), Loads()
    with database.transaction(tenant) as conn:
        bump(conn, "things")
        bump(conn, "others")
    with database.transaction(tenant) as conn:
        stamped = cache.at_once(conn)
        with database.transaction(tenant) as meanwhile:
            bump(meanwhile, "things")
        assert stamped.take(conn, "things", ["a", "none"], load) == {"a": "A"}
        assert stamped.take(conn, "others", ["b"], load) == {"b": "B"}
    with database.transaction(tenant) as conn:
        cache.at_once(conn).take(conn, "others", ["b"], load)
        assert cache.take(conn, "others", ["b"], load) == {"b": "B"}
        assert load.asked == [["a", "none"], ["b"]], "both ways of asking share what is remembered"
        cache.at_once(conn).take(conn, "things", ["a"], load)
        assert load.asked[2:] == [["a"]], "what was remembered under the older stamp is loaded again"
        bump(conn, "things")
        cache.at_once(conn).take(conn, "things", ["a"], load)
        assert load.asked[3:] == [["a"]], "a change within the transaction counts"


def test_what_was_never_written_is_remembered_until_it_is_written_and_for_its_tenant_only(
    database: Database, tenant: UUID, make_tenant: Callable[[], UUID]
) -> None:
    cache, load = RevisionCache(), Loads()
    for _ in range(2):
        with database.transaction(tenant) as conn:
            assert cache.at_once(conn).take(conn, "things", ["none"], load) == {}
    assert load.asked == [["none"]]
    with database.transaction(make_tenant()) as conn:
        assert cache.at_once(conn).take(conn, "things", ["none", "a"], load) == {"a": "A"}
    assert load.asked[1:] == [["none", "a"]], "another tenant's are its own"
    with database.transaction(tenant) as conn:
        bump(conn, "things")
    with database.transaction(tenant) as conn:
        assert cache.at_once(conn).take(conn, "things", ["none"], load) == {}
    assert load.asked[2:] == [["none"]]


def test_a_partners_transaction_neither_uses_nor_fills_what_staff_remember(database: Database, tenant: UUID) -> None:
    cache, load = RevisionCache(), Loads()
    with database.transaction(tenant) as conn:
        bump(conn, "things")
        cache.at_once(conn).take(conn, "things", ["a"], load)
    with database.transaction(tenant, partner="P-1") as conn:
        stamped = cache.at_once(conn)
        stamped.take(conn, "things", ["a", "b"], load)
        stamped.take(conn, "never written", ["c"], load)
    with database.transaction(tenant) as conn:
        cache.at_once(conn).take(conn, "things", ["a", "b"], load)
        cache.at_once(conn).take(conn, "never written", ["c"], load)
    assert load.asked == [["a"], ["a", "b"], ["c"], ["b"], ["c"]]


def test_what_a_rolled_back_transaction_loaded_is_not_trusted_later(database: Database, tenant: UUID) -> None:
    cache = RevisionCache()
    with database.transaction(tenant) as conn:
        bump(conn, "things")

    def fail() -> None:
        with database.transaction(tenant) as conn:
            bump(conn, "things")
            cache.take(conn, "things", ["a"], lambda keys: dict.fromkeys(keys, "never committed"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.transaction(tenant) as conn:
        bump(conn, "things")  # the same revision number as the one that was rolled back
    with database.transaction(tenant) as conn:
        assert cache.take(conn, "things", ["a"], lambda keys: dict.fromkeys(keys, "true")) == {"a": "true"}


def test_a_change_within_the_transaction_is_seen_by_the_next_load(
    database: Database, tenant: UUID, ctx, recorded
) -> None:
    cache = RevisionCache()
    with database.transaction(tenant) as conn:
        partners.project(conn, ctx, [recorded(partner("P-1", tier="a"))])
        assert partners.load_partners(conn, ["P-1"], cache)["P-1"].tier == "a"
        partners.project(conn, ctx, [recorded(partner("P-1", tier="b"))])
        assert partners.load_partners(conn, ["P-1"], cache)["P-1"].tier == "b"


def test_the_cache_keeps_tenants_apart(database: Database, make_tenant) -> None:
    cache = RevisionCache()
    for name in ("one", "two"):
        found = {"a": name}
        with database.transaction(make_tenant()) as conn:
            bump(conn, "things")
            assert cache.take(conn, "things", ["a"], lambda _, found=found: found) == found  # type: ignore[misc]


def test_a_transaction_limited_to_a_partner_neither_reads_nor_fills_the_cache(database: Database, tenant: UUID) -> None:
    cache = RevisionCache()
    with database.transaction(tenant) as conn:
        bump(conn, "things")
        cache.take(conn, "things", ["a"], lambda keys: dict.fromkeys(keys, "staff"))
    with database.transaction(tenant, partner="P-1") as conn:
        assert cache.take(conn, "things", ["a"], lambda keys: {}) == {}
    with database.transaction(tenant) as conn:
        assert cache.take(conn, "things", ["a"], Loads()) == {"a": "staff"}


def test_the_cache_is_bounded_and_drops_what_was_not_used_for_longest(database: Database, make_tenant) -> None:
    cache = RevisionCache(limit=10)
    first, second, load = make_tenant(), make_tenant(), Loads()
    for tenant, keys in ((first, "abcdef"), (second, "abcdef"), (first, "a")):
        with database.transaction(tenant) as conn:
            bump(conn, "things") if keys != "a" else None
            assert len(cache.take(conn, "things", list(keys), load)) == len(keys)
            assert len(cache) <= 10
    assert load.asked[2] == ["a"]
    with database.transaction(first) as conn:
        assert len(cache.take(conn, "things", [str(n) for n in range(50)], load)) == 50
        assert len(cache) <= 10
        heavy = cache.take(conn, "things", ["x"], lambda keys: {"x": "heavy"}, weigh=lambda _: 99)
        assert heavy == {"x": "heavy"}
        assert len(cache) <= 10
