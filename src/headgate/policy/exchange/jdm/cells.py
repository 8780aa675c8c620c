"""Policy cells as the GoRules library evaluates them, with the meaning that policies give them.

The library knows no `not(…)`, no ranges of dates, and fails where null meets an ordering; a policy says false there.
"""

from __future__ import annotations

from collections.abc import Mapping

from headgate.policy.core.model import ORDERED, InputColumn
from headgate.policy.core.unary import ANYTHING, BadCell, Not, NotUnary, Range, Test, parse_unary
from headgate.policy.exchange.feel.from_zen import NotCarried, expression_of, tests_of
from headgate.policy.exchange.feel.tree import Binary, Compare, Expr, Literal, Matches, Name, UnaryTest
from headgate.policy.exchange.feel.tree import Not as FeelNot
from headgate.policy.exchange.feel.tree import Range as FeelRange
from headgate.policy.exchange.feel.zen import condition_of, formula_of

_ORDERS = ("<", "<=", ">", ">=")


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
    return _with_nulls(formula_of(whole, wrapped))


def formula_text(text: str, kinds: Mapping[str, str], names: Mapping[str, str]) -> str:
    """A computed output for the library. Raises `NotCarried` and `BadFeel`."""
    return formula_of(expression_of(text, kinds, {name: name for name in names}), names)


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
        return Binary("=", found, Literal(False))
    condition = condition_of(test)
    orders = isinstance(test, Compare) and test.op in _ORDERS
    orders = orders or (isinstance(test, Matches) and isinstance(test.value, FeelRange))
    if column.nullable and orders:
        return Binary("and", Binary("!=", Name("?"), Literal(None)), condition)
    return condition


def _with_nulls(text: str) -> str:
    """`d($)` of a null is an error in the library, so null is asked of the fact itself."""
    return text.replace("d($) == null", "$ == null").replace("d($) != null", "$ != null")


__all__ = ["NotCarried", "cell_text", "formula_text"]
