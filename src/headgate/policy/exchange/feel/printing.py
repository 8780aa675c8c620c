"""A tree as S-FEEL text, with no more parentheses than it takes; reading it gives the same tree."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from headgate.kernel.months import Months
from headgate.policy.exchange.feel.dates import temporal_text
from headgate.policy.exchange.feel.tokens import quoted
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
    Negation,
    Path,
    Range,
    UnaryTest,
)

_BINDING = {"or": 1, "and": 2, "+": 4, "-": 4, "*": 5, "/": 5, "**": 6}
_COMPARISON, _SUM, _UNARY, _ATOM = 3, 4, 7, 8


def print_tests(tests: tuple[UnaryTest, ...]) -> str:
    """The cell; `-` where nothing is tested."""
    return ", ".join(_test(t) for t in tests) or "-"


def print_expression(expr: Expr) -> str:
    """The expression."""
    return _print(expr, 0)


def _test(test: UnaryTest) -> str:
    if isinstance(test, Compare):
        return f"{test.op} {_print(test.value, _SUM)}"
    if isinstance(test, Matches):
        return _print(test.value, 0)
    return f"not({', '.join(_test(t) for t in test.tests)})"


def _print(expr: Expr, floor: int) -> str:
    text, strength = _told(expr)
    return f"({text})" if strength < floor else text


def _told(expr: Expr) -> tuple[str, int]:
    if isinstance(expr, Literal):
        negative = isinstance(expr.value, Decimal) and expr.value < 0
        return literal_text(expr.value), _UNARY if negative else _ATOM
    if isinstance(expr, Name):
        return expr.name, _ATOM
    if isinstance(expr, Path):
        return f"{_print(expr.base, _ATOM)}.{expr.name}", _ATOM
    if isinstance(expr, Negation):
        # -(5) is not the number -5
        plain = not isinstance(expr.operand, Literal)
        return f"-{_print(expr.operand, _UNARY) if plain else f'({_print(expr.operand, 0)})'}", _UNARY
    if isinstance(expr, Binary):
        return _binary(expr)
    return _compound(expr)


def _binary(expr: Binary) -> tuple[str, int]:
    strength = _BINDING.get(expr.op, _COMPARISON)
    left = strength + 1 if strength == _COMPARISON else strength
    return f"{_print(expr.left, left)} {expr.op} {_print(expr.right, strength + 1)}", strength


def _compound(expr: Between | In | Choice | Call | Listing | Range) -> tuple[str, int]:
    if isinstance(expr, Between):
        low, high = _print(expr.low, _SUM), _print(expr.high, _SUM)
        return f"{_print(expr.value, _SUM)} between {low} and {high}", _COMPARISON
    if isinstance(expr, In):
        return f"{_print(expr.value, _SUM)} in ({', '.join(_test(t) for t in expr.tests)})", _COMPARISON
    if isinstance(expr, Choice):
        test, yes, no = (_print(part, 0) for part in (expr.test, expr.yes, expr.no))
        return f"if {test} then {yes} else {no}", 0
    if isinstance(expr, Call):
        return f"{expr.function}({', '.join(_print(a, 0) for a in expr.arguments)})", _ATOM
    if isinstance(expr, Listing):
        return f"[{', '.join(_print(i, 0) for i in expr.items)}]", _ATOM
    opening, closing = "[" if expr.low_in else "(", "]" if expr.high_in else ")"
    return f"{opening}{_print(expr.low, _SUM)}..{_print(expr.high, _SUM)}{closing}", _ATOM


def literal_text(value: object) -> str:
    """A simple value as FEEL writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if -40 < value.adjusted() < 40 else str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    assert isinstance(value, (date, time, timedelta, Months))
    kind = "duration" if isinstance(value, (timedelta, Months)) else "time" if isinstance(value, time) else "date"
    if isinstance(value, datetime):
        kind = "date and time"
    return f'{kind}("{temporal_text(value)}")'
