"""ZEN expressions over the columns of one row.

Columns are text. A column whose name is no identifier (`Unit Price`, `customer.id`) is called by its alias, in which
every other character is an underscore (`Unit_Price`, `customer_id`). An expression is compiled once, is given only the
columns it names, and remembers its results, because the columns of a file repeat themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import Final, Generic, Literal, TypeVar, cast

import zen

Cells = Sequence[str]
T = TypeVar("T")


class _Missing(Enum):
    MISSING = "missing"


Missing = Literal[_Missing.MISSING]
MISSING: Final = _Missing.MISSING

_REMEMBERED = 50_000
_KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false", "null", "as"})
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<template>`(?:\\.|[^`\\])*`)
      | (?P<number>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<whole>\$(?:root\b|nodes\b)?)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_HOLE = re.compile(r"\$\{([^}]*)\}")


def alias(column: str) -> str:
    """The name by which an expression calls a column."""
    name = re.sub(r"\W", "_", column)
    return f"_{name}" if name[:1].isdigit() else name


def syntax_error(expression: str) -> str | None:
    """What keeps an expression from parsing, in one line; None when it parses."""
    found = zen.validate_expression(expression)
    if found is None:
        return None
    source = str(found.get("source", "unknown error"))
    if "Incomplete parser output" in source:
        return "an unknown function, a missing operator, or something left over at the end"
    return source


def failure(error: BaseException) -> str:
    """The message inside an error of the expression library, without its JSON wrapping and native stack."""
    text = str(error)
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
        text = str(found["source"])
    except (ValueError, KeyError, TypeError):
        text = text.split("Stack backtrace", 1)[0]
    return text.strip().rsplit(": ", 1)[-1] or "could not be computed"


def names_in(expression: str) -> tuple[set[str], bool]:
    """The column aliases an expression reads, and whether it also asks for the whole row (`$`, `$root`)."""
    names: set[str] = set()
    whole = False
    tokens = [m for m in _TOKEN.finditer(expression) if m.lastgroup != "space"]
    for position, token in enumerate(tokens):
        kind, text = token.lastgroup, token.group()
        if kind == "template":
            for hole in _HOLE.findall(text):
                inner, inner_whole = names_in(hole)
                names |= inner
                whole = whole or inner_whole
        elif kind == "whole":
            whole = True
        elif kind == "name" and text not in _KEYWORDS:
            before = tokens[position - 1].group() if position else ""
            after = tokens[position + 1].group() if position + 1 < len(tokens) else ""
            called, member = after == "(", before == "."
            object_key = after == ":" and before in {"{", ","}
            if not (called or member or object_key):
                names.add(text)
    return names, whole


class ExpressionFailed(Exception):
    """One row made an expression fail, for example `number("abc")`."""


class Remembered(Generic[T]):
    """A function of some cells of a row that remembers what it computed, because the columns of a file repeat.

    `pick` takes the cells it depends on; `memory` may be read directly by loops that count microseconds:
    `memory.get(pick(cells), MISSING)`, and a call when that is `MISSING`.
    """

    __slots__ = ("compute", "memory", "pick", "positions")

    def __init__(self, positions: Sequence[int], compute: Callable[[object], T]) -> None:
        self.positions = tuple(positions)
        self.pick = pick_of(positions)
        self.compute = compute
        self.memory: dict[object, T | Missing] = {}

    def __call__(self, cells: Cells) -> T:
        key = self.pick(cells)
        found = self.memory.get(key, MISSING)
        if found is not MISSING:
            return found
        if len(self.memory) >= _REMEMBERED:
            self.memory.clear()
        value = self.compute(key)
        self.memory[key] = value
        return value


def compile_expression(expression: str, columns: Mapping[str, int]) -> Remembered[object]:
    """Compile an expression that `syntax_error` accepted; `columns` maps aliases to positions in a row.

    A call raises `ExpressionFailed` with the library's message for rows it cannot be computed for.
    """
    compiled = zen.compile_expression(expression)
    names = sorted(names_in(expression)[0])
    positions = [columns[name] for name in names]
    only = len(names) == 1

    def compute(key: object) -> object:
        values = (key,) if only else cast(tuple[str, ...], key)
        try:
            return compiled.evaluate(dict(zip(names, values, strict=True)))
        except (RuntimeError, ValueError, TypeError) as error:
            raise ExpressionFailed(failure(error)) from None

    return Remembered(positions, compute)


def pick_of(positions: Sequence[int]) -> Callable[[Cells], object]:
    """Takes the cell at one position, or a tuple of the cells at several (or none)."""
    if not positions:
        return lambda _cells: ()
    return itemgetter(*positions)
