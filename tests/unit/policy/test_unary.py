"""Cell tests mean what ZEN means by them, decided exactly."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import zen
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.core.unary import ANYTHING, BadCell, NotUnary, holds, parse_unary

NUMBERS = st.decimals(-1000, 1000, places=2) | st.sampled_from([Decimal(0), Decimal(5), Decimal("-2.5"), Decimal(10)])
WORDS = st.sampled_from(["gold", "silver", "bronze", "", "a b", 'say "x"'])
DAYS = st.dates(date(2025, 1, 1), date(2027, 1, 1))


def quoted(word: str) -> str:
    return f"'{word}'"


@st.composite
def number_cells(draw: st.DrawFn) -> str:
    def one() -> str:
        kind = draw(st.sampled_from(["literal", "compare", "range", "in", "list", "not in"]))
        a, b = draw(NUMBERS), draw(NUMBERS)
        if kind == "literal":
            return f"{a}"
        if kind == "compare":
            return f"{draw(st.sampled_from(['==', '!=', '<', '<=', '>', '>=']))} {a}"
        if kind == "list":
            return f"[{a}, {b}]"
        left, right = draw(st.sampled_from("[(")), draw(st.sampled_from("])"))
        word = {"range": "", "in": "in ", "not in": "not in "}[kind]
        return f"{word}{left}{a}..{b}{right}"

    return ", ".join(one() for _ in range(draw(st.integers(1, 4))))


@st.composite
def word_cells(draw: st.DrawFn) -> str:
    def one() -> str:
        kind = draw(st.sampled_from(["literal", "compare", "list", "not in"]))
        a, b = quoted(draw(WORDS)), quoted(draw(WORDS))
        if kind == "literal":
            return a
        if kind == "compare":
            return f"{draw(st.sampled_from(['==', '!=']))} {a}"
        return f"[{a}, {b}]" if kind == "list" else f"not in [{a}, {b}]"

    return ", ".join(one() for _ in range(draw(st.integers(1, 3))))


def by_zen(cell: str, value: object) -> object:
    return zen.compile_unary_expression(cell).evaluate({"$": value})


@given(number_cells(), NUMBERS)
def test_number_cells_agree_with_zen(cell: str, value: Decimal) -> None:
    assert holds(parse_unary(cell), value) is by_zen(cell, float(value))


@given(word_cells(), WORDS)
def test_text_cells_agree_with_zen(cell: str, value: str) -> None:
    assert holds(parse_unary(cell), value) is by_zen(cell, value)


@given(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), DAYS, DAYS)
def test_date_cells_agree_with_zen(op: str, constant: date, value: date) -> None:
    cell = f"{op} d('{constant.isoformat()}')"
    assert holds(parse_unary(cell), value) is by_zen(cell, value.isoformat())


@pytest.mark.parametrize("cell", ["true", "false", "!= true", "== false", "true, false", "not(true)", "not(false)"])
@pytest.mark.parametrize("value", [True, False])
def test_bool_cells_agree_with_zen(cell: str, value: bool) -> None:
    assert holds(parse_unary(cell), value) is by_zen(cell, value)


@pytest.mark.parametrize("cell", ["null", "!= null", "5", "!= 5", "'a'", "!= 'a'", "true", "5, null"])
def test_equality_with_null_agrees_with_zen(cell: str) -> None:
    assert holds(parse_unary(cell), None) is by_zen(cell, None)


@pytest.mark.parametrize("cell", ["> 5", "<= 5", "[1..3]", "(1..3)", "> d('2026-01-01')"])
def test_an_ordering_is_false_for_null(cell: str) -> None:
    assert not holds(parse_unary(cell), None)


def test_numbers_compare_exactly_where_floats_would_not() -> None:
    tests = parse_unary("<= 5.000000000000000001")
    assert holds(tests, Decimal("5.000000000000000001"))
    assert not holds(tests, Decimal("5.0000000000000000011"))


@pytest.mark.parametrize(
    ("cell", "inside", "outside"),
    [
        ("[1..10)", ["1", "9.999"], ["0.999", "10"]),
        ("(0..5]", ["0.001", "5"], ["0", "5.001"]),
        ("[-2..2]", ["-2", "0", "2"], ["-2.01", "2.01"]),
        ("(0..1)", ["0.5"], ["0", "1"]),
        ("[3..1]", [], ["1", "2", "3"]),
        ("1_000, 1e2", ["1000", "100"], ["10"]),
        ("not(> 5, [1..2])", ["0.9", "3", "5"], ["1", "2", "6"]),
    ],
)
def test_boundaries_belong_where_the_brackets_say(cell: str, inside: list[str], outside: list[str]) -> None:
    tests = parse_unary(cell)
    assert all(holds(tests, Decimal(v)) for v in inside)
    assert not any(holds(tests, Decimal(v)) for v in outside)


def test_a_range_of_dates_includes_its_closed_ends() -> None:
    tests = parse_unary("[d('2026-01-01')..d('2026-02-01'))")
    start = date(2026, 1, 1)
    assert [holds(tests, start + timedelta(days=n)) for n in (-1, 0, 30, 31)] == [False, True, True, False]


def test_values_of_another_type_never_fit() -> None:
    assert not holds(parse_unary("1"), True)
    assert not holds(parse_unary("1"), "1")
    assert not holds(parse_unary("> 0"), "5")
    assert holds(parse_unary("!= 1"), "1")


@pytest.mark.parametrize("cell", ["", "-", " - ", "  "])
def test_an_empty_cell_or_a_dash_accepts_anything(cell: str) -> None:
    assert parse_unary(cell) is ANYTHING
    assert holds(ANYTHING, None)
    assert holds(ANYTHING, "x")


@pytest.mark.parametrize("cell", ["> limit", "$ > 5", "5 + 1", "> 5 and < 9", "startsWith($, 'a')", "gold", "(5)"])
def test_richer_cells_are_left_to_expressions(cell: str) -> None:
    with pytest.raises(NotUnary):
        parse_unary(cell)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("]0..5[", "means different things in DMN and in ZEN"),
        ("[0..5[", "means different things in DMN and in ZEN"),
        ("> 'a'", "compares numbers or dates only"),
        ("['a'..'c']", "two numbers or two dates"),
        ("[1..d('2026-01-01')]", "two numbers or two dates"),
        ("d('2026-02-30')", "is not a date"),
        ("> d('tomorrow')", "a date is written d('2026-01-31')"),
        ("5 % ; 3", "cannot read"),
        ("'open", "cannot read"),
        ("1," * 400 + "1", "longer than 500 characters"),
        ("(" * 40 + "1" + ")" * 40, "nests deeper than 16 levels"),
        ("9" * 50, "more than 40 digits"),
        ("> 1e300", "exponent beyond 30"),
        ("1e-300", "exponent beyond 30"),
    ],
)
def test_a_broken_cell_says_why(cell: str, why: str) -> None:
    with pytest.raises(BadCell, match=why.replace("(", r"\(").replace(")", r"\)")):
        parse_unary(cell)
