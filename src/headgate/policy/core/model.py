"""What a decision table is made of. Values only; parsing, compiling and linting live beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from headgate.kernel.errors import Invalid, Problem

ColumnType = Literal["number", "integer", "percent", "money", "string", "enum", "bool", "date", "list"]
Hit = Literal["unique", "first", "priority", "collect"]
Aggregate = Literal["list", "sum", "min", "max"]
Severity = Literal["error", "warning", "note"]

# What a cell can hold and an evaluation can read or give. Numbers are always Decimal, never float.
Value = Decimal | str | bool | date | tuple[str, ...] | None

NUMERIC: frozenset[str] = frozenset({"number", "integer", "percent", "money"})
EXACT: frozenset[str] = frozenset({"percent", "money"})
INPUT_TYPES: frozenset[str] = frozenset({*NUMERIC, "string", "enum", "bool", "date", "list"})
OUTPUT_TYPES: frozenset[str] = INPUT_TYPES
HITS: frozenset[str] = frozenset({"unique", "first", "priority", "collect"})
AGGREGATES: frozenset[str] = frozenset({"list", "sum", "min", "max"})

DEFAULT_ROW = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a policy file something stands: lines count from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One fact a policy reads. `minimum`/`maximum` (inclusive) and `values` bound what it may be.

    `nullable`: the fact may be unknown (null); it must still be given, so that a misspelt name is noticed.
    """

    name: str
    type: ColumnType
    label: str = ""
    values: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    nullable: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One thing a policy decides. Under hit policy PRIORITY the first output's `values` rank from high to low."""

    name: str
    type: ColumnType
    label: str = ""
    values: tuple[str, ...] = ()
    nullable: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Formula:
    """An output computed by an expression; `text` is without the leading `=`."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule. `when` holds unary tests as written, by input; a column that is absent accepts anything."""

    id: str
    when: Mapping[str, str]
    then: Mapping[str, object]  # literals as authored, or Formula
    because: str = ""
    clause: str = ""
    line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)  # line of each `when.x` and `then.x`


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """An example that ships with the policy: facts given, outputs expected (only the named ones are compared)."""

    given: Mapping[str, object]
    expect: Mapping[str, object]
    rows: tuple[str, ...] | None = None
    name: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """A parsed policy file. `digest` is SHA-256 (hex) of the text as authored."""

    policy: str
    version: int
    title: str
    owner: str
    hit: Hit
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    rows: tuple[Row, ...]
    default: Row | None
    tests: tuple[PolicyTest, ...]
    digest: str
    file: str
    aggregate: Aggregate = "list"
    description: str = ""

    def input(self, name: str) -> InputColumn | None:
        """The input column of that name, or None."""
        return next((c for c in self.inputs if c.name == name), None)

    def output(self, name: str) -> OutputColumn | None:
        """The output column of that name, or None."""
        return next((c for c in self.outputs if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Issue:
    """Something a lint found, with the place to mend. Errors stop a draft; warnings and notes do not."""

    rule: str
    severity: Severity
    message: str
    file: str
    line: int = 0
    row: str = ""
    column: str = ""
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        parts = [f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else ""]
        inside = ", ".join(p for p in parts if p)
        mend = f" {self.fix}" if self.fix else ""
        return f"{where}: {inside + ': ' if inside else ''}{self.message}.{mend}"

    def as_problem(self) -> Problem:
        """The same as a kernel `Problem`, its field being file, line, row and column."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        inside = "".join(f" {kind} {name}" for kind, name in (("row", self.row), ("column", self.column)) if name)
        return Problem(field=where + inside, value="", message=self.message, fix=self.fix)


def refuse(issues: list[Issue]) -> Invalid:
    """An `Invalid` that carries every issue as a problem; its message is the first one and a count of the others."""
    more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
    return Invalid(f"{issues[0]}{more}", problems=[i.as_problem() for i in issues])
