"""Compile one field of a mapping to a function from a row to its value.

Amounts and quantities keep the text of the file. An expression computes in floating point, so what it yields for an
exact field is taken only when it is a text or a whole number; anything else is refused with a message that says what
to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from headgate.connectors.imports.core.expressions import ExpressionFailed, Remembered, alias, compile_expression
from headgate.connectors.imports.core.mapping import Field, FileMapping, Kind
from headgate.kernel.canonical import decimal_text
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.money import parse_decimal

Value = str | int | bool | list[str] | datetime | None
FieldGetter = Remembered[Value]

_REMEMBERED = 50_000
_WHOLE_FLOAT = 2**53
_FLAGS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


class RowFault(Exception):
    """One row cannot be used; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def compile_field(
    name: str, kind: Kind, field: Field, mapping: FileMapping, positions: Mapping[str, int]
) -> FieldGetter:
    """The getter of a field; `positions` maps column names to places in a row. It raises `RowFault` for a bad row."""
    where = f"Correct column {field.column!r}." if field.column is not None else f"Correct the columns in {field.path}."
    table = mapping.tables[field.lookup] if field.lookup is not None else None
    convert = _converter(name, kind, field, mapping, where)
    empty = convert(field.default) if field.default is not None else None

    def value_of(found: object) -> Value:
        if found is None or found == "":
            return empty
        if table is not None:
            text = _text(name, found, where)
            looked_up = table.get(text, field.otherwise)
            if looked_up is None:
                raise _fault(name, text, f"is not in the table {field.lookup!r}", where)
            found = looked_up
        return convert(found)

    if field.constant is not None:
        constant = value_of(field.constant)
        return Remembered((), lambda _key: constant)
    if field.column is not None:
        return Remembered([positions[field.column]], lambda key: value_of(cast(str, key).strip()))
    assert field.expression is not None
    expression = compile_expression(field.expression, {alias(c): p for c, p in positions.items()})

    def computed(key: object) -> Value:
        try:
            found = expression.compute(key)
        except ExpressionFailed as error:
            raise _fault(name, field.expression, f"could not be computed: {error}", f"See {field.path}.") from None
        return value_of(found)

    return Remembered(expression.positions, computed)


def exact_text(text: str, mapping: FileMapping) -> str:
    """A number as written in the file in plain notation: thousands marks dropped, the decimal mark a point."""
    plain = text.strip()
    if mapping.thousands_mark:
        plain = plain.replace(mapping.thousands_mark, "")
    if mapping.decimal_mark != ".":
        plain = plain.replace(mapping.decimal_mark, ".")
    return plain.removeprefix("+")


def _converter(name: str, kind: Kind, field: Field, mapping: FileMapping, where: str) -> Callable[[object], Value]:
    if kind in {"quantity", "price", "amount"}:
        return _exact_converter(name, kind, field, mapping, where)
    if kind == "time":
        read = _time_reader(field.time_format, ZoneInfo(mapping.timezone))

        def time(found: object) -> Value:
            text = _text(name, found, where)
            try:
                return read(text)
            except (ValueError, OverflowError):
                wanted = f"the format {field.time_format}" if field.time_format else "ISO 8601"
                raise _fault(name, text, f"is not a time in {wanted}", where) from None

        return time
    if kind == "integer":

        def integer(found: object) -> Value:
            text = _text(name, found, where)
            try:
                return int(text)
            except ValueError:
                raise _fault(name, text, "is not a whole number", where) from None

        return integer
    if kind == "flag":

        def flag(found: object) -> Value:
            text = _text(name, found, where)
            if text.lower() not in _FLAGS:
                raise _fault(name, text, "is neither yes nor no", where)
            return _FLAGS[text.lower()]

        return flag
    if kind == "list":
        return lambda found: [part.strip() for part in _text(name, found, where).split(",") if part.strip()]
    return lambda found: _text(name, found, where) or None


def _exact_converter(
    name: str, kind: Kind, field: Field, mapping: FileMapping, where: str
) -> Callable[[object], Value]:
    decimals = mapping.quantity_decimals if kind == "quantity" else mapping.price_decimals

    def exact(found: object) -> Value:
        if isinstance(found, float) and not (found.is_integer() and abs(found) < _WHOLE_FLOAT):
            raise _fault(
                name,
                found,
                "comes from an expression that computed an inexact number",
                "Take the column itself, for example {column: UnitPrice}; expressions compute in floating point.",
            )
        text = exact_text(_text(name, found, where), mapping)
        try:
            number = parse_decimal(name, text, decimals=decimals)
        except Invalid as error:
            problem = error.problems[0]
            raise _fault(name, text, problem.message, where) from None
        return decimal_text(-number) if field.negate else text

    return exact


def _time_reader(time_format: str, zone: tzinfo) -> Callable[[str], datetime]:
    """Local times are read in the mapping's zone: an hour that happens twice is the first one (fold 0)."""

    @lru_cache(maxsize=_REMEMBERED)
    def read(text: str) -> datetime:
        at = datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)  # noqa: DTZ007
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)

    return read


def _text(name: str, found: object, where: str) -> str:
    if isinstance(found, str):
        return found.strip()
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, (int, float)) and float(found).is_integer() and abs(found) < _WHOLE_FLOAT:
        return str(int(found))
    if isinstance(found, Decimal):
        return decimal_text(found)
    raise _fault(name, found, "is not a text", where)


def _fault(name: str, value: object, message: str, fix: str) -> RowFault:
    return RowFault(Problem(name, shorten(value), message, fix))
