"""Exact expressions: the part of ZEN that money needs, computed in `Decimal`.

Numbers, texts, dates, instants, durations, `true`/`false`/`null`, input names, `+ - * /`, comparison,
`and`/`or`/`not`/`!`, `??`, `a ? b : c`, and `abs floor ceil round trunc min([…]) max([…])`. Precedence and results are
ZEN's; numbers keep 28 significant digits as ZEN's own do, rounded half-even; `round` goes half away from zero; a
division by zero gives null.
Anything else raises `NotExact` and is for ZEN itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from itertools import pairwise
from typing import Any, TypeAlias

from headgate.kernel.months import Months, after_months
from headgate.kernel.phrases import phrase
from headgate.policy.core.model import EXACT, NUMERIC, Moment
from headgate.policy.core.times import APART
from headgate.policy.core.unary import MAX_DEPTH, TIME_FUNCTIONS, BadCell, Token, number, time_of, tokens

MAX_OPERATORS = 64
_MOMENTS = ("date", "datetime")
_SPANS = frozenset({"duration", "months"})

Env: TypeAlias = Mapping[str, object]
Step: TypeAlias = Callable[[Env], object]

_CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)
_ROUNDINGS = {"floor": ROUND_FLOOR, "ceil": ROUND_CEILING, "trunc": ROUND_DOWN, "round": ROUND_HALF_UP}
_KINDS = {**dict.fromkeys(NUMERIC, "number"), "string": "string", "enum": "string", "bool": "bool"}
_KINDS |= {"date": "date", "datetime": "datetime", "duration": "duration", "months": "months"}
_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "==": lambda a, b: type(a) is type(b) and a == b,
    "!=": lambda a, b: not (type(a) is type(b) and a == b),
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}
_BINDING = {"?": 1, "or": 2, "and": 3, "??": 7}
_BINDING |= dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], 4) | dict.fromkeys("+-", 5) | dict.fromkeys("*/", 6)


class NotExact(Exception):
    """The text goes beyond exact expressions; ZEN itself may know it."""


class UnknownName(BadCell):
    """The text names something that is not an input."""

    def __init__(self, name: str) -> None:
        super().__init__(phrase("%(name)s is not an input of this policy", name=name))
        self.name = name


class Unknown(Exception):
    """A null met arithmetic or an ordering at run time."""


@dataclass(frozen=True, slots=True)
class _Part:
    step: Step
    kind: str  # number | string | bool | date | datetime | duration | months | null | any
    constant: bool = False
    unit: str = ""  # money or percent, as far as the columns say


def compile_exact(text: str, kinds: Mapping[str, str]) -> tuple[Step, str]:
    """The expression as a function of the inputs, and the kind of value it gives.

    `kinds` maps each name that may be used to its column type (`$` is the cell's own input).
    Raises `NotExact` when the text needs ZEN, `BadCell` when it is wrong by any reading (an unknown name, kinds that do
    not fit).
    """
    reader = _Reader(tokens(text), kinds)
    part = reader.expression(0)
    if reader.peek().kind != "end":
        raise NotExact
    return part.step, part.kind


def mixed_units(text: str, kinds: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """Where an expression adds or compares money and percentages, in words, and the unit of what it gives.

    Nothing is said of a text that is not an exact expression.
    """
    reader = _Reader(tokens(text), kinds)
    try:
        unit = reader.expression(0).unit
    except (NotExact, BadCell):
        return (), ""
    return tuple(reader.mixed), unit


class _Reader:
    def __init__(self, found: list[Token], kinds: Mapping[str, str]) -> None:
        self.found = found
        self.at = 0
        self.kinds = kinds
        self.depth = 0
        self.operators = 0
        self.mixed: list[str] = []

    def peek(self) -> Token:
        return self.found[self.at]

    def take(self) -> Token:
        token = self.found[self.at]
        self.at += token.kind != "end"
        return token

    def expect(self, text: str) -> None:
        if self.take().text != text:
            raise NotExact

    def expression(self, floor: int) -> _Part:
        self.depth += 1
        if self.depth > 2 * MAX_DEPTH:
            raise BadCell(phrase("the expression nests deeper than %(most)s levels", most=2 * MAX_DEPTH))
        part = self.joined(self.operand(), floor)
        self.depth -= 1
        return part

    def joined(self, left: _Part, floor: int) -> _Part:
        while True:
            op = self.peek().text if self.peek().kind in ("op", "word") else ""
            strength = _BINDING.get(op, 0)
            if strength <= floor:
                return left
            self.operators += 1
            if self.operators > MAX_OPERATORS:
                raise BadCell(phrase("the expression has more than %(most)s operators", most=MAX_OPERATORS))
            self.take()
            if op == "?":
                left = self.choice(left)
                continue
            right = self.expression(strength)
            left = replace(_joined(op, left, right), unit=self.unit(op, left, right))

    def unit(self, op: str, left: _Part, right: _Part) -> str:
        units = {left.unit, right.unit}
        if op in ("+", "-", "min", "max", *_COMPARISONS) and units == {"money", "percent"}:
            self.mixed.append(phrase("%(op)s puts money beside a percentage", op=op))
        if op in ("+", "-", "min", "max", "??"):
            return left.unit or right.unit
        if op == "*":
            return "money" if "money" in units else ""
        return "money" if op == "/" and left.unit == "money" != right.unit else ""

    def choice(self, test: _Part) -> _Part:
        _must("bool", test, phrase("the condition before ?"))
        yes = self.expression(0)
        self.expect(":")
        no = self.expression(0)
        decide, first, second = test.step, yes.step, no.step
        kind = yes.kind if yes.kind == no.kind else "any"
        if kind == "any" and "null" not in (yes.kind, no.kind) and "any" not in (yes.kind, no.kind):
            raise BadCell(
                phrase("the two sides of ? : are %(said)s and %(said2)s", said=_said(yes.kind), said2=_said(no.kind))
            )
        unit = yes.unit if yes.unit == no.unit else ""
        return _Part(lambda env: first(env) if decide(env) else second(env), kind, unit=unit)

    def operand(self) -> _Part:
        token = self.take()
        if token.kind == "number":
            return _constant(number(token), "number")
        if token.kind == "text":
            return _constant(token.text[1:-1], "string")
        if token.text == "(":
            inner = self.expression(0)
            self.expect(")")
            return inner
        if token.text in ("-", "+") and token.kind == "op":
            inner = self.expression(6)
            _must("number", inner, phrase("what follows %(text)s", text=token.text))
            step = inner.step
            return replace(inner, step=lambda env: -_number(step(env))) if token.text == "-" else inner
        if token.text in ("not", "!"):
            inner = self.expression(6)
            _must("bool", inner, phrase("what follows %(text)s", text=token.text))
            step = inner.step
            return _Part(lambda env: not step(env), "bool")
        if token.kind == "word":
            return self.word(token.text)
        raise NotExact

    def word(self, word: str) -> _Part:
        if word in ("true", "false"):
            return _constant(word == "true", "bool")
        if word == "null":
            return _constant(None, "null")
        if self.peek().text == "(":
            return self.call(word)
        if self.peek().text == ".":
            raise NotExact
        if word not in self.kinds:
            raise UnknownName(word)
        if self.kinds[word] == "list":
            raise NotExact
        kind = self.kinds[word]
        return _Part(lambda env: env[word], _KINDS[kind], unit=kind if kind in EXACT else "")

    def call(self, function: str) -> _Part:
        self.take()
        if function in TIME_FUNCTIONS:
            value = time_of(function, self.take())
            self.expect(")")
            return _constant(value, _time_kind(value))
        if function in ("min", "max"):
            return self.extreme(function)
        if function not in ("abs", *_ROUNDINGS):
            raise NotExact
        inner = self.expression(0)
        _must("number", inner, phrase("what %(function)s is given", function=function))
        step = inner.step
        if function == "abs":
            self.expect(")")
            return _Part(lambda env: abs(_number(step(env))), "number", unit=inner.unit)
        places = 0
        if self.peek().text == ",":
            self.take()
            token = self.take()
            if token.kind != "number" or not token.text.isdigit() or int(token.text) > 12:
                raise BadCell(
                    phrase(
                        "the second argument of %(function)s is a whole number of decimals from 0 to 12",
                        function=function,
                    )
                )
            places = int(token.text)
        self.expect(")")
        quantum, mode, wide = Decimal(1).scaleb(-places), _ROUNDINGS[function], Context(prec=60)
        return _Part(lambda env: _number(step(env)).quantize(quantum, mode, wide), "number", unit=inner.unit)

    def extreme(self, function: str) -> _Part:
        self.expect("[")
        parts = [self.expression(0)]
        while self.peek().text == ",":
            self.take()
            parts.append(self.expression(0))
        self.expect("]")
        self.expect(")")
        for part in parts:
            _must("number", part, phrase("what %(function)s is given", function=function))
        unit = parts[0].unit
        for first, second in pairwise(parts):
            unit = self.unit(function, replace(first, unit=unit), second)
        steps = tuple(p.step for p in parts)
        pick = min if function == "min" else max
        return _Part(lambda env: pick(_number(s(env)) for s in steps), "number", unit=unit)


def _constant(value: object, kind: str) -> _Part:
    return _Part(lambda env: value, kind, True)


def _must(kind: str, part: _Part, what: str) -> None:
    if part.kind not in (kind, "any"):
        raise BadCell(phrase("%(what)s is a %(said)s, not a %(kind)s", what=what, said=_said(part.kind), kind=kind))


def _number(value: object) -> Decimal:
    if type(value) is not Decimal:
        raise Unknown
    return value


def _joined(op: str, left: _Part, right: _Part) -> _Part:
    a, b = left.step, right.step
    if op in ("and", "or"):
        _must("bool", left, phrase("what stands before %(op)s", op=op))
        _must("bool", right, phrase("what stands after %(op)s", op=op))
        return _Part((lambda env: a(env) and b(env)) if op == "and" else (lambda env: a(env) or b(env)), "bool")
    if op == "??":
        return _Part(lambda env: b(env) if (found := a(env)) is None else found, right.kind)
    if op in _COMPARISONS:
        return _compared(op, left, right)
    if op == "+" and left.kind == right.kind == "string":
        return _Part(lambda env: f"{a(env)}{b(env)}", "string")
    kinds = {left.kind, right.kind}
    if kinds & _SPANS or (op == "-" and left.kind == right.kind and left.kind in _MOMENTS):
        return _timed(op, left, right)
    _must("number", left, phrase("what stands before %(op)s", op=op))
    _must("number", right, phrase("what stands after %(op)s", op=op))
    if op == "+":
        return _Part(lambda env: _CONTEXT.add(_number(a(env)), _number(b(env))), "number")
    if op == "-":
        return _Part(lambda env: _CONTEXT.subtract(_number(a(env)), _number(b(env))), "number")
    if op == "*":
        return _Part(lambda env: _CONTEXT.multiply(_number(a(env)), _number(b(env))), "number")

    def divide(env: Env) -> object:
        divisor = _number(b(env))
        return _CONTEXT.divide(_number(a(env)), divisor) if divisor else None

    return _Part(divide, "number")


def _timed(op: str, left: _Part, right: _Part) -> _Part:
    """Sums and differences with durations; of a date, only whole days of a duration count. Months go on to the same
    day, or to the last one of a shorter month."""
    a, b = left.step, right.step
    kinds = (left.kind, right.kind)
    if set(kinds) == _SPANS:
        raise BadCell(
            phrase("%(op)s does not go between a duration of days and one of months: %(apart)s", op=op, apart=APART)
        )
    if op == "+" and right.kind in _MOMENTS:
        return _timed("+", right, left)
    if op in ("+", "-") and kinds in (("date", "duration"), ("datetime", "duration"), ("duration", "duration")):
        sign = 1 if op == "+" else -1
        return _Part(lambda env: _known(a(env)) + sign * _known(b(env)), left.kind)
    if op == "-" and left.kind == right.kind and left.kind in _MOMENTS:
        return _Part(lambda env: _known(a(env)) - _known(b(env)), "duration")
    if op in ("+", "-") and right.kind == "months" and left.kind in (*_MOMENTS, "months"):
        sign = 1 if op == "+" else -1
        return _Part(lambda env: _moved(_known(a(env)), sign * _known(b(env)).count), left.kind)
    if op == "*" and kinds in (("number", "duration"), ("number", "months")):
        return _timed("*", right, left)
    if op == "*" and kinds == ("months", "number"):
        return _Part(lambda env: Months(int(_CONTEXT.multiply(_known(a(env)).count, _number(b(env))))), "months")
    if op == "*" and kinds == ("duration", "number"):
        return _Part(lambda env: _scaled(_known(a(env)), _number(b(env))), "duration")
    raise BadCell(
        phrase(
            "%(op)s does not go between a %(said)s and a %(said2)s",
            op=op,
            said=_said(left.kind),
            said2=_said(right.kind),
        )
    )


def _moved(value: Any, months: int) -> Months | date:
    if type(value) is Months:
        return Months(value.count + months)
    moved: date = after_months(value, Months(months))
    return moved


def _said(kind: str) -> str:
    return phrase("duration of months") if kind == "months" else kind


def _scaled(length: timedelta, factor: Decimal) -> timedelta:
    micros = Decimal(length // timedelta(microseconds=1))
    return timedelta(microseconds=int(_CONTEXT.multiply(micros, factor).to_integral_value(ROUND_HALF_EVEN)))


def _known(value: object) -> Any:
    if value is None:
        raise Unknown
    return value


def _time_kind(value: Moment) -> str:
    if isinstance(value, Months):
        return "months"
    if isinstance(value, timedelta):
        return "duration"
    return "datetime" if isinstance(value, datetime) else "date"


def _compared(op: str, left: _Part, right: _Part) -> _Part:
    kinds = {left.kind, right.kind} - {"any", "null"}
    if len(kinds) > 1:
        apart = phrase(": %(apart)s", apart=APART) if kinds == _SPANS else ""
        raise BadCell(
            phrase(
                "%(op)s compares a %(said)s with a %(said2)s%(apart)s",
                op=op,
                said=_said(left.kind),
                said2=_said(right.kind),
                apart=apart,
            )
        )
    a, b, test = left.step, right.step, _COMPARISONS[op]
    if op in ("==", "!="):
        return _Part(lambda env: test(a(env), b(env)), "bool")
    if not kinds <= {"number", "date", "datetime", "duration", "months"}:
        raise BadCell(phrase("%(op)s compares numbers or dates only", op=op))

    def ordered(env: Env) -> bool:
        x, y = a(env), b(env)
        if x is None or y is None:
            raise Unknown
        return test(x, y)

    return _Part(ordered, "bool")
