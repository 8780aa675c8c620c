"""S-FEEL: what is read, printed and worked out, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.kernel.months import Months
from headgate.policy.exchange.feel import (
    BadFeel,
    evaluate,
    parse_expression,
    parse_tests,
    print_expression,
    print_tests,
    satisfied,
)
from headgate.policy.exchange.feel.dates import temporal_of, temporal_text
from headgate.policy.exchange.feel.tree import (
    Between,
    Binary,
    Call,
    Choice,
    Compare,
    Expr,
    In,
    Listing,
    Literal,
    Matches,
    Name,
    Not,
    Path,
    Range,
    Value,
)

NAMES = ["x", "Employment Status", "loan", "Approved/Declined"]
SCOPE: dict[str, Value] = {
    "x": Decimal(5),
    "Employment Status": "EMPLOYED",
    "loan": {"rate": Decimal("0.5")},
    "Approved/Declined": "Approved",
    "nothing": None,
    "day": date(2026, 1, 31),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 + 20 / -5 - 3", Decimal(3)),
        ("-2 ** 2", Decimal(4)),
        ("2 ** 3 ** 2", Decimal(64)),
        ("10 ** -5", Decimal("0.00001")),
        ("1 / 3", Decimal("0." + "3" * 34)),
        ("1 / 0", None),
        ("x + null", None),
        ('"a" + Employment Status', "aEMPLOYED"),
        ('Approved/Declined = "Approved"', True),
        ("loan.rate * 2", Decimal("1.0")),
        ("loan.term", None),
        ('x = "5"', None),
        ("x = null", False),
        ("nothing = null", True),
        ("nothing < 5", None),
        ("nothing and false", False),
        ("nothing or true", True),
        ("nothing and true", None),
        ("not(nothing)", None),
        ('if x > 4 then "many" else "few"', "many"),
        ('if nothing then "many" else "few"', "few"),
        ("x between 1 and 5", True),
        ("x in [1..5)", False),
        ("x in (1, > 4)", True),
        ('day + duration("P1M")', date(2026, 2, 28)),
        ('date("2026-03-01") - day', timedelta(days=29)),
        ('duration("PT36H") / 2', timedelta(hours=18)),
        ('@"P1Y2M" * 2', Months(28)),
        ('years and months duration(day, date("2026-12-30"))', Months(10)),
        ("round half up(2.5, 0)", Decimal(3)),
        ("decimal(2.5, 0)", Decimal(2)),
        ("modulo(-7, 3)", Decimal(2)),
        ('substring("foobar", -3, 2)', "ba"),
        ("sum([1, 2.5])", Decimal("3.5")),
        ('min("b", "a")', "a"),
        ('number("abc")', None),
        ('list contains(["a", "b"], "b")', True),
        ('"\\u00e9\\n\\""', 'é\n"'),
    ],
)
def test_an_expression_gives_what_the_standard_says(text: str, expected: object) -> None:
    got = evaluate(parse_expression(text, SCOPE), SCOPE)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("cell", "accepted", "refused"),
    [
        ("-", Decimal(1), "nothing is refused"),
        ("", None, "nothing is refused"),
        ('"Medium","Low"', "Low", "High"),
        ("<18", Decimal("17.99"), Decimal(18)),
        ("[1..5), > 10", Decimal(1), Decimal(5)),
        ("]1..5[", Decimal(2), Decimal(1)),
        ('not("a", "b")', "c", "a"),
        ("> x", Decimal(6), Decimal(5)),
        ("x * 2", Decimal(10), Decimal(5)),
        ("? > 1 and ? < x", Decimal(2), Decimal(5)),
        ("null", None, Decimal(0)),
        ('>= date("2026-01-01")', date(2026, 1, 1), date(2025, 12, 31)),
        ('< duration("P2D")', timedelta(hours=47), timedelta(hours=48)),
        ('["a", "b"]', "a", "c"),
        ("not(]1..5[, 9)", Decimal(1), Decimal(9)),
        ("[1..5[", Decimal(1), Decimal(5)),
        ("true", True, False),
    ],
)
def test_a_unary_test_accepts_and_refuses(cell: str, accepted: Any, refused: Any) -> None:
    tests = parse_tests(cell, [*SCOPE, "?"])
    assert satisfied(tests, accepted, SCOPE)
    assert refused == "nothing is refused" or not satisfied(tests, refused, SCOPE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 +", "found the end"),
        ("for i in [1] return i", "for … loops and is beyond S-FEEL"),
        ("some x in [1] satisfies x", "some … loops"),
        ("{a: 1}", "a context { } is beyond S-FEEL"),
        ("loan[1]", r"a filter \[ \] is beyond S-FEEL"),
        ("function(x) x", "cannot read"),
        ('substring(string: "a", start position: 1)', "cannot read|arguments by name"),
        ("1 § 2", "cannot read '§"),
        ('"open', "cannot read"),
        ('date("31.1.2026")', "is not a date; write it as 2026-01-31"),
        ('"\\q"', "is not an escape"),
        ("(" * 200 + "1" + ")" * 200, "nests deeper"),
        ("-" * 200 + "1", "nests deeper"),
        ("1+" * 3000 + "1", "more than"),
        ("9" * 40, "more than 34 digits"),
    ],
)
def test_what_is_beyond_the_grammar_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(BadFeel, match=why):
        parse_expression(text, NAMES)


def test_a_name_that_nobody_gave_is_an_error_not_a_null() -> None:
    with pytest.raises(BadFeel, match="age is not known here"):
        evaluate(parse_expression("age + 1"), {})


def test_deep_nesting_of_brackets_and_not_takes_no_exponential_time() -> None:
    text = "not(x in (" * 18 + "1" + ") and true)" * 18
    parse_tests(text, NAMES)
    parse_expression("(" * 35 + "1" + ")" * 35)


SIMPLE: st.SearchStrategy[Expr] = st.one_of(
    st.integers(0, 10**9).map(lambda n: Literal(Decimal(n))),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=0, max_value=1000).map(Literal),
    st.text(max_size=8).filter(lambda t: t.isprintable()).map(Literal),
    st.sampled_from([Literal(True), Literal(False), Literal(None)]),
    st.dates().map(Literal),
    st.timedeltas(timedelta(days=-999), timedelta(days=999)).map(Literal),
    st.integers(-999, 999).map(lambda n: Literal(Months(n))),
    st.sampled_from(NAMES).map(Name),
    st.just(Path(Name("loan"), "rate")),
)


def _compound(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    tests = st.one_of(inner.map(Matches), st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), inner))
    return st.one_of(
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**", "=", "<", "and", "or"]), inner, inner),
        st.builds(Between, inner, inner, inner),
        st.builds(In, inner, st.lists(tests, min_size=1, max_size=3).map(tuple)),
        st.builds(Choice, inner, inner, inner),
        st.builds(Call, st.sampled_from(["abs", "string length", "max"]), st.lists(inner, max_size=3).map(tuple)),
        st.lists(inner, max_size=3).map(tuple).map(Listing),
        st.builds(Range, inner, st.booleans(), inner, st.booleans()),
    )


TREES = st.recursive(SIMPLE, _compound, max_leaves=8)


@settings(max_examples=60)
@given(TREES)
def test_a_printed_expression_is_read_as_the_same_tree(tree: Expr) -> None:
    assert parse_expression(print_expression(tree), NAMES) == tree


@settings(max_examples=40)
@given(st.lists(TREES.map(Matches) | st.builds(Compare, st.sampled_from(["<", ">="]), TREES), min_size=1, max_size=3))
def test_printed_unary_tests_are_read_as_the_same_tests(tests: list[Any]) -> None:
    assert parse_tests(print_tests(tuple(tests)), NAMES) == tuple(tests)
    assert parse_tests(print_tests((Not(tuple(tests)),)), NAMES) == (Not(tuple(tests)),)


@given(st.text(max_size=40) | st.text('0129.+-*/()[]<>=,"?xnot .', max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    for parse in (parse_expression, parse_tests):
        try:
            parse(text, NAMES)
        except BadFeel:
            continue


@given(st.dates() | st.timedeltas() | st.integers(-(10**6), 10**6).map(Months) | st.datetimes())
def test_dates_and_durations_are_read_as_they_are_written(value: Any) -> None:
    assert temporal_of(temporal_text(value)) == value
