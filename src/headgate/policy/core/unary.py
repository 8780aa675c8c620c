"""Unary tests of a cell: the part of ZEN that tables are made of, parsed to values and decided exactly.

Understood: nothing or `-` (anything), `5`, `'gold'`, `true`, `null`, `d('2026-01-01')`,
`d('2026-01-01T08:00:00Z')`, `duration('PT4H')`, `duration('P1Y6M')`, `== x`, `!= x`, `< x`, `<= x`,
`> x`, `>= x`, ranges `[1..10)`, `in [1..10)`, `in ['a', 'b']`, `not in …`, `not(…)` and lists of those, of which one
must hold. Where ZEN answers, the answer here is ZEN's; beyond it, `not(…)` and ranges of dates work as in DMN, and an
ordering test is simply false for null. Numbers compare as `Decimal`, so no test is off by a float's last bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from headgate.kernel.errors import Unread
from headgate.kernel.months import Months
from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Bound, Moment
from headgate.policy.core.times import APART, BadTime, read_date, read_instant, read_span

MAX_CELL = 500
MAX_DEPTH = 16
MAX_TESTS = 200
# Cells that are remembered once they are read: whoever edits a long table has it checked with each cell that changes.
_REMEMBERED = 20_000

Literal: TypeAlias = Decimal | str | bool | Moment | None


class NotUnary(Exception):
    """The cell is not made of simple unary tests; it may still be an expression."""


class BadCell(Unread):
    """The cell cannot be read at all; the message says why in plain words."""


@dataclass(frozen=True, slots=True)
class Compare:
    """`$ op value`, op one of == != < <= > >=."""

    op: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Range:
    """Between two ends, each in or out."""

    low: Bound
    low_in: bool
    high: Bound
    high_in: bool


@dataclass(frozen=True, slots=True)
class Not:
    """None of these holds."""

    tests: tuple[Test, ...]


Test: TypeAlias = Compare | Range | Not
ANYTHING: tuple[Test, ...] = (Not(()),)
_CURLY = "‘’‚“”„«»‹›"
TIME_FUNCTIONS = {
    "d": phrase("a date is written d('2026-01-31')"),
    "duration": phrase("a duration is written duration('PT4H') or duration('P1Y6M')"),
}


class Token(NamedTuple):
    """A piece of cell text: kind is number, text, word, op or end."""

    kind: str
    text: str
    at: int


_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d{1,3})?)
    |(?P<text>'[^']*'|"[^"]*")
    |(?P<word>[A-Za-z_\#$][A-Za-z0-9_]*)
    |(?P<op>\.\.|==|!=|<=|>=|\?\?|[-+*/%^<>()\[\],!?:.]))""",
    re.VERBOSE,
)


def tokens(text: str) -> list[Token]:
    """The cell's tokens with an `end` at the end. Raises `BadCell` at the first character that fits nothing."""
    if len(text) > MAX_CELL:
        raise BadCell(phrase("the cell is longer than %(most)s characters", most=MAX_CELL))
    found: list[Token] = []
    at, end, depth = 0, len(text.rstrip()), 0
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].strip()
            if rest[0] in _CURLY:
                raise BadCell(phrase("%(rest)s is a typographic quote; write straight ones: 'gold'", rest=rest[0]))
            raise BadCell(phrase("cannot read %(rest)s", rest=repr(rest[:20])))
        kind = str(match.lastgroup)
        token = Token(kind, match.group(kind), match.start(kind))
        depth += (token.text in ("(", "[")) - (token.text in (")", "]")) if kind == "op" else 0
        if depth > MAX_DEPTH:
            raise BadCell(phrase("the cell nests deeper than %(most)s levels", most=MAX_DEPTH))
        found.append(token)
        at = match.end()
    found.append(Token("end", "", end))
    return found


@lru_cache(maxsize=_REMEMBERED)
def parse_unary(text: str) -> tuple[Test, ...]:
    """The tests of a cell, of which one must hold. Raises `NotUnary` for richer cells and `BadCell` for broken ones."""
    if text.strip() in ("", "-"):
        return ANYTHING
    reader = _Reader(tokens(text))
    tests = reader.tests()
    reader.expect("end")
    if len(tests) > MAX_TESTS:
        raise BadCell(phrase("the cell lists more than %(most)s tests", most=MAX_TESTS))
    return tests


def number(token: Token) -> Decimal:
    """A number token's exact value. Raises `BadCell` beyond 40 digits or 10^30."""
    value = Decimal(token.text.replace("_", ""))
    if len(value.as_tuple().digits) > 40 or (value and not -30 <= value.adjusted() <= 30):
        raise BadCell(phrase("a number has more than 40 digits or an exponent beyond 30"))
    return value


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        return self.found[min(self.at + ahead, len(self.found) - 1)]

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        token = self.peek()
        if token.kind in ("op", "word") and token.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        token = self.take()
        if token.text != text and token.kind != text:
            raise NotUnary

    def tests(self) -> tuple[Test, ...]:
        found = [*self.test()]
        while self.accept(","):
            found.extend(self.test())
        return tuple(found)

    def test(self) -> tuple[Test, ...]:
        token = self.peek()
        if token.kind == "op" and token.text in ("==", "!=", "<", "<=", ">", ">="):
            self.take()
            value = self.literal()
            if token.text not in ("==", "!=") and not _ordered(value):
                raise BadCell(phrase("%(text)s compares numbers or dates only", text=token.text))
            return (Compare(token.text, value),)
        if token.text == "not" and self.peek(1).text == "in":
            self.take()
            self.take()
            return (Not(self.members()),)
        if token.text == "not" and self.peek(1).text == "(":
            self.take()
            self.take()
            inner = self.tests()
            self.expect(")")
            return (Not(inner),)
        if self.accept("in"):
            return self.members()
        if token.kind == "op" and token.text in ("[", "(", "]"):
            return self.members()
        return (Compare("==", self.literal()),)

    def members(self) -> tuple[Test, ...]:
        opening = self.take()
        if opening.text == "]":
            raise BadCell(
                phrase("a range starting with ] means different things in DMN and in ZEN; write ( for an open end")
            )
        if opening.text not in ("[", "("):
            raise NotUnary
        first = self.literal()
        if self.accept(".."):
            second = self.literal()
            closing = self.take()
            if closing.text == "[":
                raise BadCell(
                    phrase("a range ending with [ means different things in DMN and in ZEN; write ) for an open end")
                )
            if closing.text not in ("]", ")"):
                raise BadCell(phrase("a range has no closing ] or )"))
            if {type(first), type(second)} == {timedelta, Months}:
                raise BadCell(phrase("the range goes from days to months: %(apart)s", apart=APART))
            if not (_ordered(first) and _ordered(second) and type(first) is type(second)):
                raise BadCell(phrase("a range needs two numbers or two dates, instants or durations"))
            assert isinstance(first, Bound)
            assert isinstance(second, Bound)
            return (Range(first, opening.text == "[", second, closing.text == "]"),)
        if opening.text == "(":
            raise NotUnary
        found: list[Test] = [Compare("==", first)]
        while self.accept(","):
            found.append(Compare("==", self.literal()))
        self.expect("]")
        return tuple(found)

    def literal(self) -> Literal:
        token = self.take()
        if token.text in ("-", "+") and token.kind == "op" and self.peek().kind == "number":
            value = number(self.take())
            return -value if token.text == "-" else value
        if token.kind == "number":
            return number(token)
        if token.kind == "text":
            return token.text[1:-1]
        if token.text in ("true", "false"):
            return token.text == "true"
        if token.text == "null":
            return None
        if token.text in TIME_FUNCTIONS and self.peek().text == "(":
            self.take()
            moment = time_of(token.text, self.take())
            self.expect(")")
            return moment
        raise NotUnary


def time_of(function: str, text: Token) -> Moment:
    """What `d('…')` or `duration('…')` stands for; with a time, `d` gives an instant, and a duration is one of months
    or one of days and time. Raises `BadCell`."""
    if text.kind != "text":
        raise BadCell(TIME_FUNCTIONS[function])
    inner = text.text[1:-1]
    try:
        if function == "duration":
            return read_span(inner)
        return read_instant(inner) if "T" in inner else read_date(inner)
    except BadTime as error:
        raise BadCell(phrase("%(told)s: %(told2)s", told=error.said, told2=TIME_FUNCTIONS[function])) from None


def _ordered(value: Literal) -> bool:
    return isinstance(value, Bound)


def holds(tests: tuple[Test, ...], value: Literal) -> bool:
    """Whether one of the tests is true of the value. Values of another type are never equal and never ordered."""
    return any(_holds(test, value) for test in tests)


def _holds(test: Test, value: Literal) -> bool:
    if isinstance(test, Not):
        return not holds(test.tests, value)
    if isinstance(test, Range):
        if type(value) is not type(test.low):
            return False
        above = value >= test.low if test.low_in else value > test.low  # type: ignore[operator]
        below = value <= test.high if test.high_in else value < test.high  # type: ignore[operator]
        return above and below
    same = type(value) is type(test.value)
    if test.op == "==":
        return same and value == test.value
    if test.op == "!=":
        return not (same and value == test.value)
    if not same or value is None:
        return False
    if test.op == "<":
        return value < test.value  # type: ignore[operator]
    if test.op == "<=":
        return value <= test.value  # type: ignore[operator]
    return value > test.value if test.op == ">" else value >= test.value  # type: ignore[operator]


def constants(tests: tuple[Test, ...]) -> Iterator[Literal]:
    """Every value that the tests mention; between two neighbouring ones, no test changes its answer."""
    for test in tests:
        if isinstance(test, Not):
            yield from constants(test.tests)
        elif isinstance(test, Range):
            yield test.low
            yield test.high
        else:
            yield test.value
