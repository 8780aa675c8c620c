"""Groups of rows to documents, records and refused rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors import parse_mapping
from headgate.connectors.imports.core.build import Builder
from headgate.connectors.imports.core.plan import compile_plan
from headgate.connectors.imports.core.rows import Group, Row, Unreadable
from headgate.domain.orders import validators
from headgate.kernel.errors import Invalid, Problem

SHOP = (Path(__file__).parent / "shop.yaml").read_text(encoding="utf-8")
COLUMNS = ["Order", "Sku", "Qty", "Price", "Customer", "Country", "Date"]
GOOD = "A1,S1,2,1.50,P1,Germany,31.03.2026 23:30"


def build(*lines: str, mapping: str = SHOP, start: int = 0, checks=validators, builder: Builder | None = None):
    made = builder or Builder(compile_plan(parse_mapping(mapping, "shop.yaml"), COLUMNS), checks)
    return made.build(Group("k", start, tuple(Row(n, line.split(",")) for n, line in enumerate(lines, 1))))


def test_rows_become_an_order_with_exact_text_and_local_time_in_utc():
    built = build(GOOD, "A1,S2,1,0.10,P1,Germany,31.03.2026 23:30")
    (order,) = built.documents
    assert order.data == {
        "order": "A1",
        "partner": "P1",
        "storefront": "shop",
        "placed_at": "2026-03-31T21:30:00.000000Z",
        "currency": "EUR",
        "ship_to": {"country": "DE"},
        "lines": [
            {"line": "1", "product": "S1", "quantity": "2", "unit_price": "1.50"},
            {"line": "2", "product": "S2", "quantity": "1", "unit_price": "0.10"},
        ],
    }
    assert (order.rows, order.amount, built.amount, built.bad) == ((1, 2), Decimal("3.10"), Decimal("3.10"), ())


def test_a_return_has_positive_quantities_and_counts_negative():
    built = build("R7,S1,-2,1.50,P1,Germany,31.03.2026 23:30")
    (document,) = built.documents
    assert document.data["lines"] == [{"line": "1", "product": "S1", "quantity": "2", "unit_price": "1.50"}]
    assert document.amount * document.sign == built.amount == Decimal("-3.00")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A1,S1,2,1.50,,Germany,31.03.2026 23:30", "no customer"),
        ("A1,S1,-2,1.50,P1,Germany,31.03.2026 23:30", "quantity is not above zero"),
        ("A1,S1,0,1.50,P1,Germany,31.03.2026 23:30", "quantity is not above zero"),
        ("A1,S1,2,-1.50,P1,Germany,31.03.2026 23:30", "unit_price is below zero"),
        ("A1,S1,2,1.505,P1,Germany,31.03.2026 23:30", "unit_price has more than 2 decimals"),
        ("A1,S1,2.5,1.50,P1,Germany,31.03.2026 23:30", "quantity has more than 0 decimals"),
        ("A1,S1,two,1.50,P1,Germany,31.03.2026 23:30", "quantity is not a plain decimal number in range"),
        ("A1,S1,2,NaN,P1,Germany,31.03.2026 23:30", "unit_price is not a plain decimal number in range"),
        ("A1,S1,2,1e2,P1,Germany,31.03.2026 23:30", "unit_price is not a plain decimal number in range"),
        ("A1,S1,2," + "9" * 20 + ",P1,Germany,31.03.2026 23:30", "unit_price is not a plain decimal number in range"),
        ("A1,S1,2,,P1,Germany,31.03.2026 23:30", "unit_price is empty"),
        ("A1,,2,1.50,P1,Germany,31.03.2026 23:30", "product is empty"),
        ("A1,S1,2,1.50,P1,Atlantis,31.03.2026 23:30", "ship_to.country is not in the table 'countries'"),
        ("A1,S1,2,1.50,P1,Germany,2026-03-31", "placed_at is not a time in the format %d.%m.%Y %H:%M"),
        ("A1,S1,2,1.50,P1,Germany,31.02.2026 23:30", "placed_at is not a time in the format %d.%m.%Y %H:%M"),
        ("A1," + "S" * 65 + ",2,1.50,P1,Germany,31.03.2026 23:30", "product is longer than 64 characters"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_good_rows_go_on(line, reason):
    built = build(line, GOOD)
    assert [(b.number, b.reason) for b in built.bad] == [(1, reason)]
    assert [d.rows for d in built.documents] == [(2,)]
    assert built.documents[0].data["lines"][0]["line"] == "2"
    assert built.bad[0].cells["Order"] == "A1"


def test_the_columns_that_make_an_amount_give_it_also_to_a_refused_row():
    built = build("A1,S1,3,1.5,,Germany,x", "A1,S1,x,1.5,,Germany,x")
    assert [b.amount for b in built.bad] == [Decimal("4.5"), None]
    assert (built.amount, built.without_amount) == (Decimal("4.5"), 1)


def test_a_row_that_names_another_partner_is_refused_whichever_comes_first():
    built = build(GOOD, "A1,S2,1,1,P2,Germany,31.03.2026 23:30", "A1,S3,1,1,P1,Norway,31.03.2026 23:30")
    assert [(b.number, b.reason) for b in built.bad] == [(2, "partner differs from the other rows of the document")]
    assert "Row 1 says P1" in built.bad[0].problems[0].fix
    assert built.documents[0].data["ship_to"] == {"country": "DE"}


def test_rows_of_one_key_that_are_order_and_return_become_two_documents():
    mapping = SHOP.replace('startsWith(Order, "R")', 'startsWith(Qty, "-")')
    built = build(GOOD, "A1,S2,-1,1,P1,Germany,31.03.2026 23:30", mapping=mapping)
    assert sorted((d.type, d.rows) for d in built.documents) == [("order.submitted", (1,)), ("return.recorded", (2,))]


def test_a_row_that_fits_no_document_is_refused():
    mapping = SHOP.replace("  - type: order.submitted\n", "  - type: order.submitted\n    when: 'Order == \"X\"'\n")
    assert [b.reason for b in build(GOOD, mapping=mapping).bad] == ["fits none of the mapping's documents"]


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("number(Qty) * 2", "4"),
        ("Qty", "2"),
        ("number(Price) * 2", "3"),
        ("number(Price)", "unit_price comes from an expression that computed an inexact number"),
        ("number(Price) * 10000000000000000", "unit_price comes from an expression that computed an inexact number"),
        ("[Price]", "unit_price is not a text"),
        ("number(Sku)", "unit_price could not be computed: Invalid number"),
    ],
)
def test_an_expression_gives_an_exact_field_only_whole_numbers_and_texts(expression, outcome):
    mapping = SHOP.replace(
        "      quantity: Qty\n      unit_price: Price", f"      quantity: Qty\n      unit_price: '{expression}'"
    )
    built = build(GOOD, mapping=mapping)
    if built.bad:
        assert built.bad[0].reason == outcome
    else:
        assert built.documents[0].data["lines"][0]["unit_price"] == outcome


def test_an_expression_that_fails_in_a_condition_refuses_the_row_without_the_librarys_stack():
    built = build(GOOD, mapping=SHOP.replace('Customer == ""', "number(Sku) < 0"))
    assert built.bad[0].reason == "cannot be checked for 'no customer': Invalid number"


def test_decimal_and_thousands_marks_are_read():
    mapping = SHOP.replace("price_decimals: 2", 'price_decimals: 2\nnumbers: {decimal: ";", thousands: "."}')
    built = build("A1,S1,2,1.234;50,P1,Germany,31.03.2026 23:30", mapping=mapping)
    assert built.documents[0].data["lines"][0]["unit_price"] == "1234.50"
    assert built.amount == Decimal("2469.00")


def test_defaults_fill_empty_columns():
    built = build(
        GOOD.replace("Germany", ""), mapping=SHOP.replace("group_by", "defaults: {Country: Norway}\ngroup_by")
    )
    assert built.documents[0].data["ship_to"] == {"country": "NO"}


def test_a_record_is_introduced_once_and_only_by_a_row_that_is_taken():
    builder = Builder(compile_plan(parse_mapping(SHOP, "m"), COLUMNS), validators)
    first = build("A1,S1,0,1.50,P9,Germany,31.03.2026 23:30", GOOD, builder=builder)
    assert [(r.type, r.code) for r in first.records] == [("partner.recorded", "P1"), ("product.recorded", "S1")]
    assert first.records[0].item == {"partner": "P1", "name": "Partner P1", "country": "DE"}
    again = build(GOOD, "A1,S2,1,1,P1,Germany,31.03.2026 23:30", builder=builder)
    assert [(r.type, r.code) for r in again.records] == [("product.recorded", "S2")]


def test_a_record_that_breaks_its_schema_refuses_the_row_that_brings_it():
    def check(data):
        item = data["items"][0]
        return [Problem("items[0].product", item["product"], "is odd")] if item["product"] == "S2" else []

    checks = {**validators, "product.recorded": check}
    built = build(GOOD, "A1,S2,1,1,P1,Germany,31.03.2026 23:30", checks=checks)
    assert [(b.number, b.reason) for b in built.bad] == [(2, "product.product is odd")]
    assert [d.rows for d in built.documents] == [(1,)]


def test_a_problem_of_the_header_refuses_all_rows_of_the_document():
    built = build(*[GOOD.replace("A1", "A" * 70)] * 2)
    assert built.documents == ()
    assert {b.reason for b in built.bad} == {"order is longer than 64 characters"}
    assert [b.number for b in built.bad] == [1, 2]


def test_rows_beyond_the_limit_of_a_document_are_refused():
    built = build(GOOD, start=2000)
    assert [b.reason for b in built.bad] == ["is beyond the 2000 rows a document may have"]


def test_a_line_number_of_the_files_own_that_stands_twice_is_refused():
    mapping = SHOP.replace(
        "      product: Sku\n      quantity: Qty", "      line: Sku\n      product: Sku\n      quantity: Qty"
    )
    built = build(GOOD, GOOD, mapping=mapping)
    assert [b.reason for b in built.bad] == ["line stands twice in the document"]
    assert [line["line"] for line in built.documents[0].data["lines"]] == ["S1"]


def test_an_unreadable_record_is_kept_with_its_reason():
    builder = Builder(compile_plan(parse_mapping(SHOP, "m"), COLUMNS), {})
    built = builder.unreadable(Unreadable(7, "is not CSV", "x,y"))
    assert (built.bad[0].number, built.bad[0].reason, built.rows) == (7, "is not CSV", 1)


def test_a_mapping_that_names_columns_the_file_lacks_is_refused_with_all_of_them():
    with pytest.raises(Invalid) as caught:
        compile_plan(parse_mapping(SHOP, "shop.yaml"), ["Order", "Sku", "Qty", "Customer", "Country", "Date"])
    paths = {p.field for p in caught.value.problems}
    assert {"shop.yaml: amount.unit_price", "shop.yaml: documents[1].lines.unit_price"} <= paths
    assert all(p.value == "Price" for p in caught.value.problems)


CELL = st.one_of(
    st.sampled_from(["", "1", "2", "-3", "0", "1.50", "0.001", "P1", "P2", "S1", "Germany", "31.03.2026 23:30", "R1"]),
    st.text(max_size=5),
)
ROWS = st.lists(
    st.one_of(
        st.just(GOOD.split(",")),
        st.tuples(st.just("A1"), *[CELL] * 6).map(list),
        st.tuples(
            st.just("A1"), st.just("S1"), CELL, CELL, st.just("P1"), st.just("Germany"), st.just("31.03.2026 23:30")
        ).map(list),
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS)
def test_whatever_the_rows_each_is_in_one_document_or_refused_and_amounts_reconcile(rows):
    builder = Builder(compile_plan(parse_mapping(SHOP, "m"), COLUMNS), validators)
    built = builder.build(Group("k", 0, tuple(Row(n, cells) for n, cells in enumerate(rows, 1))))
    taken = [n for d in built.documents for n in d.rows]
    refused = [b.number for b in built.bad]
    assert sorted(taken + refused) == list(range(1, len(rows) + 1))
    documents = sum((d.amount * d.sign for d in built.documents), Decimal(0))
    assert built.amount == documents + sum((b.amount for b in built.bad if b.amount is not None), Decimal(0))
    for document in built.documents:
        assert validators[document.type](document.data) == []


APRIL = datetime(2026, 4, 1, tzinfo=ZoneInfo("Europe/Berlin"))


def build_since(*lines: str, start: datetime = APRIL):
    builder = Builder(compile_plan(parse_mapping(SHOP, "shop.yaml"), COLUMNS), validators, start)
    return builder, build(*lines, builder=builder)


def test_a_document_from_before_the_start_is_only_counted_with_the_signs_of_the_file():
    _, built = build_since(
        GOOD, "A1,S2,1,0.10,P1,Germany,31.03.2026 23:30", "R7,S1,-2,1.50,P1,Germany,31.03.2026 23:30"
    )
    assert (built.documents, built.records, built.bad) == ((), (), ())
    assert (built.earlier, built.earlier_amount, built.amount) == (3, Decimal("0.10"), Decimal("0.10"))


def test_the_first_moment_of_the_start_is_taken_in_and_the_last_before_it_is_not():
    _, before = build_since("A1,S1,1,1.00,P1,Germany,31.03.2026 23:59")
    _, after = build_since("A1,S1,1,1.00,P1,Germany,01.04.2026 00:00")
    assert (before.earlier, len(before.documents)) == (1, 0)
    assert (after.earlier, len(after.documents)) == (0, 1)


def test_a_document_goes_by_its_own_time_so_that_the_start_splits_none():
    _, built = build_since(GOOD, "A1,S2,1,0.10,P1,Germany,01.04.2026 00:01")
    assert (built.documents, built.earlier) == ((), 2)


def test_a_refused_row_counts_by_its_own_time_and_stays_refused_where_that_cannot_be_told():
    no_customer = "A9,S1,1,1.00,,Germany,{}"
    _, built = build_since(*(no_customer.format(at) for at in ("31.03.2026 10:00", "02.04.2026 10:00", "someday")))
    assert [bad.number for bad in built.bad] == [2, 3]
    assert (built.earlier, built.earlier_amount) == (1, Decimal("1.00"))


def test_what_was_only_counted_introduces_no_records():
    builder, _ = build_since(GOOD)
    later = build("A2,S1,1,1.50,P1,Germany,02.04.2026 10:00", builder=builder)
    assert {(r.type, r.code) for r in later.records} == {("partner.recorded", "P1"), ("product.recorded", "S1")}
