"""Reading order events: good ones exactly, bad ones with every problem named."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.orders import (
    clock_problems,
    line_content_key,
    order_content,
    order_digest,
    parse_order,
    parse_order_note,
    parse_price_exception,
    parse_return,
    parse_shipment,
    validators,
)
from headgate.kernel.canonical import canonical, loads
from headgate.kernel.errors import Invalid
from tests.unit.domain.examples import NOW, d

ORDER: dict[str, Any] = {
    "order": "WEB1-1",
    "partner": "P-0007",
    "storefront": "WEB1",
    "placed_at": "2026-03-02T10:00:00+01:00",
    "currency": "EUR",
    "ship_to": {"country": "DE", "region": "DE-BY", "name": "Müller & Söhne", "city": "München"},
    "customer_reference": "PO-7",
    "requested_by": "user:ana@nordwind.example",
    "priority": 3,
    "lines": [
        {"line": "1", "product": "SKU-1", "quantity": "2", "unit_price": "12.50", "unit": "piece"},
        {"line": 2, "product": "SKU-2", "quantity": 3, "unit_price": "0"},
    ],
}
SHIPMENT: dict[str, Any] = {
    "order": "WEB1-1",
    "shipment": "S-1",
    "shipped_at": "2026-03-03T10:00:00Z",
    "lines": [{"line": "1", "quantity": "2"}],
}
EXCEPTION: dict[str, Any] = {
    "request": "PX-1",
    "partner": "P-0007",
    "product": "SKU-1",
    "unit_price": "9.90",
    "currency": "EUR",
    "valid_from": "2026-03-01",
    "valid_until": "2026-03-31",
    "justification": "Matches a competitor's offer.",
    "requested_by": "user:ana@nordwind.example",
}
RETURN: dict[str, Any] = {
    "return": "R-1",
    "partner": "P-0007",
    "recorded_at": "2026-03-03T10:00:00Z",
    "currency": "EUR",
    "lines": [{"line": "1", "product": "SKU-1", "quantity": "1", "unit_price": "12.50"}],
}


def changed(**changes: Any) -> dict[str, Any]:
    data = deepcopy(ORDER)
    for name, value in changes.items():
        if value is None:
            data.pop(name, None)
        else:
            data[name] = value
    return data


def with_line(**changes: Any) -> dict[str, Any]:
    data = deepcopy(ORDER)
    data["lines"][0].update(changes)
    return data


def problems_of(data: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_order(data)
    return {problem.field: problem.message for problem in caught.value.problems}


def test_a_good_order_is_read_exactly() -> None:
    order = parse_order(ORDER)
    assert order.placed_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (order.ship_to.country, order.ship_to.region) == ("DE", "BY")
    assert [(line.line, line.quantity, line.unit_price) for line in order.lines] == [
        ("1", d(2), d("12.50")),
        ("2", d(3), d(0)),
    ]
    assert (order.priority, order.terms, order.lines[1].unit) == (3, "", "")


def test_json_numbers_are_read_exactly_too() -> None:
    raw = canonical(ORDER).replace(b'"12.50"', b"12.500000").replace(b'"2"', b"2")
    assert parse_order(loads(raw)).lines[0].unit_price == d("12.5")


def test_what_is_not_known_is_passed_over() -> None:
    assert parse_order(changed(utm_source="mail", lines=[{**ORDER["lines"][0], "colour": "red"}])).lines


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        (changed(order=None), "order", "is missing"),
        (changed(order=""), "order", "is missing"),
        (changed(order=17), "order", "is not text"),
        (changed(order="x" * 65), "order", "is longer than 64 characters"),
        (changed(partner=" P-1"), "partner", "has outer blanks or characters that cannot be printed"),
        (changed(partner="P\x00"), "partner", "has outer blanks or characters that cannot be printed"),
        (changed(partner="P\ud800"), "partner", "has outer blanks or characters that cannot be printed"),
        (changed(currency="EURO"), "currency", "is not an ISO 4217 code"),
        (changed(currency=["EUR"]), "currency", "is not an ISO 4217 code"),
        (changed(placed_at="yesterday"), "placed_at", "is not an RFC 3339 time"),
        (changed(placed_at="2026-03-02T10:00:00"), "placed_at", "has no time zone"),
        (changed(placed_at="0001-01-01T00:00:00+14:00"), "placed_at", "is out of range"),
        (changed(placed_at="1969-01-01T00:00:00Z"), "placed_at", "is not between 1970 and 2199"),
        (changed(placed_at=1772442000), "placed_at", "is not a time"),
        (changed(ship_to="Berlin"), "ship_to", "is not an object"),
        (changed(ship_to={"country": "Germany"}), "ship_to.country", "is not an ISO 3166 country code"),
        (changed(ship_to={"country": "DE", "city": 5}), "ship_to.city", "is not text"),
        (changed(ship_to={"country": "DE", "street": "a\x00b"}), "ship_to.street", "has control characters"),
        (changed(priority=10), "priority", "is not a whole number from 0 to 9"),
        (changed(priority=True), "priority", "is not a whole number from 0 to 9"),
        (changed(lines=None), "lines", "is missing"),
        (changed(lines=[]), "lines", "is empty"),
        (changed(lines={"1": {}}), "lines", "is not a list"),
        (changed(lines=[ORDER["lines"][0]] * 2001), "lines", "has 2001 entries, at most 2000 are taken"),
        (changed(lines=["SKU-1"]), "lines[0]", "is not an object"),
        (changed(lines=[ORDER["lines"][0]] * 2), "lines[1].line", "is used by an earlier line"),
        (with_line(line=2), "lines[1].line", "is used by an earlier line"),
        (with_line(line=-1), "lines[0].line", "is not text"),
        (with_line(product=None), "lines[0].product", "is missing"),
        (with_line(quantity="0"), "lines[0].quantity", "is not above zero"),
        (with_line(quantity="-2"), "lines[0].quantity", "is negative"),
        (with_line(quantity="NaN"), "lines[0].quantity", "is not a plain decimal number in range"),
        (with_line(quantity="1e3"), "lines[0].quantity", "is not a plain decimal number in range"),
        (with_line(quantity=1.5), "lines[0].quantity", "is not an exact number"),
        (with_line(quantity=True), "lines[0].quantity", "is not an exact number"),
        (with_line(quantity=[[[[]]]]), "lines[0].quantity", "is not an exact number"),
        (with_line(quantity="9" * 13), "lines[0].quantity", "is too large"),
        (with_line(quantity="9" * 400), "lines[0].quantity", "is not a plain decimal number in range"),
        (with_line(unit_price="1.0000001"), "lines[0].unit_price", "has more than 6 decimals"),
        (with_line(unit_price="-1"), "lines[0].unit_price", "is negative"),
        (with_line(unit_price=None), "lines[0].unit_price", "is missing"),
        (with_line(unit_price="999999999999"), "lines", "add up to 10^15 or more"),
        (with_line(unit=5), "lines[0].unit", "is not text"),
        (with_line(description="x" * 301), "lines[0].description", "is longer than 300 characters"),
    ],
)
def test_a_bad_field_is_named_by_its_path(data: dict[str, Any], field: str, message: str) -> None:
    if message.startswith("add up"):
        data["lines"][0]["quantity"] = "999"
        data["lines"][1].update(quantity="999", unit_price="999999999999")
    assert problems_of(data) == {field: message}


def test_a_line_amount_beyond_all_bounds_is_refused() -> None:
    assert "lines[0].unit_price" in problems_of(with_line(quantity="999999999", unit_price="999999999"))


def test_all_problems_are_told_at_once_each_with_a_fix() -> None:
    data = changed(
        order=None, currency="XXX", lines=[{"line": "1", "product": "A", "quantity": "0", "unit_price": "x"}]
    )
    with pytest.raises(Invalid) as caught:
        parse_order(data)
    assert [problem.field for problem in caught.value.problems] == [
        "order",
        "currency",
        "lines[0].quantity",
        "lines[0].unit_price",
    ]
    assert all(problem.fix for problem in caught.value.problems)
    assert caught.value.message.endswith("(and 3 more)")


def test_a_value_that_cannot_be_printed_is_shown_escaped() -> None:
    with pytest.raises(Invalid) as caught:
        parse_order(changed(partner="a\x00\ud800"))
    assert caught.value.problems[0].value == "a\\x00\\ud800"


@pytest.mark.parametrize("data", [None, [], "order", 5])
def test_a_payload_that_is_no_object_is_refused(data: Any) -> None:
    assert problems_of(data) == {"data": "is not an object"}


def test_equal_orders_have_equal_digests_however_they_were_written() -> None:
    other = changed(placed_at="2026-03-02T09:00:00Z", reason="typing error")
    other["lines"][0].update(quantity="2.000", unit_price="12.5")
    assert order_digest(parse_order(other)) == order_digest(parse_order(ORDER))


@pytest.mark.parametrize(
    "data",
    [
        with_line(quantity="2.000001"),
        with_line(unit_price="12.51"),
        with_line(product="SKU-3"),
        with_line(line="3"),
        changed(ship_to={"country": "AT"}),
        changed(terms="prepaid"),
        changed(customer_reference=None),
        changed(currency="USD"),
        changed(requested_by="user:bo@nordwind.example"),
        changed(lines=ORDER["lines"][::-1]),
    ],
)
def test_any_change_of_content_changes_the_digest(data: dict[str, Any]) -> None:
    assert order_digest(parse_order(data)) != order_digest(parse_order(ORDER))


def test_the_content_can_be_read_back() -> None:
    order = parse_order(ORDER)
    assert parse_order(loads(canonical(order_content(order)))) == order


def test_the_key_of_the_lines_ignores_numbering_and_sequence() -> None:
    turned = changed(lines=[{**line, "line": f"L{n}"} for n, line in enumerate(ORDER["lines"][::-1])])
    assert line_content_key(parse_order(turned)) == line_content_key(parse_order(ORDER))


def test_cancellations_and_reopenings_need_a_reason() -> None:
    assert parse_order_note({"order": "WEB1-1", "reason": "Twice ordered"}).reason == "Twice ordered"
    for kind in ("order.cancelled", "order.reopened"):
        assert [problem.field for problem in validators[kind]({"order": "WEB1-1", "reason": "  "})] == ["reason"]


def test_a_shipment_is_read_and_its_lines_are_checked() -> None:
    assert parse_shipment(SHIPMENT).lines[0].quantity == d(2)
    bad = {**SHIPMENT, "lines": [{"line": "1", "quantity": "1"}, {"line": "1", "quantity": "0"}, 5]}
    assert [problem.field for problem in validators["shipment.confirmed"](bad)] == [
        "lines[1].line",
        "lines[1].quantity",
        "lines[2]",
    ]


def test_the_dates_of_a_price_exception_are_days_of_the_tenants_zone() -> None:
    asked = parse_price_exception(EXCEPTION, ZoneInfo("Europe/Berlin"))
    assert asked.valid_from == datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    assert asked.valid_until == datetime(2026, 3, 31, 22, 0, tzinfo=UTC)  # summer time has begun meanwhile
    assert asked.max_quantity is None


def test_the_bounds_of_a_price_exception_may_be_instants() -> None:
    asked = parse_price_exception({**EXCEPTION, "valid_until": "2026-03-05T12:00:00+02:00", "max_quantity": "100"})
    assert (asked.valid_until, asked.max_quantity) == (datetime(2026, 3, 5, 10, 0, tzinfo=UTC), d(100))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_until": "2026-02-28"}, "valid_until"),
        ({"valid_until": "2026-02-31"}, "valid_until"),
        ({"valid_until": "9999-12-31"}, "valid_until"),
        ({"valid_from": None}, "valid_from"),
        ({"justification": " "}, "justification"),
        ({"max_quantity": "0"}, "max_quantity"),
        ({"unit_price": "1.0000001"}, "unit_price"),
        ({"requested_by": None}, "requested_by"),
    ],
)
def test_a_bad_price_exception_is_named_by_field(changes: dict[str, Any], field: str) -> None:
    found = validators["price_exception.requested"]({**EXCEPTION, **changes})
    assert [problem.field for problem in found] == [field]


def test_a_return_is_read() -> None:
    assert parse_return(RETURN).lines[0].unit_price == d("12.50")
    assert [problem.field for problem in validators["return.recorded"]({**RETURN, "return": 5})] == ["return"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("order.submitted", ORDER),
        ("order.amended", {**ORDER, "reason": "Fewer"}),
        ("order.cancelled", {"order": "WEB1-1", "reason": "x"}),
        ("order.reopened", {"order": "WEB1-1", "reason": "x"}),
        ("shipment.confirmed", SHIPMENT),
        ("price_exception.requested", EXCEPTION),
        ("return.recorded", RETURN),
    ],
)
def test_every_event_type_has_a_validator_that_takes_good_data_and_names_what_is_missing(kind: str, data: Any) -> None:
    assert validators[kind](data) == []
    assert validators[kind]({})


def test_an_event_from_the_future_tells_of_a_wrong_clock() -> None:
    assert clock_problems("placed_at", NOW + timedelta(hours=24), NOW) == []
    (problem,) = clock_problems("placed_at", NOW + timedelta(hours=25), NOW)
    assert problem.field == "placed_at"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=True) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(validators)), st.data())
def test_no_payload_breaks_a_validator(kind: str, data: st.DataObject) -> None:
    names = st.sampled_from([*ORDER, *SHIPMENT, *EXCEPTION, *RETURN])
    payload = data.draw(st.dictionaries(names, anything, max_size=6))
    lines = data.draw(st.lists(st.dictionaries(st.sampled_from([*ORDER["lines"][0]]), anything), max_size=3))
    for problem in validators[kind]({**payload, "lines": lines}):
        assert problem.field
        assert problem.message
        problem.value.encode()


@given(st.data())
def test_one_broken_field_never_hides_or_breaks_the_rest(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ORDER)))
    found = validators["order.submitted"]({**ORDER, name: data.draw(anything)})
    assert all(problem.field.startswith(name) for problem in found)
