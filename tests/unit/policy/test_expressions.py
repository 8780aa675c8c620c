"""Expressions beyond simple tests: exact where money is, ZEN within bounds elsewhere, and never a host."""

from decimal import Decimal

import pytest
import zen
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.core.arithmetic import NotExact, compile_exact
from headgate.policy.core.expression import Failed, compile_cell, compile_output
from headgate.policy.core.unary import BadCell

TYPES = {
    "a": "number",
    "b": "number",
    "price": "money",
    "pct": "percent",
    "name": "string",
    "ok": "bool",
    "tags": "list",
}
SMALL = st.integers(-20, 20).map(str) | st.decimals(-20, 20, places=1).map(str)


def arithmetic() -> st.SearchStrategy[str]:
    leaves = SMALL.map(lambda t: f"({t})" if t.startswith("-") else t) | st.sampled_from(["a", "b"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join),
            inner.map(lambda t: f"({t})"),
            inner.map(lambda t: f"abs({t})"),
            st.tuples(st.sampled_from(["floor", "ceil", "round", "trunc"]), inner).map(lambda p: f"{p[0]}({p[1]})"),
            st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda p: f"{p[0]}([{p[1]}, {p[2]}])"),
        ),
        max_leaves=6,
    )


@st.composite
def conditions(draw: st.DrawFn) -> str:
    part = st.tuples(arithmetic(), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), arithmetic()).map(" ".join)
    text = draw(part)
    for _ in range(draw(st.integers(0, 2))):
        text = f"{text} {draw(st.sampled_from(['and', 'or']))} {draw(part)}"
    return f"not ({text})" if draw(st.booleans()) else text


@given(arithmetic(), st.integers(-9, 9), st.integers(-9, 9))
def test_arithmetic_agrees_with_zen(text: str, a: int, b: int) -> None:
    step, kind = compile_exact(text, TYPES)
    assert kind == "number"
    mine = step({"a": Decimal(a), "b": Decimal(b)})
    theirs = zen.compile_expression(text).evaluate({"a": a, "b": b})
    assert isinstance(mine, Decimal)
    assert float(mine) == pytest.approx(theirs, rel=1e-12, abs=1e-9)


@pytest.mark.slow
@given(conditions(), st.integers(-9, 9), st.integers(-9, 9))
def test_conditions_agree_with_zen(text: str, a: int, b: int) -> None:
    step, kind = compile_exact(text, TYPES)
    assert kind == "bool"
    assert step({"a": Decimal(a), "b": Decimal(b)}) is zen.compile_expression(text).evaluate({"a": a, "b": b})


@pytest.mark.parametrize(
    "text",
    [
        "a > 1 ? 10 : 20",
        "a > 5 ? 1 : a > 2 ? 2 : 3",
        "a / b",
        "1 + 2 * 3 - 4 / 2",
        "-a * 2",
        "round(a / 7, 2)",
        "10 - 3 - 2",
    ],
)
def test_precedence_and_division_agree_with_zen(text: str) -> None:
    step, _ = compile_exact(text, TYPES)
    result = step({"a": Decimal(3), "b": Decimal(8)})
    assert float(str(result)) == pytest.approx(zen.compile_expression(text).evaluate({"a": 3, "b": 8}))


def test_money_is_computed_exactly() -> None:
    formula = compile_output("price * 3", TYPES)
    assert formula({"price": Decimal("9007199254740993.01")}) == Decimal("27021597764222979.03")


def test_a_division_by_zero_gives_null_as_in_zen() -> None:
    assert zen.compile_expression("1 / 0").evaluate({}) is None
    assert compile_output("a / b", TYPES)({"a": Decimal(1), "b": Decimal(0)}) is None


def test_null_in_arithmetic_is_said_and_not_guessed() -> None:
    with pytest.raises(Failed, match=r"a \+ 1 meets an unknown value"):
        compile_output("a + 1", TYPES)({"a": None})
    assert compile_output("a ?? 5", TYPES)({"a": None}) == 5


@pytest.mark.parametrize(
    ("cell", "column", "facts", "expected"),
    [
        ("> b", "a", {"a": 6, "b": 5}, True),
        ("> b", "a", {"a": 5, "b": 5}, False),
        (">= b * 2", "a", {"a": 10, "b": 5}, True),
        ("$ > 2 and $ < b", "a", {"a": 3, "b": 5}, True),
        ("b", "a", {"a": 5, "b": 5}, True),
        ("b + 1", "a", {"a": 5, "b": 5}, False),
        ("> a * 0.1", "price", {"price": Decimal("0.51"), "a": 5}, True),
    ],
)
def test_a_cell_may_compare_with_other_inputs_exactly(
    cell: str, column: str, facts: dict[str, int | Decimal], expected: bool
) -> None:
    env = {name: Decimal(value) for name, value in facts.items()}
    assert compile_cell(cell, column, TYPES)({**env, "$": env[column]}) is expected


def test_text_functions_run_in_zen() -> None:
    cell = compile_cell("startsWith($, 'EU-')", "name", TYPES)
    assert cell({"name": "EU-1", "$": "EU-1"}) is True
    assert cell({"name": "US-1", "$": "US-1"}) is False


def test_lists_are_tested_in_zen() -> None:
    cell = compile_cell("contains($, 'new') and len($) > 1", "tags", TYPES)
    assert cell({"tags": ("new", "x"), "$": ("new", "x")}) is True
    assert cell({"tags": ("new",), "$": ("new",)}) is False


@pytest.mark.parametrize("cell", ["> 5 and < 9", "len(string($)) > 2", "price in [1, 2]"])
@pytest.mark.parametrize("column", ["price", "pct"])
def test_money_and_percent_never_reach_the_float_engine(cell: str, column: str) -> None:
    with pytest.raises(BadCell, match=r"computes in floats, and (price is money|pct is percent)"):
        compile_cell(cell, column, TYPES)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("map([1..1000000000], #)", "the function map is not allowed"),
        ("sum([1..1000000000])", "a range inside a function is not allowed"),
        ("rand(10)", "the function rand is not allowed"),
        ("now()", "the function now is not allowed"),
        ("date('now')", "the function date is not allowed"),
        ("9 ^ 9 ^ 9", r"\^ is not allowed"),
        ("a.b.c", r"\. is not allowed"),
        ("__import__('os')", "the function __import__ is not allowed"),
        ("`${a}`", "cannot read"),
        ("a + unheard_of", "unheard_of is not an input"),
        ("contains(unheard_of, 'x')", "unheard_of is not an input"),
        ("name * 2", r"what stands before \* is a string"),
        ("ok > 1", "> compares a bool with a number"),
        ("ok ? 1 : 'x'", "the two sides"),
        ("", "is empty"),
        ("-" * 400 + "a", "nests deeper than 32 levels"),
        ("not " * 100 + "ok", "nests deeper than 32 levels"),
        ("ok ? 1 : " * 45 + "2", "nests deeper than 32 levels"),
        ("a+" * 200 + "a", "more than 64 operators"),
    ],
)
def test_an_expression_out_of_bounds_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadCell, match=why):
        compile_output(text, TYPES)


def test_a_bare_word_gets_told_to_be_quoted() -> None:
    with pytest.raises(BadCell, match=r"write 'gold' in quotes"):
        compile_cell("gold", "name", TYPES)


def test_what_the_engine_cannot_parse_is_said_without_a_native_trace() -> None:
    with pytest.raises(BadCell) as caught:
        compile_output("contains(name, 'x' 'y')", TYPES)
    assert "is not an expression" in str(caught.value)
    assert "backtrace" not in str(caught.value)
    assert "{" not in str(caught.value)


def test_a_failure_at_run_time_is_said_without_a_native_trace() -> None:
    with pytest.raises(Failed) as caught:
        compile_output("upper(name) == 'X' ? number(name) : 1", TYPES)({"name": "x"})
    assert "backtrace" not in str(caught.value)


@pytest.mark.parametrize("text", ["contains(name, 'x')", "a in [1, 2]", "a % 2", "[1, 2]"])
def test_what_is_beyond_exact_expressions_is_left_to_zen(text: str) -> None:
    with pytest.raises(NotExact):
        compile_exact(text, TYPES)
