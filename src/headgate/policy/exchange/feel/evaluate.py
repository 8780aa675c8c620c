"""What an S-FEEL tree gives for values in scope.

Numbers are decimals of 34 digits, rounded half-even (IEEE 754 decimal128, as DMN asks); what has no answer (a division
by zero, arithmetic with null, an ordering of a text and a number) is null; `and` and `or` know three truth values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any, TypeAlias

from headgate.kernel.months import Months, after_months
from headgate.policy.exchange.feel.functions import FUNCTIONS, Wrong
from headgate.policy.exchange.feel.tokens import BadFeel
from headgate.policy.exchange.feel.tree import (
    Between,
    Binary,
    Call,
    Choice,
    Compare,
    Expr,
    In,
    Interval,
    Listing,
    Literal,
    Name,
    Negation,
    Not,
    Path,
    Range,
    UnaryTest,
    Value,
)

Scope: TypeAlias = Mapping[str, Value]
Function: TypeAlias = Callable[..., Value]

CONTEXT = Context(
    prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow]
)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def evaluate(expr: Expr, scope: Scope, functions: Mapping[str, Function] | None = None) -> Value:
    """The expression's value. `functions` are business knowledge models by name. Raises `BadFeel` for unknown names."""
    return _Machine(scope, functions or {}).value(expr)


def satisfied(
    tests: tuple[UnaryTest, ...], value: Value, scope: Scope, functions: Mapping[str, Function] | None = None
) -> bool:
    """Whether one of the unary tests holds for the value; no tests accept anything."""
    machine = _Machine({**scope, "?": value}, functions or {})
    return not tests or any(machine.test(test, value) is True for test in tests)


class _Machine:
    def __init__(self, scope: Scope, functions: Mapping[str, Function]) -> None:
        self.scope = scope
        self.functions = functions

    def value(self, expr: Expr) -> Value:
        if isinstance(expr, Literal):
            return expr.value
        if isinstance(expr, Name):
            if expr.name not in self.scope:
                raise BadFeel(f"{expr.name} is not known here")
            return self.scope[expr.name]
        if isinstance(expr, Path):
            base = self.value(expr.base)
            return base.get(expr.name) if isinstance(base, dict) else None
        if isinstance(expr, Binary):
            return self.binary(expr)
        if isinstance(expr, Call):
            return self.call(expr)
        return self.rest(expr)

    def rest(self, expr: Negation | Between | In | Choice | Listing | Range) -> Value:
        if isinstance(expr, Negation):
            return arithmetic("*", Decimal(-1), self.value(expr.operand))
        if isinstance(expr, Choice):
            return self.value(expr.yes if self.value(expr.test) is True else expr.no)
        if isinstance(expr, Listing):
            return [self.value(item) for item in expr.items]
        if isinstance(expr, Range):
            return Interval(self.value(expr.low), expr.low_in, self.value(expr.high), expr.high_in)
        value = self.value(expr.value)
        if isinstance(expr, Between):
            return conjunction(
                compared(">=", value, self.value(expr.low)), compared("<=", value, self.value(expr.high))
            )
        answers = [self.test(test, value) for test in expr.tests]
        return True if True in answers else None if None in answers else False

    def binary(self, expr: Binary) -> Value:
        left, right = self.value(expr.left), self.value(expr.right)
        if expr.op == "and":
            return conjunction(left, right)
        if expr.op == "or":
            return negation(conjunction(negation(left), negation(right)))
        if expr.op in ("=", "!=") or expr.op in _ORDERS:
            return compared(expr.op, left, right)
        return arithmetic(expr.op, left, right)

    def call(self, expr: Call) -> Value:
        arguments = [self.value(a) for a in expr.arguments]
        if expr.function == "not":
            return negation(arguments[0])
        function = self.functions.get(expr.function) or FUNCTIONS.get(expr.function)
        if function is None:
            raise BadFeel(f"the function {expr.function} is not supported")
        try:
            return function(*arguments)
        except (Wrong, DecimalException, OverflowError, TypeError):
            return None  # FEEL: an invocation outside its domain is null

    def test(self, test: UnaryTest, value: Value) -> bool | None:
        if isinstance(test, Compare):
            return compared(test.op, value, self.value(test.value))
        if isinstance(test, Not):
            answers = [self.test(t, value) for t in test.tests]
            return False if True in answers else None if None in answers else True
        found = self.value(test.value)
        if mentions_input(test.value):
            return found if isinstance(found, bool) else None
        return matched(value, found)


def matched(value: Value, found: Value) -> bool | None:
    """Whether a value is what a test names: within a range, a member of a list, or equal."""
    if isinstance(found, Interval):
        low = compared(">=" if found.low_in else ">", value, found.low)
        return conjunction(low, compared("<=" if found.high_in else "<", value, found.high))
    if isinstance(found, list) and not isinstance(value, list):
        return any(matched(value, item) is True for item in found)
    return compared("=", value, found)


def mentions_input(expr: object) -> bool:
    """Whether `?` stands somewhere in it."""
    if isinstance(expr, Name):
        return expr.name == "?"
    if isinstance(expr, tuple):
        return any(map(mentions_input, expr))
    slots = getattr(type(expr), "__slots__", ()) if not isinstance(expr, Literal) else ()
    return any(mentions_input(getattr(expr, slot)) for slot in slots)


def negation(value: Value) -> bool | None:
    """`not`: null for what is not a truth value."""
    return not value if isinstance(value, bool) else None


def conjunction(left: Value, right: Value) -> bool | None:
    """`and`: false decides, null and whatever is no truth value leaves it open."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def compared(op: str, left: Value, right: Value) -> bool | None:
    """A comparison; values of different kinds give null, but for null itself under `=` and `!=`."""
    if op in ("=", "!="):
        if left is None or right is None:
            same: bool | None = left is right
        else:
            same = left == right if _kind(left) == _kind(right) else None
        return same if op == "=" else negation(same)
    if left is None or _kind(left) != _kind(right) or isinstance(left, (bool, list, dict, Interval)):
        return None
    try:
        return _ORDERS[op](left, right)
    except TypeError:  # one time with an offset and one without
        return None


def _kind(value: Value) -> type:
    return type(value)


def arithmetic(op: str, left: Value, right: Value) -> Value:
    """One operation on numbers, texts (`+`), dates, times and durations; null where it has no answer."""
    try:
        if type(left) is Decimal and type(right) is Decimal:
            return _numbers(op, left, right)
        if isinstance(left, str) and isinstance(right, str):
            return left + right if op == "+" else None
        return _temporal(op, left, right)
    except (DecimalException, OverflowError, ValueError, TypeError, ZeroDivisionError):
        return None


def _numbers(op: str, left: Decimal, right: Decimal) -> Decimal | None:
    if op == "+":
        return CONTEXT.add(left, right)
    if op == "-":
        return CONTEXT.subtract(left, right)
    if op == "*":
        return CONTEXT.multiply(left, right)
    if op == "/":
        return CONTEXT.divide(left, right) if right else None
    return CONTEXT.power(left, right)


def _temporal(op: str, left: Any, right: Any) -> Value:
    if op == "-" and isinstance(left, datetime) == isinstance(right, datetime) and isinstance(left, date):
        difference: timedelta = left - right
        return difference
    if op == "+" and isinstance(right, (date, datetime)):
        left, right = right, left
    if op in ("+", "-") and isinstance(left, (date, datetime)):
        return _moved(left, right if op == "+" else -right if isinstance(right, timedelta) else _minus(right))
    if isinstance(left, Decimal) and op == "*":
        left, right = right, left
    if isinstance(left, Months):
        return _months(op, left, right)
    if isinstance(left, timedelta):
        return _days(op, left, right)
    return None


def _minus(months: Any) -> Months:
    if not isinstance(months, Months):
        raise TypeError
    return Months(-months.count)


def _moved(day: date, by: Any) -> Value:
    if isinstance(by, Months):
        return after_months(day, by)
    if isinstance(by, timedelta):
        return day + by
    return None


def _months(op: str, left: Months, right: Any) -> Value:
    if isinstance(right, Months):
        if op in ("+", "-"):
            return Months(left.count + right.count if op == "+" else left.count - right.count)
        return CONTEXT.divide(Decimal(left.count), Decimal(right.count)) if op == "/" else None
    if not isinstance(right, Decimal) or op not in ("*", "/"):
        return None
    return Months(int(_numbers(op, Decimal(left.count), right) or 0))


def _days(op: str, left: timedelta, right: Any) -> Value:
    if isinstance(right, timedelta):
        if op in ("+", "-"):
            return left + right if op == "+" else left - right
        return CONTEXT.divide(_seconds(left), _seconds(right)) if op == "/" else None
    if not isinstance(right, Decimal) or op not in ("*", "/"):
        return None
    seconds = _numbers(op, _seconds(left), right)
    return None if seconds is None else timedelta(microseconds=int(seconds * 1_000_000))


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)) / 1_000_000


__all__ = ["CONTEXT", "Function", "Scope", "arithmetic", "compared", "evaluate", "matched", "satisfied", "time"]
