"""Agreements: drafting, the lifecycle with its duties, conflicts, and prices as of and as known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from headgate.channel.agreements import (
    activate,
    activate_many,
    activation_events,
    agreement_ids,
    approve,
    derive,
    draft,
    draft_many,
    get_agreement,
    list_agreements,
    list_terms,
    load_prices,
    load_terms,
    rehearse_activation,
    retire,
    send_back,
    submit,
    withdraw,
)
from headgate.channel.masters import RevisionCache
from headgate.domain.derive import DeriveRules, SaleLine
from headgate.domain.pricing import PriceQuery, price_book, resolve_price
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound
from headgate.ledger import audit_list
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def agreement(code: str = "NET-1", *terms: dict, **changes: object) -> dict:
    return {
        "code": code,
        "kind": "net",
        "partner": "P",
        "currency": "EUR",
        "valid_from": "2026-01-01",
        "terms": list(terms) or [{"product": "S", "value": "10"}],
        **changes,
    }


def listed(code: str, value: str, product: str = "S", **changes: object) -> dict:
    return agreement(code, {"product": product, "value": value}, kind="list", partner="", **changes)


@pytest.fixture
def activated(as_user):
    """Takes a draft through its whole life: written by Ana, approved and activated by Bea."""

    def make(conn, *items: dict, now: datetime = NOW, **options) -> list[UUID]:
        ids = [d.agreement for d in draft_many(conn, as_user("ana", now), items)]
        submit(conn, as_user("ana", now), ids)
        approve(conn, as_user("bea", now), ids, justification="agreed")
        activate_many(conn, as_user("bea", now), ids, **options)
        return ids

    return make


def price(terms, product: str = "S", partner: str = "P", at: datetime = NOW, known: datetime = NOW, **changes):
    query = PriceQuery(partner, product, Decimal(changes.pop("quantity", 1)), "EUR", at, known, **changes)
    return resolve_price(query, price_book(terms))


def test_an_agreement_prices_only_once_it_is_active(database: Database, tenant: UUID, as_user) -> None:
    ana, bea = as_user("ana"), as_user("bea")
    with database.transaction(tenant) as conn:
        found = draft(conn, ana, agreement())
        for step in (
            lambda: submit(conn, ana, [found.agreement]),
            lambda: approve(conn, bea, [found.agreement], justification="agreed"),
        ):
            assert load_terms(conn, [("P", "S")]) == []
            step()
        assert load_terms(conn, [("P", "S")]) == []
        activation = activate(conn, bea, found.agreement)
        term: Any = load_terms(conn, [("P", "S"), ("P", "T")])[0]
        assert (term.name, term.value, term.method, term.agreement) == ("NET-1 r1 #1", 10, "net", str(found.agreement))
        assert term.valid_from == datetime(2025, 12, 31, 23, tzinfo=UTC)
        assert term.recorded_at == NOW
        (event,) = activation_events(activation, bea)
        assert (event.type, event.data["code"]) == ("agreement.activated", "NET-1")
        actions = [entry.action for entry in audit_list(conn)]
        assert actions[::-1] == [f"agreement.{word}" for word in ("drafted", "submitted", "approved", "activated")]


def test_the_author_cannot_approve_nor_can_a_delegate_for_the_author(database, tenant, as_user) -> None:
    with database.transaction(tenant) as conn:
        found = draft(conn, as_user("ana"), agreement())
        submit(conn, as_user("cem"), [found.agreement])
        for name in ("ana", "cem"):
            with pytest.raises(DutyConflict):
                approve(conn, as_user(name), [found.agreement], justification="mine")
        with pytest.raises(DutyConflict):
            approve(conn, as_user("bea"), [found.agreement], justification="for Ana", on_behalf_of="user:ana")
        with pytest.raises(Invalid):
            approve(conn, as_user("bea"), [found.agreement], justification=" ")
        approve(conn, as_user("bea"), [found.agreement], justification="agreed", on_behalf_of="user:dov")


def test_a_tenant_may_allow_self_approval(database: Database, tenant: UUID, as_user) -> None:
    with database.transaction(tenant) as conn:
        conn.execute("""update tenants set settings = '{"agreements": {"self_approval": true}}'""")
        found = draft(conn, as_user("ana"), agreement())
        submit(conn, as_user("ana"), [found.agreement])
        approve(conn, as_user("ana"), [found.agreement], justification="small shop")


def test_steps_are_taken_in_order(database: Database, tenant: UUID, as_user, ctx) -> None:
    with database.transaction(tenant) as conn:
        one = draft(conn, ctx, agreement()).agreement
        with pytest.raises(Conflict, match="only in review agreements can approve"):
            approve(conn, as_user("bea"), [one], justification="x")
        with pytest.raises(Conflict):
            activate(conn, ctx, one)
        submit(conn, ctx, [one])
        approve(conn, as_user("bea"), [one], justification="x")
        send_back(conn, as_user("bea"), [one], "the date is wrong")
        view = get_agreement(conn, one)
        assert (view.status, view.approver) == ("draft", "")
        withdraw(conn, ctx, [one], "not needed")
        for step in (submit,):
            with pytest.raises(Conflict):
                step(conn, ctx, [one])
        with pytest.raises(NotFound):
            submit(conn, ctx, [uuid4()])
        with pytest.raises(Invalid):
            submit(conn, ctx, [])


def test_a_draft_with_problems_names_all_of_them_and_stores_nothing(database, tenant, ctx) -> None:
    bad = agreement(
        "A",
        {"product": "S", "value": "-1"},
        {"product": "S", "value": "5", "method": "guess"},
        {"product": "S", "value": "1", "partner": "OTHER"},
        {"product": "S", "tier_mode": "slab", "tiers": [{"from": "5", "value": "1"}]},
        {"product": "S", "value": "120", "method": "discount"},
        {"product": "S", "value": "1", "family": "F"},
        {"product": "S", "value": "1", "pice": "1"},
    )
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid) as caught:
            draft_many(conn, ctx, [agreement("OK"), bad, {"code": "B"}, agreement("OK")])
        assert [problem.field for problem in caught.value.problems] == [
            "agreements[1].terms[0].value",
            "agreements[1].terms[1].method",
            "agreements[1].terms[2].partner",
            "agreements[1].terms[3].tiers[0].from",
            "agreements[1].terms[4].value",
            "agreements[1].terms[5].family",
            "agreements[1].terms[6].pice",
            "agreements[2].currency",
            "agreements[2].valid_from",
            "agreements[2].terms",
            "agreements[1].code",
        ]
        assert list_agreements(conn).items == ()


def test_the_same_content_is_drafted_once_and_other_content_is_the_next_revision(database, tenant, ctx) -> None:
    with database.transaction(tenant) as conn:
        first = draft(conn, ctx, agreement())
        again = draft(conn, ctx, agreement())
        other = draft(conn, ctx, agreement("NET-1", {"product": "S", "value": "11"}))
    assert (first.new, again.new, again.agreement) == (True, False, first.agreement)
    assert (other.new, other.revision) == (True, 2)


def test_tiers_and_scopes_survive_storage(database: Database, tenant: UUID, activated) -> None:
    tiers = [{"from": "1", "value": "10"}, {"from": "100", "value": "8.5"}]
    item = agreement(
        "VOL",
        {"family": "F", "tier_mode": "range", "tiers": tiers, "partner_group": "g", "min_quantity": "2"},
        partner="",
    )
    with database.transaction(tenant) as conn:
        activated(conn, item)
        (term,) = load_terms(conn, [("P", "S")], RevisionCache())
    tiers_stored: Any = [(tier.start, tier.value) for tier in term.tiers]
    assert tiers_stored == [(1, 10), (100, Decimal("8.5"))]
    trace = price([term], family="F", groups=("g",), quantity=100)
    assert trace.unit_price == Decimal("8.5")
    assert price([term], family="F", groups=("h",), quantity=100).unit_price is None


def test_an_agreement_ending_on_a_day_ends_at_midnight_of_the_tenant(database, tenant, activated) -> None:
    with database.transaction(tenant) as conn:
        activated(conn, agreement(valid_until="2026-03-31"))
        terms = load_terms(conn, [("P", "S")])
    midnight = datetime(2026, 3, 31, 22, tzinfo=UTC)  # Berlin is in summer time by then
    assert price(terms, at=midnight - timedelta(microseconds=1)).unit_price == 10
    assert price(terms, at=midnight).unit_price is None


def test_a_new_revision_replaces_the_old_one_from_its_start(database: Database, tenant: UUID, activated) -> None:
    later = NOW + 5 * DAY
    with database.transaction(tenant) as conn:
        activated(conn, agreement())
        before = load_terms(conn, [("P", "S")])
        second = agreement("NET-1", {"product": "S", "value": "12"})
        activated(conn, second, now=NOW + DAY, start=later)
        terms = load_terms(conn, [("P", "S")])
        known_then = load_terms(conn, [("P", "S")], known=NOW)
        known_now = load_terms(conn, [("P", "S")], known=NOW + DAY)
        statuses = [(v.revision, v.status, v.retired_from) for v in list_agreements(conn).items]
    assert statuses == [(2, "active", None), (1, "retired", later)]
    known = NOW + DAY
    assert price(terms, at=later - DAY, known=known).unit_price == 10
    assert price(terms, at=later, known=known).unit_price == 12
    assert known_then == before
    assert price(known_then, at=later, known=NOW).unit_price == 10
    assert known_now == terms


def test_a_replay_of_a_past_moment_gives_the_same_bytes(database: Database, tenant: UUID, activated, as_user) -> None:
    with database.transaction(tenant) as conn:
        activated(conn, agreement(), listed("LIST", "20"))
        then = canonical(price(load_terms(conn, [("P", "S")])).as_json())
        ids = activated(conn, agreement("NET-1", {"product": "S", "value": "12"}), now=NOW + DAY)
        retire(conn, as_user("bea", NOW + 2 * DAY), ids, reason="over", start=NOW)
        now = load_terms(conn, [("P", "S")], known=NOW + 2 * DAY)
        assert price(now, known=NOW + 2 * DAY).unit_price != Decimal(10)
        again = load_terms(conn, [("P", "S")], known=NOW)
        assert canonical(price(again).as_json()) == then


def test_retiring_ends_prices_from_an_instant(database: Database, tenant: UUID, activated, as_user) -> None:
    with database.transaction(tenant) as conn:
        ids = activated(conn, agreement())
        with pytest.raises(Invalid):
            retire(conn, as_user("bea"), ids, reason="")
        retire(conn, as_user("bea"), ids, reason="partner left", start=NOW + DAY)
        terms = load_terms(conn, [("P", "S")])
        assert price(terms, at=NOW + DAY / 2).unit_price == 10
        assert price(terms, at=NOW + DAY).unit_price is None
        with pytest.raises(Conflict):
            retire(conn, as_user("bea"), ids, reason="again")


def test_an_agreement_retired_from_its_start_prices_nothing(database, tenant, activated, as_user) -> None:
    with database.transaction(tenant) as conn:
        ids = activated(conn, agreement())
        retire(conn, as_user("bea"), ids, reason="a mistake", start=NOW - 1000 * DAY)
        assert load_terms(conn, [("P", "S")]) == []


def test_an_older_revision_cannot_follow_a_newer_one(database: Database, tenant: UUID, as_user, activated) -> None:
    ana, bea = as_user("ana"), as_user("bea")
    with database.transaction(tenant) as conn:
        old = draft(conn, ana, agreement()).agreement
        submit(conn, ana, [old])
        approve(conn, bea, [old], justification="x")
        activated(conn, agreement("NET-1", {"product": "S", "value": "12"}))
        with pytest.raises(Conflict, match="r2 of it is active"):
            activate(conn, bea, old)
        assert get_agreement(conn, old).status == "approved"
        assert price(load_terms(conn, [("P", "S")])).unit_price == 12


def test_a_revision_cannot_start_while_one_with_a_set_end_still_applies(database, tenant, as_user, activated) -> None:
    with database.transaction(tenant) as conn:
        ids = activated(conn, agreement())
        retire(conn, as_user("bea"), ids, reason="ends", start=NOW + 10 * DAY)
        second = agreement("NET-1", {"product": "S", "value": "12"})
        with pytest.raises(Conflict, match="start there or later"):
            activated(conn, second, start=NOW)
        ids = agreement_ids(conn, status="approved")
        activate_many(conn, as_user("bea"), ids, start=NOW + 10 * DAY)


def test_a_tie_is_refused_unless_it_is_acknowledged(database: Database, tenant: UUID, as_user, activated) -> None:
    with database.transaction(tenant) as conn:
        activated(conn, agreement("A"))
        with pytest.raises(Invalid) as caught:
            activated(conn, agreement("B", {"product": "S", "value": "12"}))
        assert "A r1 #1 and B r1 #1" in caught.value.message
        ids = agreement_ids(conn, status="approved")
        assert [c.kind for c in rehearse_activation(conn, as_user("bea"), ids)] == ["tie"]
        assert get_agreement(conn, ids[0]).status == "approved"
        assert len(load_terms(conn, [("P", "S")])) == 1
        activation = activate_many(conn, as_user("bea"), ids, acknowledged="the lower one is meant")
        assert [c.kind for c in activation.conflicts] == ["tie"]
        trace = price(load_terms(conn, [("P", "S")]))
        assert (trace.unit_price, trace.tie) == (10, True)


def test_ties_within_one_activation_are_found(database: Database, tenant: UUID, activated) -> None:
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid):
            activated(conn, agreement("A"), agreement("B", {"product": "S", "value": "12"}))
        assert load_terms(conn, [("P", "S")]) == []


def test_other_partners_products_and_times_do_not_tie(database: Database, tenant: UUID, activated) -> None:
    with database.transaction(tenant) as conn:
        activated(
            conn,
            agreement("A", valid_until="2026-06-30"),
            agreement("B", {"product": "S", "value": "12"}, partner="Q"),
            agreement("C", {"product": "T", "value": "12"}),
            agreement("D", {"product": "S", "value": "12"}, valid_from="2026-07-01"),
            listed("L", "12"),
        )


def test_only_terms_that_can_price_the_pairs_are_loaded(database: Database, tenant: UUID, activated) -> None:
    with database.transaction(tenant) as conn:
        activated(
            conn,
            agreement(
                "A", {"product": "S", "value": "1"}, {"product": "T", "value": "1"}, {"family": "F", "value": "1"}
            ),
            agreement("B", {"product": "S", "value": "1"}, partner="Q"),
            listed("L", "2"),
            agreement("G", {"family": "F", "method": "discount", "value": "5", "partner_group": "g"}, partner=""),
        )
        cache = RevisionCache()
        expected = ["A r1 #1", "A r1 #3", "G r1 #1", "L r1 #1"]
        for loaded in (load_terms(conn, [("P", "S")]), *(load_terms(conn, [("P", "S")], cache) for _ in range(2))):
            assert sorted(term.name for term in loaded) == expected


def test_a_price_book_is_remembered_and_forgotten_with_the_next_activation(database, tenant, activated) -> None:
    cache = RevisionCache()

    def asked(conn, product: str = "S") -> Decimal | None:
        book = load_prices(conn, [("P", product)], cache)
        return resolve_price(PriceQuery("P", product, Decimal(1), "EUR", NOW, NOW), book).unit_price

    with database.transaction(tenant) as conn:
        activated(conn, agreement())
    with database.transaction(tenant) as conn:
        first = load_prices(conn, [("P", "S")], cache)
        assert load_prices(conn, [("P", "T")], cache) is first
        assert asked(conn) == 10
    with database.transaction(tenant) as conn:
        activated(conn, agreement("NET-1", {"product": "S", "value": "12"}))
    with database.transaction(tenant) as conn:
        assert asked(conn) == 12


def test_a_large_tenant_is_priced_the_same_without_a_whole_book(database, tenant, activated, monkeypatch) -> None:
    monkeypatch.setattr("headgate.channel.agreements.prices.BOOK_TERMS", 3)
    terms = [{"product": f"S{n}", "value": str(n)} for n in range(1, 10)]
    with database.transaction(tenant) as conn:
        activated(conn, agreement("A", *terms))
        cache = RevisionCache()
        for pairs in ([("P", "S3")], [("P", "S3"), ("P", "S4")]):
            book = load_prices(conn, pairs, cache)
            for partner, product in pairs:
                query = PriceQuery(partner, product, Decimal(1), "EUR", NOW, NOW)
                assert resolve_price(query, book).unit_price == Decimal(product[1:])


def sale(partner: str, product: str, price: str, day: int) -> SaleLine:
    at = NOW - timedelta(days=day)
    return SaleLine(partner, product, f"Product {product}", Decimal(2), Decimal(price), at, "EUR")


def test_agreements_are_derived_reviewed_and_activated_in_bulk(database: Database, tenant: UUID, as_user) -> None:
    lines = [sale(f"P{n % 7}", f"S{n % 11}", "10.00", n % 60 + 1) for n in range(600)]
    lines += [sale("P9", "S1", "8.00", day) for day in (5, 15, 25)]
    rules = DeriveRules(until=NOW)
    ana, bea = as_user("ana"), as_user("bea")
    with database.transaction(tenant) as conn:
        derived = derive(conn, ana, iter(lines), rules, source="sales.csv")
        assert (derived.used, derived.passed_over, derived.terms) == (603, 0, 12)
        assert [found.code for found in derived.agreements] == ["LIST-EUR", "NET-P9-EUR"]
        assert derive(conn, ana, lines, rules).agreements[0].new is False
        ids = agreement_ids(conn, status="draft", source="sales.csv")
        submit(conn, ana, ids)
        approve(conn, bea, ids, justification="reviewed the evidence")
        activation = activate_many(conn, bea, ids)
        assert sorted(found.code for found in activation.agreements) == ["LIST-EUR", "NET-P9-EUR"]
        net = next(found.agreement for found in derived.agreements if found.code.startswith("NET"))
        term: Any = list_terms(conn, net).items[0]
        assert (term.value, term.evidence["n"], term.evidence["difference_pct"]) == (8, 3, "20.0000")
        terms = load_terms(conn, [("P9", "S1"), ("P1", "S1")])
        assert price(terms, "S1", "P9").unit_price == 8
        assert price(terms, "S1", "P1").unit_price == 10


def test_agreements_and_terms_are_listed_in_pages(database: Database, tenant: UUID, ctx) -> None:
    with database.transaction(tenant) as conn:
        for code in ("A", "B"):
            for value in ("1", "2"):
                draft(conn, ctx, agreement(code, {"product": "S", "value": value}, {"product": "T", "value": "5"}))
        seen, cursor = [], ""
        while True:
            page = list_agreements(conn, cursor=cursor, limit=1)
            seen += [(view.code, view.revision) for view in page.items]
            cursor = page.next_cursor
            if not cursor:
                break
        assert seen == [("A", 2), ("A", 1), ("B", 2), ("B", 1)]
        assert [v.code for v in list_agreements(conn, code="A", status="draft", kind="net", partner="P").items] == [
            "A",
            "A",
        ]
        assert list_agreements(conn, text="zzz").items == ()
        one = list_agreements(conn).items[0].agreement
        first = list_terms(conn, one, limit=1)
        assert [t.product for t in (*first.items, *list_terms(conn, one, cursor=first.next_cursor).items)] == ["S", "T"]
        assert [t.product for t in list_terms(conn, one, product="T").items] == ["T"]
        with pytest.raises(NotFound):
            list_terms(conn, uuid4())
