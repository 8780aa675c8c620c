"""Answer recorded facts by several tables at once, each distinct group of facts only once.

Between the values that a table mentions its simple cells do not change their answer. So of each fact only the rows that
accept it matter, as bits; the bits of all tables stand side by side in one integer, and facts with the same bits in
every column have the same answers. A table whose rows compute something for these facts is asked for each set of facts.
`CompiledPolicy.evaluate` says what an answer is, always: here it is only asked less often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from headgate.kernel.canonical import as_plain
from headgate.kernel.errors import Invalid
from headgate.policy.core.compile import CompiledPolicy, NoRowMatched
from headgate.policy.core.grid import Axis
from headgate.policy.core.model import NUMERIC, TIMES, InputColumn
from headgate.policy.core.times import BadTime, time_value

MOST_KEPT = 200_000  # facts of one column, and groups
UNFIT = object()


class Answer(NamedTuple):
    """What a table says. `missing` names facts that it reads and that were not recorded; `refused` says why it has no
    answer."""

    rows: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = {}
    missing: tuple[str, ...] = ()
    refused: str = ""

    @property
    def decided(self) -> bool:
        """Whether the table says anything at all."""
        return not self.missing and not self.refused


def ask(table: CompiledPolicy, facts: Mapping[str, object]) -> Answer:
    """One table asked about one set of facts."""
    missing = tuple(c.name for c in table.table.inputs if c.name not in facts)
    if missing:
        return Answer(missing=missing)
    try:
        found = table.evaluate(facts)
    except NoRowMatched:
        return Answer(refused="no row fits, and there is no default")
    except Invalid as error:
        return Answer(refused=error.message)
    return Answer(tuple(found.rows), as_plain(found.outputs))


class Matcher:
    """Tables with the names of the facts they will be asked about, in the order of the values."""

    def __init__(self, tables: Sequence[CompiledPolicy], names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._parts: list[_Part] = []
        shift = 0
        for table in tables:
            self._parts.append(_Part(table, self._names, shift))
            shift += self._parts[-1].width
        self._all = (1 << shift) - 1
        self._columns = [_Column(name, [part for part in self._parts if name in part.axes]) for name in self._names]
        self._known: dict[int, tuple[Answer | None, ...]] = {}
        self._single: dict[tuple[int, tuple[object, ...]], Answer] = {}

    def answers(self, values: Sequence[Any]) -> tuple[Answer, ...]:
        """What each table says to these values (JSON, as recorded)."""
        bits = self._all
        try:
            for column, value in zip(self._columns, values, strict=True):
                bits &= column[value]
        except TypeError:  # a list cannot be looked up
            return self.answers([tuple(v) if isinstance(v, list) else v for v in values])
        known = self._known.get(bits)
        if known is None:
            known = self._ask(bits, values)
        if None not in known:
            return known  # type: ignore[return-value]  # seen to hold no None
        return tuple([a if a is not None else self._alone(place, values) for place, a in enumerate(known)])

    def bits(self, place: int, value: object) -> int:
        """What the tables make of one fact: values with the same bits cannot be told apart by any simple cell."""
        return self._columns[place][tuple(value) if isinstance(value, list) else value]

    def turns(self, place: int) -> list[Decimal] | None:
        """The numbers at which the bits of a fact may change, in order; None where it is not a plain number in every
        table that reads it, so that each value has to be looked at."""
        found: set[Decimal] = set()
        for part in self._parts:
            axis = part.axes.get(self._names[place])
            if axis is None:
                continue
            if axis.column.type not in NUMERIC or axis.column.type == "integer" or axis.column.values:
                return None
            ends = (end for segment in axis.segments for end in segment.ends or ())
            found.update(e for e in (*ends, axis.column.minimum, axis.column.maximum) if isinstance(e, Decimal))
        return sorted(found)

    def depends(self, values: Sequence[Any]) -> bool:
        """Whether a table works something out of these facts, so that their bits alone do not tell its answer."""
        bits = self._all
        for place, value in enumerate(values):
            bits &= self.bits(place, value)
        return not all(part.grouped(bits) for part in self._parts)

    def _facts(self, values: Sequence[Any]) -> dict[str, object]:
        return dict(zip(self._names, values, strict=True))

    def _ask(self, bits: int, values: Sequence[Any]) -> tuple[Answer | None, ...]:
        facts = self._facts(values)
        found = tuple([ask(part.table, facts) if part.grouped(bits) else None for part in self._parts])
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[bits] = found
        return found

    def _alone(self, place: int, values: Sequence[Any]) -> Answer:
        key = (place, tuple(values))
        found = self._single.get(key)
        if found is None:
            if len(self._single) >= MOST_KEPT:
                self._single.clear()
            found = self._single[key] = ask(self._parts[place].table, self._facts(values))
        return found


class _Part:
    """A table with its place among the bits: one bit per row, and one that says whether every fact can be read."""

    def __init__(self, table: CompiledPolicy, names: Sequence[str], shift: int) -> None:
        reading = table.reading
        self.table = table
        self.shift = shift
        self.rows = len(reading.rows)
        self.width = self.rows + 1
        self.axes = {axis.column.name: axis for axis in reading.axes}
        self.complete = self.axes.keys() <= set(names)
        self._computed = reading.rich_mask | sum(1 << i for i, row in enumerate(reading.rows) if row.formulas)
        self._default_computes = reading.default is not None and bool(reading.default.formulas)

    def bits(self, name: str, value: object) -> int:
        """The rows that accept a fact, in their place; without the last bit where it is not a fact of the column."""
        axis = self.axes[name]
        fact = _fact(axis.column, value)
        if fact is UNFIT:
            return ((1 << self.rows) - 1) << self.shift
        return (_mask(axis, fact) | 1 << self.rows) << self.shift

    def grouped(self, bits: int) -> bool:
        """Whether the bits alone tell the answer."""
        if not self.complete:
            return True
        mine = bits >> self.shift
        fits = mine & ((1 << self.rows) - 1)
        if not mine >> self.rows & 1 or fits & self._computed:
            return False
        return bool(fits) or not self._default_computes


class _Column(dict[object, int]):
    """The bits of every value of one fact that was met."""

    def __init__(self, name: str, parts: Sequence[_Part]) -> None:
        super().__init__()
        self._name, self._parts = name, parts
        # A table that does not read the fact accepts it whatever it is.
        self._mine = sum(((1 << part.width) - 1) << part.shift for part in parts)

    def __missing__(self, value: object) -> int:
        if len(self) >= MOST_KEPT:
            self.clear()
        found = ~self._mine
        for part in self._parts:
            found |= part.bits(self._name, value)
        self[value] = found
        return found


def _mask(axis: Axis, fact: object) -> int:
    return axis.lookup(fact)


def _fact(column: InputColumn, value: object) -> object:
    """A recorded value as the column reads it, or `UNFIT`: then the table itself says what it makes of it."""
    if value is None:
        return None if column.nullable else UNFIT
    if column.type != "enum" and (column.values or (column.type == "date" and _bounded(column))):
        return UNFIT
    if column.type in NUMERIC:
        return _number(column, value)
    if column.type == "bool":
        return value if isinstance(value, bool) else UNFIT
    if column.type == "date":
        return _day(value)
    if column.type in TIMES:
        return UNFIT if _bounded(column) else _time(column.type, value)
    if column.type == "list":
        return value if isinstance(value, tuple) else UNFIT
    if not isinstance(value, str) or (column.values and value not in column.values):
        return UNFIT
    return value if column.type in ("string", "enum") else UNFIT


def _bounded(column: InputColumn) -> bool:
    return column.minimum is not None or column.maximum is not None


def _number(column: InputColumn, value: object) -> object:
    if not isinstance(value, str):
        return UNFIT
    try:
        number = Decimal(value)
    except InvalidOperation:
        return UNFIT
    if not number.is_finite() or (column.type == "integer" and number != number.to_integral_value()):
        return UNFIT
    low: Any = column.minimum
    high: Any = column.maximum
    return UNFIT if (low is not None and number < low) or (high is not None and number > high) else number


def _time(kind: str, value: object) -> object:
    try:
        return time_value(kind, value) if isinstance(value, str) else UNFIT
    except BadTime:
        return UNFIT


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else UNFIT
    except ValueError:
        return UNFIT
