"""S-FEEL to the cells and formulas of a policy, and back. What has no equal on the other side is refused in words.

Both ways keep the meaning exactly: FEEL's `round half up` is ZEN's `round`, but `decimal`, which rounds half-even, has
no equal; `**` is left out of policies on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal

from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import plain_number
from headgate.policy.core.model import Moment
from headgate.policy.core.times import time_literal
from headgate.policy.exchange.feel.evaluate import mentions_input
from headgate.policy.exchange.feel.printing import print_expression
from headgate.policy.exchange.feel.tokens import BadFeel
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
    Not,
    Path,
    Range,
    UnaryTest,
)

_BINDING = {"or": 2, "and": 3, "+": 5, "-": 5, "*": 6, "/": 6}
_COMPARISON, _UNARY, _ATOM = 4, 7, 9
# FEEL's functions under the names a policy knows them by.
CALLS = {
    "abs": "abs",
    "floor": "floor",
    "ceiling": "ceil",
    "round half up": "round",
    "round down": "trunc",
    "contains": "contains",
    "list contains": "contains",
    "starts with": "startsWith",
    "ends with": "endsWith",
    "string length": "len",
    "upper case": "upper",
    "lower case": "lower",
}


def cell_of(tests: tuple[UnaryTest, ...], names: Mapping[str, str]) -> str:
    """The policy cell for these unary tests; `names` maps FEEL's names to those of the policy. Raises `BadFeel`."""
    flat = [test for one in tests for test in _flat(one)]
    if all(map(_simple, flat)):
        return ", ".join(_simple_text(t) for t in flat)
    if len(flat) == 1 and isinstance(flat[0], Compare):
        return f"{_operator(flat[0].op)} {_told(flat[0].value, names, 5)}"
    return _told(_joined([condition_of(t) for t in flat]), names, 0)


def formula_of(expr: Expr, names: Mapping[str, str]) -> str:
    """The expression as a policy writes it, without the leading `=`. Raises `BadFeel`."""
    return _told(expr, names, 0)


def literal_value(expr: Expr) -> tuple[bool, object]:
    """Whether an output entry is a plain value, and that value as a policy's `then` holds it."""
    if isinstance(expr, Listing) and all(isinstance(i, Literal) and isinstance(i.value, str) for i in expr.items):
        return True, [i.value for i in expr.items if isinstance(i, Literal)]
    if not isinstance(expr, Literal):
        return False, None
    value = expr.value
    if isinstance(value, (Moment, time)):
        return True, _moment(value).partition("'")[2].rpartition("'")[0]
    return True, value


def _flat(test: UnaryTest) -> list[UnaryTest]:
    """A list as a test means each of its members."""
    if isinstance(test, Matches) and isinstance(test.value, Listing):
        return [Matches(item) for item in test.value.items]
    return [test]


def _simple(test: UnaryTest) -> bool:
    if isinstance(test, Not):
        return all(map(_simple, (t for one in test.tests for t in _flat(one))))
    value = test.value
    if isinstance(test, Compare):
        return isinstance(value, Literal)
    if isinstance(value, Range):
        return isinstance(value.low, Literal) and isinstance(value.high, Literal) and value.low.value is not None
    return isinstance(value, Literal)


def _simple_text(test: UnaryTest) -> str:
    if isinstance(test, Not):
        return f"not({', '.join(_simple_text(t) for one in test.tests for t in _flat(one))})"
    if isinstance(test, Compare):
        assert isinstance(test.value, Literal)
        return f"{_operator(test.op)} {_literal(test.value.value)}"
    if isinstance(test.value, Range):
        low, high = test.value.low, test.value.high
        assert isinstance(low, Literal)
        assert isinstance(high, Literal)
        opening, closing = "[" if test.value.low_in else "(", "]" if test.value.high_in else ")"
        return f"{opening}{_literal(low.value)}..{_literal(high.value)}{closing}"
    assert isinstance(test.value, Literal)
    return _literal(test.value.value)


def condition_of(test: UnaryTest) -> Expr:
    """A unary test as an expression about `?`."""
    it = Name("?")
    if isinstance(test, Compare):
        return Binary(test.op, it, test.value)
    if isinstance(test, Not):
        return Call("not", (_joined([condition_of(t) for one in test.tests for t in _flat(one)]),))
    if mentions_input(test.value):
        return test.value
    if isinstance(test.value, Range):
        return _within(it, test.value)
    return Binary("=", it, test.value)


def _within(value: Expr, bounds: Range) -> Expr:
    low = Binary(">=" if bounds.low_in else ">", value, bounds.low)
    return Binary("and", low, Binary("<=" if bounds.high_in else "<", value, bounds.high))


def _joined(parts: list[Expr]) -> Expr:
    found = parts[0]
    for part in parts[1:]:
        found = Binary("or", found, part)
    return found


def _told(expr: Expr, names: Mapping[str, str], floor: int) -> str:
    text, strength = _parts(expr, names)
    return f"({text})" if strength < floor else text


def _parts(expr: Expr, names: Mapping[str, str]) -> tuple[str, int]:
    if isinstance(expr, Literal):
        negative = isinstance(expr.value, Decimal) and expr.value < 0
        return _literal(expr.value), _UNARY if negative else _ATOM
    if isinstance(expr, (Name, Path)):
        return _name(expr, names), _ATOM
    if isinstance(expr, Negation):
        return f"-{_told(expr.operand, names, _ATOM)}", _UNARY
    if isinstance(expr, Binary):
        return _binary(expr, names)
    if isinstance(expr, Choice):
        test, yes, no = (_told(part, names, 2) for part in (expr.test, expr.yes, expr.no))
        return f"({test} ? {yes} : {no})", _ATOM
    if isinstance(expr, Between):
        return _parts(_within(expr.value, Range(expr.low, True, expr.high, True)), names)
    if isinstance(expr, In):
        return _parts(_joined([_about(t, expr.value) for one in expr.tests for t in _flat(one)]), names)
    if isinstance(expr, Call):
        return _call(expr, names)
    raise BadFeel(
        phrase(
            "%(expression)s stands where a policy has no place for a list or range",
            expression=print_expression(expr),
        )
    )


def _about(test: UnaryTest, value: Expr) -> Expr:
    if isinstance(test, Compare):
        return Binary(test.op, value, test.value)
    if isinstance(test, Not):
        return Call("not", (_joined([_about(t, value) for one in test.tests for t in _flat(one)]),))
    return _within(value, test.value) if isinstance(test.value, Range) else Binary("=", value, test.value)


def _name(expr: Name | Path, names: Mapping[str, str]) -> str:
    text = print_expression(expr)
    if text == "?" and "?" not in names:
        return "$"
    if text not in names:
        raise BadFeel(phrase("%(text)s is not an input of the table", text=text))
    return names[text]


def _binary(expr: Binary, names: Mapping[str, str]) -> tuple[str, int]:
    if expr.op == "**":
        raise BadFeel(phrase("** is not available in policies"))
    strength = _BINDING.get(expr.op, _COMPARISON)
    left = _told(expr.left, names, strength + 1 if strength == _COMPARISON else strength)
    return f"{left} {_operator(expr.op)} {_told(expr.right, names, strength + 1)}", strength


def _operator(op: str) -> str:
    return "==" if op == "=" else op


def _call(expr: Call, names: Mapping[str, str]) -> tuple[str, int]:
    if expr.function == "not":
        return f"not {_told(expr.arguments[0], names, _ATOM)}", _UNARY
    if expr.function in ("min", "max"):
        items = expr.arguments
        if len(items) == 1 and isinstance(items[0], Listing):
            items = items[0].items
        return f"{expr.function}([{', '.join(_told(a, names, 2) for a in items)}])", _ATOM
    known = CALLS.get(expr.function)
    if known is None:
        raise BadFeel(phrase("the function %(function)s is not available in policies", function=expr.function))
    return f"{known}({', '.join(_told(a, names, 2) for a in expr.arguments)})", _ATOM


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, str):
        if "'" in value and '"' in value:
            raise BadFeel(
                phrase(
                    "the text %(value)s holds both kinds of quotes, which a policy cell cannot write",
                    value=repr(value[:40]),
                )
            )
        return f'"{value}"' if "'" in value else f"'{value}'"
    return _moment(value)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadFeel(
                phrase(
                    "the date and time %(time)s has no zone; write it with one, such as Z",
                    time=value.isoformat(),
                )
            )
        return time_literal(value)
    if isinstance(value, Moment):
        return time_literal(value)
    raise BadFeel(phrase("a time of day has no type in policies"))
