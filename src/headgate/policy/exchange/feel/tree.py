"""What an S-FEEL text is made of (DMN 1.5, chapter 9 and the parts of FEEL in chapter 10 that level 2 models use)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from headgate.kernel.months import Months


@dataclass(frozen=True, slots=True)
class Interval:
    """A range as a value: an end that is None is open without bound."""

    low: Value
    low_in: bool
    high: Value
    high_in: bool


# A years and months duration is `Months`, a days and time duration a `timedelta`.
Simple: TypeAlias = "Decimal | str | bool | date | time | datetime | timedelta | Months | None"
Value: TypeAlias = "Simple | Interval | list[Value] | dict[str, Value]"


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, truth value, null, date, time, date and time, or duration."""

    value: Simple


@dataclass(frozen=True, slots=True)
class Name:
    """A variable; `?` is the value that a unary test looks at."""

    name: str


@dataclass(frozen=True, slots=True)
class Path:
    """A component of a structure: `loan.rate`."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Negation:
    """`-x`."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic (`+ - * / **`), comparison (`= != < <= > >=`), `and`, `or`."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Between:
    """`x between low and high`, both ends in."""

    value: Expr
    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class In:
    """`x in (tests)`."""

    value: Expr
    tests: tuple[UnaryTest, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`if a then b else c`."""

    test: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """An invocation of a built-in function or a business knowledge model, by position."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """`[a, b]`."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`[a..b]`, `(a..b]`, …"""

    low: Expr
    low_in: bool
    high: Expr
    high_in: bool


Expr: TypeAlias = Literal | Name | Path | Negation | Binary | Between | In | Choice | Call | Listing | Range


@dataclass(frozen=True, slots=True)
class Compare:
    """A unary test with an operator: `< 5`."""

    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Matches:
    """A unary test without one: equal to the value, within the range or list, or true where it mentions `?`."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Not:
    """`not(tests)`: none of them holds."""

    tests: tuple[UnaryTest, ...]


UnaryTest: TypeAlias = Compare | Matches | Not
