"""What a decision table is made of. Values only; parsing, compiling and linting live beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.months import Months
from headgate.kernel.phrases import Phrase, joined, phrase

ColumnType = Literal[
    "number",
    "integer",
    "percent",
    "money",
    "string",
    "enum",
    "bool",
    "date",
    "datetime",
    "duration",
    "months",
    "list",
]
Hit = Literal["unique", "any", "first", "priority", "rule_order", "output_order", "collect"]
Aggregate = Literal["list", "sum", "min", "max", "count"]
Severity = Literal["error", "warning", "note"]

# What a cell can hold and an evaluation can read or give. Numbers are always Decimal, never float; a `datetime` (which
# is a `date` to Python) is aware and in UTC; a `timedelta` is a duration of days and time, `Months` one of years and
# months. The two are never compared: no number of days is a month.
Moment: TypeAlias = date | timedelta | Months
Value: TypeAlias = Decimal | str | bool | Moment | tuple[str, ...] | None
Bound: TypeAlias = Decimal | Moment

NUMERIC: frozenset[str] = frozenset({"number", "integer", "percent", "money"})
EXACT: frozenset[str] = frozenset({"percent", "money"})
TIMES: frozenset[str] = frozenset({"date", "datetime", "duration", "months"})
ORDERED: frozenset[str] = NUMERIC | TIMES
INPUT_TYPES: frozenset[str] = frozenset({*ORDERED, "string", "enum", "bool", "list"})
OUTPUT_TYPES: frozenset[str] = INPUT_TYPES
# Types whose `values` may be listed; those of a list are what it may hold.
LISTABLE: frozenset[str] = frozenset({*NUMERIC, "enum", "list"})

# Hit policies of DMN 1.3 (8.2.8). The multiple ones give every row that fits, the ranked ones go by output values.
MULTIPLE: frozenset[str] = frozenset({"rule_order", "output_order", "collect"})
RANKED: frozenset[str] = frozenset({"priority", "output_order"})
HITS: frozenset[str] = frozenset({"unique", "any", "first"}) | MULTIPLE | RANKED
AGGREGATES: frozenset[str] = frozenset({"list", "sum", "min", "max", "count"})

DEFAULT_ROW = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a policy file something stands: lines count from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Formula:
    """An output computed by an expression; `text` is without the leading `=`."""

    text: str


@dataclass(frozen=True, slots=True)
class Default:
    """What holds where nothing is given: a value as authored (it may be null), or a `Formula` for an output."""

    value: object


@dataclass(frozen=True, slots=True)
class Source:
    """Where a chained input comes from: an output of another policy, decided first on the same facts."""

    policy: str
    output: str

    def __str__(self) -> str:
        return f"{self.policy}.{self.output}"


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One fact a policy reads. `minimum`/`maximum` (inclusive) and `values` bound what it may be.

    `nullable`: the fact may be unknown (null); it must still be given, so that a misspelt name is noticed, unless it
    has a `default`, which stands in for a fact that is absent. `currency` (ISO 4217) is that of a money column;
    left out, amounts are in whatever currency the asker means. `source` makes it a chained input.
    """

    name: str
    type: ColumnType
    label: str = ""
    values: tuple[Value, ...] = ()
    minimum: Bound | None = None
    maximum: Bound | None = None
    nullable: bool = False
    line: int = 0
    default: Default | None = None
    currency: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One thing a policy decides. Under PRIORITY and OUTPUT ORDER `values` rank from high to low, the first output
    with values before the next.

    `default` holds in rows that do not give this output, and where no row fits.
    """

    name: str
    type: ColumnType
    label: str = ""
    values: tuple[Value, ...] = ()
    nullable: bool = False
    line: int = 0
    default: Default | None = None
    currency: str = ""


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
    """A parsed policy file. `digest` is SHA-256 (hex) of the text as authored.

    Defaults of outputs are written out: every row and the default hold what they give, also where the file leaves it
    to the output's default.
    """

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

    @property
    def multiple(self) -> bool:
        """Whether every row that fits counts (COLLECT, RULE ORDER, OUTPUT ORDER): the outputs are a list."""
        return self.hit in MULTIPLE

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
    part: str = ""  # of a file that has no rows: the stage of a process, in words
    abroad: str = ""  # the message that names its place as well, for when another file brought it about

    def __str__(self) -> str:
        return str(self.told)

    @property
    def told(self) -> Phrase:
        """All of it in one line."""
        inside = joined(", ", self._inside())
        told = joined(": ", [self.place, *([inside] if inside else []), self.message])
        return phrase("%(told)s. %(fix)s", told=told, fix=self.fix) if self.fix else phrase("%(told)s.", told=told)

    def as_problem(self) -> Problem:
        """The same as a kernel `Problem`, its field being file, line, and row and column or what it has of parts."""
        return Problem(joined(" ", [self.place, *self._inside()]), "", self.message, self.fix)

    def within(self, file: str) -> Issue:
        """The same about another file, which brought it about."""
        return replace(self, file=file, line=0, part="", message=self.abroad or self.message, abroad="")

    @property
    def place(self) -> Phrase:
        """File, line and part."""
        line = f"{self.file}:{self.line}" if self.line else self.file
        return joined(" ", [line, self.part] if self.part else [line])

    def _inside(self) -> list[Phrase]:
        row = [phrase("row %(row)s", row=self.row)] if self.row else []
        return row + ([phrase("column %(column)s", column=self.column)] if self.column else [])


def refuse(issues: list[Issue]) -> Invalid:
    """An `Invalid` that carries every issue as a problem; its message is the first one and a count of the others."""
    told = issues[0].told
    if len(issues) > 1:
        told = phrase("%(told)s (and %(count)s more)", told=told, count=len(issues) - 1)
    return Invalid(told, problems=[i.as_problem() for i in issues])
