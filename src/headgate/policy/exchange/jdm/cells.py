"""Policy cells as the GoRules library evaluates them, with the meaning that policies give them.

The library knows no `not(…)`, no ranges of dates, and fails where null meets an ordering; a policy says false there.
Its cells (unlike its formulas) read neither `and` and `or` in parentheses nor the two mixed, and what it cannot read
it takes for false. So anything but one plain chain is written as `(a ? b : c) == true`; without the comparison, it
would compare the fact with the truth value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from headgate.kernel.months import Months
from headgate.policy.core.model import ORDERED, InputColumn
from headgate.policy.core.times import months_of, time_literal
from headgate.policy.core.unary import ANYTHING, BadCell, Not, NotUnary, Range, Test, parse_unary
from headgate.policy.exchange.feel.from_zen import NotCarried, expression_of, tests_of
from headgate.policy.exchange.feel.tree import Binary, Call, Choice, Compare, Expr, Literal, Matches, Name, UnaryTest
from headgate.policy.exchange.feel.tree import Not as FeelNot
from headgate.policy.exchange.feel.tree import Range as FeelRange
from headgate.policy.exchange.feel.zen import condition_of, formula_of

_ORDERS = ("<", "<=", ">", ">=")

_SPAN = re.compile(r"""duration\(\s*(['"])(?P<text>-?P[0-9YM]+)\1\s*\)""")
_COUNT = re.compile(r"(?<![\w'\"])(?<!\d\.)-?\d{1,10}(?![\w'\"])(?!\.\d)")


def cell_text(text: str, column: InputColumn, kinds: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The cell for the library; empty accepts anything. Raises `NotCarried` and `BadFeel`."""
    try:
        simple = parse_unary(text)
    except (NotUnary, BadCell):
        simple = None
    if simple == ANYTHING:
        return ""
    plain = simple is not None and not (column.nullable and column.type in ORDERED)
    if plain and simple is not None and all(_known(t, column.type) for t in simple):
        return text
    plain_names = {name: name for name in names}
    tests = tests_of(text, kinds, plain_names, column.name)
    parts = [_guarded(t, column) for t in tests]
    whole = parts[0]
    for part in parts[1:]:
        whole = Binary("or", whole, part)
    wrapped = dict(names)
    if column.type == "date":
        wrapped["?"] = "d($)"
    return _with_nulls(formula_of(_plain(whole), wrapped))


def counted(text: str) -> str:
    """A cell of months as one of numbers: `< duration('P1Y6M')` is `< 18`."""
    return _SPAN.sub(lambda m: str(months_of(m["text"]).count), text)


def as_months(text: str) -> str:
    """The reverse of `counted`; a number that is not whole stays, for the lints to tell."""
    return _COUNT.sub(lambda m: time_literal(Months(int(m[0]))), text)


def formula_text(text: str, kinds: Mapping[str, str], names: Mapping[str, str]) -> str:
    """A computed output for the library. Raises `NotCarried` and `BadFeel`."""
    return formula_of(expression_of(text, kinds, {name: name for name in names}), names)


def _plain(expr: Expr) -> Expr:
    """The condition in words that the library reads in a cell."""
    for op in ("and", "or"):
        if not any(map(_logical, _chain(expr, op))):
            return expr
    return Binary("=", _chosen(expr), Literal(True))


def _chain(expr: Expr, op: str) -> list[Expr]:
    if isinstance(expr, Binary) and expr.op == op:
        return [*_chain(expr.left, op), *_chain(expr.right, op)]
    return [expr]


def _logical(expr: Expr) -> bool:
    if isinstance(expr, Binary):
        return expr.op in ("and", "or") or _logical(expr.left) or _logical(expr.right)
    return isinstance(expr, Choice) or (isinstance(expr, Call) and expr.function == "not")


def _chosen(expr: Expr) -> Expr:
    if isinstance(expr, Binary) and expr.op == "and":
        return Choice(_chosen(expr.left), _chosen(expr.right), Literal(False))
    if isinstance(expr, Binary) and expr.op == "or":
        return Choice(_chosen(expr.left), Literal(True), _chosen(expr.right))
    if isinstance(expr, Binary):
        return Binary(expr.op, _chosen(expr.left), _chosen(expr.right))
    if isinstance(expr, Call) and expr.function == "not":
        return Choice(_chosen(expr.arguments[0]), Literal(False), Literal(True))
    if isinstance(expr, Choice):
        return Choice(_chosen(expr.test), _chosen(expr.yes), _chosen(expr.no))
    return expr


def _known(test: Test, kind: str) -> bool:
    if isinstance(test, Not):
        return False
    return not isinstance(test, Range) or kind != "date"


def _guarded(test: UnaryTest, column: InputColumn) -> Expr:
    """The test as a condition on `?` that asks for null before it orders."""
    if isinstance(test, FeelNot):
        inner = [_guarded(t, column) for t in test.tests]
        found = inner[0]
        for part in inner[1:]:
            found = Binary("or", found, part)
        return Call("not", (found,))
    condition = condition_of(test)
    orders = isinstance(test, Compare) and test.op in _ORDERS
    orders = orders or (isinstance(test, Matches) and isinstance(test.value, FeelRange))
    if column.nullable and orders:
        return Binary("and", Binary("!=", Name("?"), Literal(None)), condition)
    return condition


def _with_nulls(text: str) -> str:
    """`d($)` of a null is an error in the library, so null is asked of the fact itself."""
    return text.replace("d($) == null", "$ == null").replace("d($) != null", "$ != null")


__all__ = ["NotCarried", "as_months", "cell_text", "counted", "formula_text"]
