"""Price exceptions: granted once, in force in their time box, used up exactly."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from headgate.channel.agreements import (
    ExceptionGrant,
    activate_many,
    approve,
    draft,
    get_agreement,
    grant_exceptions,
    load_prices,
    load_terms,
    load_volatile,
    prices_with,
    submit,
    use_exceptions,
)
from headgate.channel.masters import RevisionCache
from headgate.domain.pricing import PriceQuery, resolve_price
from headgate.kernel.errors import Conflict, DutyConflict, Invalid
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
GRANT = ExceptionGrant(
    request="R-1",
    partner="P",
    product="S",
    unit_price=Decimal(7),
    currency="EUR",
    valid_from=NOW,
    valid_until=NOW + 7 * DAY,
    requested_by="user:cem",
    approved_by=("user:bea",),
    justification="end of line",
    max_quantity=Decimal(100),
    evidence={"approval": "a-1"},
)


@pytest.fixture
def listed(database: Database, tenant: UUID, as_user) -> None:
    """A list price of 10 for S."""
    with database.transaction(tenant) as conn:
        item = {"code": "L", "kind": "list", "currency": "EUR", "valid_from": "2020-01-01"}
        found = draft(conn, as_user("ana"), {**item, "terms": [{"product": "S", "value": "10"}]})
        submit(conn, as_user("ana"), [found.agreement])
        approve(conn, as_user("bea"), [found.agreement], justification="x")
        activate_many(conn, as_user("bea"), [found.agreement])


def asked(conn, quantity: int = 1, at: datetime = NOW, cache: RevisionCache | None = None, partner: str = "P"):
    pairs = [(partner, "S")]
    book = prices_with(conn, pairs, load_volatile(conn, pairs, lock=True), cache)
    return resolve_price(PriceQuery(partner, "S", Decimal(quantity), "EUR", at, NOW), book)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("cache", [None, RevisionCache()])
def test_an_exception_applies_in_its_time_box_only(database: Database, tenant: UUID, ctx, cache) -> None:
    with database.transaction(tenant) as conn:
        assert asked(conn, cache=cache).unit_price == 10
        (agreement,) = grant_exceptions(conn, ctx, [GRANT])
        assert asked(conn, cache=cache).unit_price == 7
        assert asked(conn, cache=cache, at=NOW - DAY).unit_price == 10
        assert asked(conn, cache=cache, at=GRANT.valid_until).unit_price == 10
        assert asked(conn, cache=cache, partner="Q").unit_price == 10
        view = get_agreement(conn, agreement)
        assert (view.kind, view.status, view.author, view.approver) == ("exception", "active", "user:cem", "user:bea")


def test_granting_again_gives_the_same_and_other_content_is_refused(database: Database, tenant: UUID, ctx) -> None:
    with database.transaction(tenant) as conn:
        first = grant_exceptions(conn, ctx, [GRANT])
        assert grant_exceptions(conn, ctx, [GRANT, GRANT]) == first
        with pytest.raises(Conflict):
            grant_exceptions(conn, ctx, [replace(GRANT, unit_price=Decimal(6))])
        assert grant_exceptions(conn, ctx, []) == []


def test_the_requester_cannot_be_among_the_approvers(database: Database, tenant: UUID, ctx) -> None:
    with database.transaction(tenant) as conn, pytest.raises(DutyConflict):
        grant_exceptions(conn, ctx, [replace(GRANT, approved_by=("user:bea", "user:cem"))])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_until": NOW}, "R-1.valid_until"),
        ({"unit_price": Decimal(-1)}, "R-1.value"),
        ({"max_quantity": Decimal(0)}, "R-1.max_quantity"),
        ({"currency": "XXX"}, "R-1.currency"),
        ({"partner": ""}, "R-1.partner"),
        ({"approved_by": ()}, "R-1.approved_by"),
    ],
)
def test_an_impossible_grant_is_refused(database, tenant, ctx, change, field) -> None:
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid) as caught:
            grant_exceptions(conn, ctx, [replace(GRANT, **change)])
        assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.usefixtures("listed")
def test_a_meter_runs_out_and_can_be_given_back(database: Database, tenant: UUID, ctx) -> None:
    with database.transaction(tenant) as conn:
        (agreement,) = grant_exceptions(conn, ctx, [GRANT])
        key = (str(agreement), 1)
        use_exceptions(conn, {key: Decimal(60)}, at=NOW)
        assert asked(conn, 40).unit_price == 7
        assert asked(conn, 41).unit_price == 10
        with pytest.raises(Conflict, match="less left than 41"):
            use_exceptions(conn, {key: Decimal(41)}, at=NOW)
        use_exceptions(conn, {key: Decimal(-10)}, at=NOW + DAY)
        assert asked(conn, 50).unit_price == 7
        with pytest.raises(Conflict):
            use_exceptions(conn, {key: Decimal(-51)}, at=NOW)
        use_exceptions(conn, {key: Decimal(0)}, at=NOW)
        used = {
            known: next(t.used_quantity for t in load_terms(conn, [("P", "S")], known=known) if t.kind == "exception")
            for known in (NOW, NOW + DAY)
        }
        assert used == {NOW: 60, NOW + DAY: 50}


def test_the_rest_of_a_meter_goes_to_exactly_one_of_many_orders(database: Database, tenant: UUID, ctx) -> None:
    with database.transaction(tenant) as conn:
        (agreement,) = grant_exceptions(conn, ctx, [GRANT])
    won: list[int] = []
    ready = threading.Barrier(6)

    def order(number: int) -> None:
        ready.wait()
        with database.transaction(tenant) as conn:
            trace = asked(conn, 60)
            if trace.winner is not None:
                use_exceptions(conn, {(trace.winner.agreement, trace.winner.term): Decimal(60)}, at=NOW)
                won.append(number)

    threads = [threading.Thread(target=order, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    with database.transaction(tenant) as conn:
        term: Any = load_terms(conn, [("P", "S")])[0]
        assert (term.agreement, term.used_quantity) == (str(agreement), 60)


@pytest.mark.usefixtures("listed")
def test_a_promotion_for_everyone_has_a_meter_too(database: Database, tenant: UUID, as_user) -> None:
    term = {"method": "net", "product": "S", "value": "9", "partner_group": "spring", "max_quantity": "5"}
    item = {"code": "SPRING", "kind": "promotion", "currency": "EUR", "valid_from": "2026-01-01", "terms": [term]}
    cache = RevisionCache()

    def spring(conn, quantity: int) -> Decimal | None:
        book = load_prices(conn, [("P", "S")], cache)
        query = PriceQuery("P", "S", Decimal(quantity), "EUR", NOW, NOW, ("spring",))
        return resolve_price(query, book).unit_price

    with database.transaction(tenant) as conn:
        found = draft(conn, as_user("ana"), item)
        submit(conn, as_user("ana"), [found.agreement])
        approve(conn, as_user("bea"), [found.agreement], justification="x")
        activate_many(conn, as_user("bea"), [found.agreement])
        assert spring(conn, 5) == 9
        assert spring(conn, 6) == 10
        use_exceptions(conn, {(str(found.agreement), 1): Decimal(3)}, at=NOW)
        assert spring(conn, 2) == 9
        assert spring(conn, 3) == 10
