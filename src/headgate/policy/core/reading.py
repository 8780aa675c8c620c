"""A table with every cell, output and reason understood: what `compile` runs and the lints reason about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from headgate.kernel.errors import Invalid
from headgate.kernel.money import parse_decimal
from headgate.kernel.months import Months
from headgate.kernel.phrases import phrase
from headgate.policy.core.coercion import coercion, listed
from headgate.policy.core.evaluation import Matched, plain_json
from headgate.policy.core.expression import Expression, compile_cell, compile_output
from headgate.policy.core.grid import Axis, Holds, build_axis, build_list_axis
from headgate.policy.core.listing import list_cell
from headgate.policy.core.model import (
    DEFAULT_ROW,
    NUMERIC,
    RANKED,
    TIMES,
    Formula,
    InputColumn,
    Issue,
    OutputColumn,
    PolicyTable,
    Row,
)
from headgate.policy.core.times import APART, time_value
from headgate.policy.core.unary import ANYTHING, BadCell, Literal, NotUnary, Test, constants, parse_unary

Cell: TypeAlias = tuple[Test, ...] | Holds | Expression

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,63})\}")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row understood: its rich cells by column, its outputs as values or expressions, its reason."""

    row: Row
    rich: tuple[tuple[str, Expression], ...]
    outputs: dict[str, object]
    formulas: Mapping[str, Expression]
    matched: tuple[Matched]  # how an evaluation refers to it


@dataclass(frozen=True, slots=True)
class Reading:
    """A table understood.

    `rows` stand in the order in which the first match wins: file order, or rank under PRIORITY and OUTPUT ORDER. Bit i
    of a mask is rows[i].
    """

    table: PolicyTable
    axes: tuple[Axis, ...]
    rows: tuple[ReadRow, ...]
    default: ReadRow | None
    issues: tuple[Issue, ...]
    rich_mask: int  # rows with at least one rich cell, which segments cannot decide

    @property
    def sound(self) -> bool:
        """Whether the table can be compiled and reasoned about."""
        return not self.issues


def read_table(table: PolicyTable) -> Reading:
    """Understand a table. The author's mistakes are not raised: they are in `issues`, each with its place."""
    issues: list[Issue] = []
    types = {c.name: c.type for c in table.inputs}
    cells: dict[str, dict[str, Cell]] = {}
    rows: list[ReadRow] = []
    for row in table.rows:
        cells[row.id] = _cells(table, row, types, issues)
        rich = tuple((name, cell) for name, cell in cells[row.id].items() if isinstance(cell, Expression))
        rows.append(_read_row(table, row, rich, types, issues))
    default = None if table.default is None else _read_row(table, table.default, (), types, issues)
    issues.extend(_bad_defaults(table))
    order = _order(table, rows, issues)
    ranked = [rows[i] for i in order]
    axes = []
    for column in table.inputs:
        found = [cells[r.row.id].get(column.name, ANYTHING) for r in ranked]
        if column.type == "list":
            axes.append(build_list_axis(column, [c if isinstance(c, Holds) else None for c in found]))
        else:
            axes.append(build_axis(column, _shared([c if isinstance(c, tuple) else ANYTHING for c in found])))
    rich_mask = sum(1 << i for i, r in enumerate(ranked) if r.rich)
    return Reading(table, tuple(axes), tuple(ranked), default, tuple(issues), rich_mask)


def _shared(cells: list[tuple[Test, ...]]) -> list[tuple[Test, ...]]:
    """The same cells, equal ones as one object, so that each is judged once."""
    known: dict[tuple[Test, ...], tuple[Test, ...]] = {}
    return [known.setdefault(cell, cell) for cell in cells]


def _order(table: PolicyTable, rows: list[ReadRow], issues: list[Issue]) -> list[int]:
    if table.hit not in RANKED:
        return list(range(len(rows)))
    ranks = []
    for column in (c for c in table.outputs if c.values and c.type != "list"):
        computed = [r.row for r in rows if column.name in r.formulas]
        message = phrase("a %(hit)s table ranks by this output, so it cannot be computed", hit=table.hit)
        issues.extend(_issue(table, row, "types", column.name, message, phrase("Write a value.")) for row in computed)
        ranks.append((column.name, {value: index for index, value in enumerate(column.values)}))

    def rank(place: int) -> list[int]:
        given = rows[place].outputs
        return [order.get(_comparable(given.get(name)), len(order)) for name, order in ranks]

    return sorted(range(len(rows)), key=rank)


def _comparable(value: object) -> Any:
    return Decimal(value) if type(value) is int else value


def _bad_defaults(table: PolicyTable) -> Iterator[Issue]:
    for column in table.inputs:
        if column.default is None:
            continue
        given = column.default.value
        try:
            coercion(table.policy, column)(tuple(given) if isinstance(given, list) else given)
        except Invalid as error:
            message = phrase(
                "its default %(told)s", told=error.problems[0].message if error.problems else error.message
            )
            yield Issue("types", "error", message, table.file, column.line, "", column.name)


def _issue(
    table: PolicyTable, row: Row, rule: str, column: str, message: str, fix: str = "", part: str = "then"
) -> Issue:
    return Issue(rule, "error", message, table.file, row.lines.get(f"{part}.{column}", row.line), row.id, column, fix)


def _cells(table: PolicyTable, row: Row, types: Mapping[str, str], issues: list[Issue]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for name, text in row.when.items():
        column = table.input(name)
        if column is None:
            fix = phrase("Use one of %(names)s, or declare it.", names=", ".join(types))
            issues.append(
                _issue(table, row, "unknown_fields", name, phrase("%(name)s is not an input", name=name), fix, "when")
            )
            continue
        try:
            found[name] = _cell(column, text, types)
        except BadCell as error:
            issues.append(
                _issue(
                    table,
                    row,
                    "types",
                    name,
                    phrase("%(cell)s: %(told)s", cell=repr(text), told=error.said),
                    part="when",
                )
            )
    return found


def _cell(column: InputColumn, text: str, types: Mapping[str, str]) -> Cell:
    try:
        tests = parse_unary(text)
    except NotUnary:
        held = list_cell(text, column.name) if column.type == "list" and not column.nullable else None
        if held is None:
            return compile_cell(text, column.name, types)
        strange = [t for t in held.wanted if column.values and t not in column.values]
        if strange:
            raise BadCell(
                phrase("%(value)s is not one of %(values)s", value=repr(strange[0]), values=listed(column.values))
            ) from None
        return held
    if tests is ANYTHING:
        return ANYTHING
    if column.type == "list":
        raise BadCell(phrase("a list is tested with an expression such as contains($, 'x')"))
    for constant in constants(tests):
        _fits(column, constant)
    return tests


def _fits(column: InputColumn, constant: Literal) -> None:
    if constant is None:
        if not column.nullable:
            raise BadCell(phrase("%(name)s is never null; declare it nullable: true", name=column.name))
        return
    wanted = _PYTHON.get(column.type, str)
    if type(constant) is not wanted:
        apart = phrase(": %(apart)s", apart=APART) if {type(constant), wanted} == {timedelta, Months} else ""
        told = _WORDS[type(constant)]
        raise BadCell(
            phrase(
                "%(name)s is of type %(type)s, the cell compares it with %(told)s%(apart)s",
                name=column.name,
                type=column.type,
                told=told,
                apart=apart,
            )
        )
    if column.type == "enum" and constant not in column.values:
        raise BadCell(phrase("%(value)s is not one of %(values)s", value=repr(constant), values=listed(column.values)))


_PYTHON: Mapping[str, type] = {
    **dict.fromkeys(NUMERIC, Decimal),
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "duration": timedelta,
    "months": Months,
}
_WORDS: Mapping[type, str] = {
    Decimal: phrase("a number"),
    str: phrase("a text"),
    bool: phrase("true or false"),
    date: phrase("a date"),
    datetime: phrase("an instant"),
    timedelta: phrase("a duration"),
    Months: phrase("a duration of years and months"),
}


def _read_row(
    table: PolicyTable,
    row: Row,
    rich: tuple[tuple[str, Expression], ...],
    types: Mapping[str, str],
    issues: list[Issue],
) -> ReadRow:
    outputs: dict[str, object] = {}
    formulas: dict[str, Expression] = {}
    for name in row.then:
        if table.output(name) is None:
            fix = phrase("Use one of %(names)s, or declare it.", names=", ".join(c.name for c in table.outputs))
            issues.append(
                _issue(table, row, "unknown_fields", name, phrase("%(name)s is not an output", name=name), fix)
            )
    for column in table.outputs:
        if column.name not in row.then and not column.nullable:
            message = phrase("gives no %(name)s", name=column.name)
            issues.append(
                _issue(table, row, "types", column.name, message, phrase("Give a value, or declare it nullable: true."))
            )
            continue
        authored = row.then.get(column.name)
        try:
            if isinstance(authored, Formula):
                formulas[column.name] = _formula(column, authored, types)
                outputs[column.name] = None  # keeps the declared order; filled in when evaluated
            else:
                outputs[column.name] = output_value(column, authored)
        except BadCell as error:
            issues.append(_issue(table, row, "types", column.name, error.said))
    return ReadRow(row, rich, outputs, formulas, (_matched(table, row, types, issues),))


def _formula(column: OutputColumn, authored: Formula, types: Mapping[str, str]) -> Expression:
    expression = compile_output(authored.text, types)
    wanted = {**dict.fromkeys(NUMERIC, "number"), "enum": "string"}.get(column.type, column.type)
    if expression.kind not in (wanted, "any", "null"):
        raise BadCell(
            phrase(
                "=%(text)s gives a %(kind)s, %(name)s is of type %(type)s",
                text=authored.text,
                kind=expression.kind,
                name=column.name,
                type=column.type,
            )
        )
    return expression


def output_value(column: OutputColumn, value: object) -> object:
    """A value of the column's type: `int` for integer, `Decimal` for other numbers. Raises `BadCell`."""
    if value is None:
        if column.nullable:
            return None
        raise BadCell(phrase("%(name)s is null; give a value, or declare it nullable: true", name=column.name))
    convert = _CONVERT[column.type]
    try:
        found = convert(value)
    except (BadCell, Invalid, ValueError, TypeError):
        raise BadCell(phrase("%(value)s is not of type %(type)s", value=repr(value), type=column.type)) from None
    strangers = [
        v for v in (found if isinstance(found, tuple) else (found,)) if column.values and v not in column.values
    ]
    if strangers:
        raise BadCell(
            phrase(
                "%(value)s is not one of %(values)s",
                value=repr(plain_json(strangers[0])),
                values=listed(column.values),
            )
        )
    return found


def _number(value: object) -> Decimal:
    if type(value) is Decimal:
        if not value.is_finite() or abs(value) >= Decimal("1e24"):
            raise ValueError
        return value
    return parse_decimal("value", value, decimals=12)


def _integer(value: object) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def _exactly(kind: type) -> Callable[[object], object]:
    def convert(value: object) -> object:
        if type(value) is not kind:
            raise TypeError
        return value

    return convert


def _time(kind: str) -> Callable[[object], object]:
    return lambda value: time_value(kind, value)


def _list(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise TypeError
    return tuple(value)


_CONVERT: Mapping[str, Callable[[object], object]] = {
    **dict.fromkeys(["number", "percent", "money"], _number),
    "integer": _integer,
    "string": _exactly(str),
    "enum": _exactly(str),
    "bool": _exactly(bool),
    **{kind: _time(kind) for kind in TIMES},
    "list": _list,
}


def _matched(table: PolicyTable, row: Row, types: Mapping[str, str], issues: list[Issue]) -> Matched:
    pieces = _PLACEHOLDER.split(row.because or _own_words(table, row))
    texts, names = tuple(pieces[0::2]), tuple(pieces[1::2])
    for name in names:
        if name not in types:
            fix = phrase("Use one of %(names)s.", names=", ".join(types))
            issues.append(
                _issue(table, row, "unknown_fields", "because", phrase("{%(name)s} is not an input", name=name), fix)
            )
    if any("{" in t or "}" in t for t in texts):
        fix = phrase("Braces hold one input name, nothing else.")
        issues.append(_issue(table, row, "types", "because", phrase("has a brace that holds no name"), fix))
    return Matched(row.id, texts, names, row.clause)


def _own_words(table: PolicyTable, row: Row) -> str:
    if row.id == DEFAULT_ROW:
        return f"{table.title}: no row fits, so the default applies".replace("{", "(").replace("}", ")")
    named = [(table.input(name), name) for name in row.when if table.input(name) is not None]
    told = ", ".join(f"{(column.label if column else '') or name} is {{{name}}}" for column, name in named)
    return told or f"{row.id} applies to everything"
