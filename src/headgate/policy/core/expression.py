"""Cells and outputs beyond simple tests: exact where that is possible, else ZEN within a short list of safe words.

ZEN computes on what Python hands it as floats, so an expression that needs ZEN may not touch money or percent.
It may not loop, read the clock, or build long texts either: a policy is a fixed amount of work for any input.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, DecimalException
from itertools import pairwise

import zen

from headgate.kernel.months import Months
from headgate.kernel.phrases import phrase
from headgate.policy.core.arithmetic import Env, NotExact, Unknown, UnknownName, compile_exact
from headgate.policy.core.model import EXACT
from headgate.policy.core.unary import BadCell, tokens

_FUNCTIONS = frozenset(
    "abs avg ceil contains d endsWith floor len lower max min number round startsWith string sum trim upper".split()
)
_WORDS = frozenset({"and", "or", "not", "in", "true", "false", "null", "$"})
_COMPARES = ("==", "!=", "<=", ">=", "<", ">")
_ZEN_ERRORS = (RuntimeError, ValueError, TypeError, OverflowError)  # the library has no error class of its own


class Failed(Exception):
    """An expression gave no usable value; the message says why in plain words."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Compiled text. `kind` is what it gives: number, string, bool, date, null, or any when only running tells."""

    text: str
    kind: str
    run: Callable[[Env], object]

    def __call__(self, env: Env) -> object:
        """The value for these inputs. Raises `Failed`."""
        try:
            return self.run(env)
        except Unknown:
            raise Failed(f"{self.text} meets an unknown value (null)") from None
        except DecimalException:
            raise Failed(f"{self.text} is beyond the range of numbers") from None
        except OverflowError:
            raise Failed(f"{self.text} is beyond the range of dates") from None


def compile_cell(text: str, column: str, types: Mapping[str, str]) -> Expression:
    """A rich cell as a test on `$`: `> limit`, `$ > 2 * limit`, `startsWith($, 'X')`. Raises `BadCell`."""
    names = {**types, "$": types[column]}
    found = tokens(text)
    whole = whole_test(text)
    try:
        step, kind = compile_exact(whole, names)
    except NotExact:
        return _by_zen(text, names, column, unary=True)
    except UnknownName as error:
        if len(found) == 2 and found[0].kind == "word":
            message = phrase(
                "%(name)s is neither a value nor an input; write '%(name)s' in quotes for a text", name=error.name
            )
            raise BadCell(message) from None
        raise
    if kind not in ("bool", "any"):
        raise BadCell(phrase("%(text)s gives a %(kind)s, not true or false", text=text, kind=kind))
    return Expression(text, "bool", step)


def whole_test(text: str) -> str:
    """A rich cell with its `$` written out: `> limit` is `$ > limit`."""
    found = tokens(text)
    if any(t.text == "$" for t in found):
        return text
    if found[0].kind == "op" and found[0].text in _COMPARES:
        return f"$ {text}"
    return f"$ == ({text})" if not any(t.text == "," for t in found) else text


def compile_output(text: str, types: Mapping[str, str]) -> Expression:
    """An output's formula (without its `=`). Raises `BadCell`."""
    if not text:
        raise BadCell(phrase("the formula after = is empty"))
    try:
        step, kind = compile_exact(text, types)
    except NotExact:
        return _by_zen(text, types, "", unary=False)
    return Expression(text, kind, step)


def _by_zen(text: str, types: Mapping[str, str], column: str, *, unary: bool) -> Expression:
    used = _guard(text, types)
    if unary:
        used.add(column)
    inexact = sorted(n for n in used - {"$"} if types.get(n) in EXACT)
    if inexact:
        raise BadCell(
            phrase(
                "needs the expression engine, which computes in floats, and %(name)s is %(kind)s; "
                "use comparisons, ranges or exact arithmetic (+ - * / abs round min max)",
                name=inexact[0],
                kind=types[inexact[0]],
            )
        )
    timed = sorted(n for n in used - {"$"} if types.get(n) in ("datetime", "duration", "months"))
    if timed:
        fix = phrase("use comparisons, ranges, + and - with d(…) and duration(…)")
        raise BadCell(phrase("%(name)s is of type %(kind)s; %(fix)s", name=timed[0], kind=types[timed[0]], fix=fix))
    try:
        compiled = zen.compile_unary_expression(text) if unary else zen.compile_expression(text)
    except _ZEN_ERRORS as error:
        raise BadCell(phrase("is not an expression: %(error)s", error=plain_message(error))) from None
    names = sorted(used - {"$"})

    def run(env: Env) -> object:
        context = {name: _to_zen(env[name]) for name in names}
        if unary:
            context["$"] = _to_zen(env["$"])
        try:
            return _from_zen(compiled.evaluate(context))
        except _ZEN_ERRORS as error:
            raise Failed(f"{text} cannot be worked out: {plain_message(error)}") from None

    return Expression(text, "bool" if unary else "any", run)


def _guard(text: str, types: Mapping[str, str]) -> set[str]:
    found = tokens(text)
    used: set[str] = set()
    calls = False
    for token, following in pairwise(found):
        if token.kind == "op" and token.text in ("^", "."):
            raise BadCell(phrase("%(token)s is not allowed in a policy", token=token.text))
        if token.kind != "word":
            continue
        if following.text == "(" and token.text not in ("and", "or", "not", "in"):
            if token.text not in _FUNCTIONS:
                raise BadCell(phrase("the function %(function)s is not allowed in a policy", function=token.text))
            if token.text == "d" and found[found.index(following) + 1].kind != "text":
                raise BadCell(phrase("a date is written d('2026-01-31')"))
            calls = True
        elif token.text in types:
            used.add(token.text)
        elif token.text not in _WORDS:
            raise UnknownName(token.text)
    if calls and any(t.text == ".." for t in found):
        raise BadCell(phrase("a range inside a function is not allowed in a policy"))
    return used


def plain_message(error: Exception) -> str:
    """What the expression engine meant: its message without the native stack trace."""
    head = str(error).split("\n\nStack backtrace", 1)[0].strip()
    try:
        found = json.loads(head)
    except ValueError:
        return head[:200]
    return str(found.get("source", head))[:200] if isinstance(found, dict) else head[:200]


def _to_zen(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (timedelta, Months)):
        raise Failed("the expression is given a duration")
    return list(value) if isinstance(value, tuple) else value


def _from_zen(value: object) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return Decimal(repr(value))
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise Failed("the expression gives a value that a policy cannot hold")
