"""Reading master items: every problem with its path, and nothing let through that the database would choke on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.channel.credit import validate as validate_credit
from headgate.channel.inventory import validate as validate_stock
from headgate.channel.masters import COUNTRIES, UNITS, ItemReader, read_items
from headgate.channel.partners import validate as validate_partners
from headgate.channel.products import validate as validate_products
from headgate.channel.taxes import validate_exemptions, validate_fx_rates, validate_tax_rates
from headgate.kernel.canonical import canonical, loads
from headgate.kernel.errors import Problem

BERLIN = ZoneInfo("Europe/Berlin")
VALIDATORS = [
    validate_partners,
    validate_products,
    validate_credit,
    validate_stock,
    validate_tax_rates,
    validate_exemptions,
    validate_fx_rates,
]


def reader(**fields: object) -> ItemReader:
    return ItemReader(fields, "items[0]", [])


@pytest.mark.parametrize(
    "value", ["", None, 5, "x" * 65, " a", "a ", "a\nb", "a\x00", "\ud800", ["a"], {"a": 1}, True, Decimal(1)]
)
def test_a_bad_code_is_noted(value: object) -> None:
    item = reader(code=value)
    assert item.code("code") == ""
    assert [problem.field for problem in item.problems] == ["items[0].code"]


@pytest.mark.parametrize("value", ["a", "Ä-1", "x" * 64, "WEB 1/2", "漢字"])
def test_a_good_code_is_taken_as_it_is(value: str) -> None:
    item = reader(code=value)
    assert (item.code("code"), item.problems) == (value, [])


@pytest.mark.parametrize(
    "value", ["1e5", "NaN", "Infinity", "-1", "1.1234567", "1" * 16, 1.5, True, [], "", " ", "1,5"]
)
def test_a_bad_number_is_noted_once(value: object) -> None:
    item = reader(amount=value)
    assert item.number("amount", default=Decimal(7)) == 7
    assert [problem.field for problem in item.problems] == ["items[0].amount"]


@pytest.mark.parametrize(("value", "number"), [("0", "0"), (3, "3"), ("1.500000", "1.5"), (Decimal("2.25"), "2.25")])
def test_a_good_number_is_exact(value: object, number: str) -> None:
    item = reader(amount=value)
    assert (item.number("amount"), item.problems) == (Decimal(number), [])


def test_a_missing_required_number_is_noted_and_an_optional_one_is_not() -> None:
    item = reader()
    assert item.number("a") == 0
    assert item.number("b", default=Decimal(4)) == 4
    assert item.maybe_number("c") is None
    assert [problem.field for problem in item.problems] == ["items[0].a"]


def test_units_countries_and_currencies_are_known_ones() -> None:
    item = reader(unit="EACH", country="DE", currency="EUR", other="furlong", land="de", money="eur")
    assert (item.unit("unit"), item.country("country"), item.currency("currency")) == ("each", "DE", "EUR")
    assert item.problems == []
    assert (item.unit("other"), item.country("land"), item.currency("money")) == ("each", "", "")
    assert [problem.field for problem in item.problems] == [f"items[0].{name}" for name in ("other", "land", "money")]
    assert len(COUNTRIES) == 251
    assert {"each", "kg", "C62", "KGM"} <= UNITS


def test_plain_dates_are_days_of_the_time_zone() -> None:
    item = reader(start="2026-01-01", end="2026-01-01", instant="2026-01-01T00:00:00Z", open="9999-12-31")
    start = item.starts("start", BERLIN)
    assert start == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert item.ends("end", BERLIN, start) == datetime(2026, 1, 1, 23, tzinfo=UTC)
    assert item.starts("instant", BERLIN) == datetime(2026, 1, 1, tzinfo=UTC)
    assert item.ends("open", BERLIN, start) is None
    assert item.starts("missing", BERLIN) is None
    assert item.problems == []


def test_an_end_that_is_not_after_its_start_is_noted() -> None:
    item = reader(start="2026-01-02", end="2026-01-01")
    assert item.ends("end", BERLIN, item.starts("start", BERLIN)) is None
    assert [problem.field for problem in item.problems] == ["items[0].end"]


@pytest.mark.parametrize("value", ["2026-02-30", "20260101", "2026-01-01T00:00:00Z", 20260101, "26-01-01"])
def test_a_bad_day_is_noted(value: object) -> None:
    item = reader(day=value)
    assert item.day("day", required=True) is None
    assert len(item.problems) == 1


def test_lists_of_codes_lose_repetitions_and_note_bad_entries() -> None:
    item = reader(groups=["a", "b", "a", 5, ""], others="a", many=["x"] * 101)
    assert item.codes("groups") == ["a", "b"]
    assert item.codes("others") == item.codes("many") == item.codes("none") == []
    fields = ["groups[3]", "groups[4]", "others", "many"]
    assert [problem.field for problem in item.problems] == [f"items[0].{field}" for field in fields]


def test_fields_nobody_asked_for_are_noted_with_those_that_are_known() -> None:
    item = reader(code="a", kode="b")
    item.code("code")
    item.finish()
    assert item.problems == [
        Problem("items[0].kode", "", "is not a field of this record", "Known fields: code."),
    ]


@pytest.mark.parametrize("data", [None, [], {}, {"items": []}, {"items": {}}, {"items": "x"}, "items", 5])
def test_an_event_without_items_is_a_problem_of_items(data: object) -> None:
    records, problems = read_items(data, lambda item: item.code("code"))
    assert records == []
    assert [problem.field for problem in problems] == ["items"]


def test_good_items_do_not_hide_bad_ones() -> None:
    data = {"items": [{"code": "a"}, 7, {"code": ""}], "extra": 1}
    _, problems = read_items(data, lambda item: item.code("code"))
    assert [problem.field for problem in problems] == ["extra", "items[1]", "items[2].code"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    "partner product account warehouse name groups currency country cost unit parent credit_limit hold threshold "
    "valid_from valid_until rate base quote valid_on jurisdiction certificate status on_hand".split()
)


@given(st.lists(st.dictionaries(names | st.text(max_size=5), values, max_size=8) | values, max_size=3))
def test_whatever_comes_is_answered_with_problems_and_never_with_an_exception(items: list[object]) -> None:
    for validate in VALIDATORS:
        for problem in validate({"items": items}):
            assert problem.message
            assert len(problem.value) <= 80


@given(st.text(max_size=70))
def test_a_code_that_is_taken_can_be_stored_and_sent(text: str) -> None:
    item = reader(code=text)
    taken = item.code("code", required=False)
    if taken:
        assert loads(canonical(taken)) == text
        assert "\x00" not in taken
