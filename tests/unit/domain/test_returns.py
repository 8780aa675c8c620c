"""Returns: how much can come back, how far a return reaches, and credits that add up to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.returns import (
    Delivery,
    credit_of,
    left_of,
    parse_inspection,
    parse_receipt,
    parse_return_request,
    reach_of,
)
from headgate.kernel.errors import Invalid
from headgate.kernel.money import to_minor

DAY = datetime(2026, 3, 2, tzinfo=UTC)
PRICES = st.decimals(min_value=0, max_value=100_000, places=6)
PIECES = st.lists(st.decimals(min_value="0.001", max_value=5000, places=3), min_size=1, max_size=8)


@given(PRICES, PIECES, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_credits_in_pieces_add_up_to_the_credit_of_the_whole(price: Decimal, pieces: list[Decimal], unit: str) -> None:
    done, total = Decimal(0), Decimal(0)
    for piece in pieces:
        total += credit_of(piece, price, Decimal(0), unit, done).net
        done += piece
    assert total == to_minor(sum(pieces) * price, unit)


@given(PRICES, PIECES, st.decimals(min_value=0, max_value=100, places=2))
def test_a_fee_never_exceeds_what_is_credited(price: Decimal, pieces: list[Decimal], fee: Decimal) -> None:
    done = Decimal(0)
    for piece in pieces:
        found = credit_of(piece, price, fee, "EUR", done)
        assert found.gross == found.fee + found.net
        assert Decimal(0) <= found.fee <= found.gross
        done += piece


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50)), min_size=1, max_size=6),
    st.lists(st.integers(0, 60), max_size=6),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 80)),
)
def test_what_is_left_is_never_below_zero_nor_more_than_was_delivered(
    lines: list[tuple[str, int]], claims: list[int], recorded: dict[str, int]
) -> None:
    delivered = [(str(n), product, Decimal(quantity)) for n, (product, quantity) in enumerate(lines)]
    claimed = {str(n): Decimal(quantity) for n, quantity in enumerate(claims)}
    left = left_of(delivered, claimed, {p: Decimal(q) for p, q in recorded.items()})
    for line, _, quantity in delivered:
        assert Decimal(0) <= left[line] <= quantity
    for product in "ab":
        unclaimed = sum(max(q - claimed.get(n, Decimal(0)), Decimal(0)) for n, p, q in delivered if p == product)
        rest = sum(left[n] for n, p, _ in delivered if p == product)
        assert rest == max(unclaimed - recorded.get(product, 0), 0)


def test_a_return_reaches_back_to_the_oldest_delivery_it_needs() -> None:
    old, new = Delivery(DAY, Decimal(6)), Delivery(DAY + timedelta(days=40), Decimal(4))
    assert reach_of([old, new], Decimal(10), Decimal(4)) == new.at
    assert reach_of([new, old], Decimal(10), Decimal(5)) == old.at
    assert reach_of([], Decimal(10), Decimal(5)) is None


def test_a_shipment_that_was_turned_away_does_not_make_goods_younger() -> None:
    sent, refused = Delivery(DAY, Decimal(10)), Delivery(DAY + timedelta(days=90), Decimal(10))
    assert reach_of([sent, refused], Decimal(10), Decimal(10)) == DAY


def test_a_request_with_everything_wrong_names_everything() -> None:
    with pytest.raises(Invalid) as caught:
        parse_return_request(
            {"rma": "R", "partner": "P", "order": "O", "wanted": "cash", "pictures": "none", "lines": [
                {"line": "1", "quantity": "0", "reason": "whim"}, {"line": "1", "quantity": "x", "reason": "defective"},
                "line",
            ]}
        )  # fmt: skip
    assert {p.field for p in caught.value.problems} == {
        "lines[0].quantity", "lines[0].reason", "lines[1].line", "lines[1].quantity", "lines[2]", "wanted", "pictures",
    }  # fmt: skip


def test_receipts_and_inspections_name_what_is_wrong() -> None:
    with pytest.raises(Invalid, match="receipt"):
        parse_receipt({"rma": "R", "received_at": "2026-03-02T00:00:00Z", "lines": [{"line": "1", "quantity": "1"}]})
    twice = {"line": "1", "quantity": "1", "condition": "opened"}
    with pytest.raises(Invalid, match="is told twice"):
        parse_inspection({"rma": "R", "lines": [twice, twice]})
    assert len(parse_inspection({"rma": "R", "lines": [twice, {**twice, "condition": "damaged"}]}).findings) == 2
