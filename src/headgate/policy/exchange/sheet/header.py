"""The header row of a policy in a spreadsheet: which column is what.

`id`, `because`, `clause`, and for each input or output a cell such as `in amount: money [0..]`,
`in tier: enum (gold, silver) ?`, `in risk: string from partner_risk.level`, `out fee: money EUR`. `?` says that the
fact may be unknown, `default silver` what stands in for one that is not given; an output's `default = amount * 0.02` is
worked out and ends its header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from headgate.kernel.money import CURRENCIES
from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import plain_number, shown, time_text
from headgate.policy.core.model import (
    INPUT_TYPES,
    NUMERIC,
    ORDERED,
    OUTPUT_TYPES,
    Bound,
    ColumnType,
    Default,
    Formula,
    InputColumn,
    Moment,
    OutputColumn,
    Source,
    Value,
)
from headgate.policy.core.model import PolicyTable as Table
from headgate.policy.core.times import BadTime, time_value
from headgate.policy.exchange.names import slug
from headgate.policy.exchange.notice import Refusals
from headgate.policy.exchange.sheet.cells import SheetCell

WORDS = ("id", "because", "clause")
_HEAD = re.compile(r"(?i:(?P<side>in|out)(?:put)?\s+)(?P<name>[^:]+?)\s*(?::\s*(?P<type>[a-z]+)\s*(?P<rest>.*))?")
_VALUES = re.compile(r'\(((?:[^()"]|"(?:[^"]|"")*")*)\)')
_VALUE = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,"]+))\s*(?:,|$)')
_DEFAULT = re.compile(r'(?:^|\s)default (?:"((?:[^"]|"")*)"|\(((?:[^()"]|"(?:[^"]|"")*")*)\)|([^\s"()][^"()]*))$')
# Outside of quotes, so that a value such as "a default = b" is none.
_FORMULA = re.compile(r'((?:[^"]|"(?:[^"]|"")*")*?)(?:^|\s)default = (\S.*)')
_BOUNDS = re.compile(r"\[\s*([^\s\[\]]+?)?\s*\.\.\s*([^\s\[\]]+?)?\s*\]")


@dataclass(frozen=True, slots=True)
class Head:
    """What one column of the sheet holds: `word` is id, because, clause, in or out."""

    word: str
    column: InputColumn | OutputColumn | None = None


def is_header(cells: list[SheetCell], base: Table | None) -> bool:
    """Whether a row is the header: it names an input or output in one of the accepted ways."""
    texts = [c.text for c in cells if not c.empty]
    if any(_HEAD.fullmatch(t) for t in texts):
        return True
    return base is not None and sum(_known(t, base) is not None for t in texts) >= max(1, len(texts) // 2)


def read_header(cells: list[SheetCell], base: Table | None, wrong: Refusals) -> dict[int, Head]:
    """Each column's meaning by its place; what cannot be understood is refused with its cell."""
    found: dict[int, Head] = {}
    seen: dict[str, str] = {}
    for place, cell in enumerate(cells):
        if cell.empty:
            continue
        head = _head(cell, base, wrong)
        if head is None:
            continue
        name = head.column.name if head.column else head.word
        if name in seen:
            wrong.refuse(
                cell.at,
                phrase("%(name)s stands in %(seen)s already", name=name, seen=seen[name]),
                phrase("Give each column its own name."),
            )
        seen[name] = cell.at
        found[place] = head
    return found


def _head(cell: SheetCell, base: Table | None, wrong: Refusals) -> Head | None:
    text = cell.text
    if text.lower() in WORDS:
        return Head(text.lower())
    match = _HEAD.fullmatch(text)
    if match is None:
        known = _known(text, base) if base else None
        if known is None:
            fix = phrase("Write id, because, clause, or for example 'in amount: money' or 'out fee: money'.")
            wrong.refuse(cell.at, phrase("the header %(text)s names no column", text=repr(text[:60])), fix)
        return known
    side, name = match["side"].lower(), slug(match["name"])
    known = _known(name, base) if base else None
    if match["type"] is None:
        if known is None or known.word != side:
            wrong.refuse(
                cell.at,
                phrase("%(text)s gives no type", text=repr(text[:60])),
                phrase("Write for example '%(side)s %(name)s: number'.", side=side, name=name),
            )
            return None
        return known
    return _declared(cell, side, match, wrong)


def _known(text: str, base: Table | None) -> Head | None:
    if base is None:
        return None
    if text.lower() in WORDS:
        return Head(text.lower())
    for side, columns in (("in", base.inputs), ("out", base.outputs)):
        for column in columns:
            if text.casefold() in (column.name, column.label.casefold()) or slug(text) == column.name:
                return Head(side, replace(column, line=0))
    return None


def _declared(cell: SheetCell, side: str, match: re.Match[str], wrong: Refusals) -> Head | None:
    kind, rest = match["type"], match["rest"]
    name = slug(match["name"])
    allowed = INPUT_TYPES if side == "in" else OUTPUT_TYPES
    if kind not in allowed:
        wrong.refuse(
            cell.at,
            phrase("%(kind)s is not a type", kind=repr(kind)),
            phrase("Use %(names)s.", names=", ".join(sorted(allowed))),
        )
        return None
    label = match["name"].strip() if match["name"].strip() != name else ""
    formula = _FORMULA.fullmatch(rest) if side == "out" else None
    rest = formula[1].strip() if formula else rest
    nullable = rest.endswith("?")
    rest = rest.removesuffix("?").strip()
    if formula:
        default: Default | None = Default(Formula(formula[2].strip()))
    else:
        rest, default = _default(rest, kind, cell, wrong)
    rest, source = _source(rest)
    currency = re.match(r"[A-Z]{3}(?=$|[\s(\[])", rest)
    rest = rest[3:].strip() if currency else rest
    code = currency.group() if currency else ""
    if code and (kind != "money" or code not in CURRENCIES):
        wrong.refuse(
            cell.at,
            phrase("%(code)s is no currency of a %(kind)s column", code=code, kind=kind),
            phrase("Write for example 'money EUR'."),
        )
    values, low, high = _allowed(rest, kind, side, cell, wrong)
    if side == "out":
        column: InputColumn | OutputColumn = OutputColumn(
            name, cast(ColumnType, kind), label, values, nullable, currency=code, default=default
        )
    else:
        column = InputColumn(
            name,
            cast(ColumnType, kind),
            label,
            values,
            low,
            high,
            nullable,
            currency=code,
            source=source,
            default=default,
        )
    return Head(side, column)


def _default(rest: str, kind: str, cell: SheetCell, wrong: Refusals) -> tuple[str, Default | None]:
    """What stands before the default, and the default: bare, in quotes, or a list in brackets."""
    match = _DEFAULT.search(rest)
    if match is None:
        return rest, None
    before, (quoted, listed, bare) = rest[: match.start()].strip(), match.groups()
    if listed is not None:
        return before, Default(list(_items(listed)))
    if quoted is not None:
        return before, Default(quoted.replace('""', '"'))
    text = bare.strip()
    if text == "null":
        return before, Default(None)
    if kind == "bool" and text in ("true", "false"):
        return before, Default(text == "true")
    return before, Default(_decimal(text, cell, wrong) if kind in NUMERIC else text)


def _allowed(
    rest: str, kind: str, side: str, cell: SheetCell, wrong: Refusals
) -> tuple[tuple[Value, ...], Bound | None, Bound | None]:
    values: tuple[Value, ...] = ()
    low: Bound | None = None
    high: Bound | None = None
    listed, bounds = _VALUES.fullmatch(rest), _BOUNDS.fullmatch(rest)
    if listed:
        values = _items(listed[1])
        if kind in NUMERIC:
            values = tuple(_decimal(str(v), cell, wrong) for v in values)
    elif bounds and side == "in" and kind in ORDERED:
        low, high = (_end(b, kind, cell, wrong) for b in bounds.groups())
    elif rest:
        fix = phrase("After the type may stand (a, b, c) or [0..9], default 5, and ? where the fact may be unknown.")
        wrong.refuse(cell.at, phrase("%(rest)s is not understood", rest=repr(rest[:60])), fix)
    return values, low, high


def _items(text: str) -> tuple[str, ...]:
    return tuple(m[2].strip() if m[1] is None else m[1].replace('""', '"') for m in _VALUE.finditer(text) if m.group())


def _source(rest: str) -> tuple[str, Source | None]:
    match = re.search(r"\bfrom ([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$", rest)
    return (rest[: match.start()].strip(), Source(match[1], match[2])) if match else (rest, None)


def _decimal(text: str, cell: SheetCell, wrong: Refusals) -> Decimal:
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", text):
        return Decimal(text)
    wrong.refuse(cell.at, phrase("%(text)s is not a number", text=repr(text[:40])))
    return Decimal(0)


def _end(text: str | None, kind: str, cell: SheetCell, wrong: Refusals) -> Bound | None:
    if text is None:
        return None
    if kind in NUMERIC:
        return _decimal(text, cell, wrong)
    try:
        return time_value(kind, text)
    except BadTime as error:
        wrong.refuse(cell.at, error.said)
        return None


def write_header(side: str, column: InputColumn | OutputColumn) -> str:
    """The header cell that `read_header` understands as this column; its label stands elsewhere."""
    rest = ""
    if column.values:
        rest = " (" + ", ".join(_value(shown(v)) for v in column.values) + ")"
    elif isinstance(column, InputColumn) and (column.minimum is not None or column.maximum is not None):
        low, high = ("" if b is None else _bound(b) for b in (column.minimum, column.maximum))
        rest = f" [{low}..{high}]"
    code = f" {column.currency}" if column.currency else ""
    source = f" from {column.source}" if isinstance(column, InputColumn) and column.source else ""
    given, unknown = column.default, " ?" if column.nullable else ""
    if given is not None and isinstance(given.value, Formula):
        return f"{side} {column.name}: {column.type}{code}{rest}{unknown} default = {given.value.text}"
    default = f" default {_default_text(given.value)}" if given is not None and holds(given) else ""
    return f"{side} {column.name}: {column.type}{code}{rest}{source}{default}{unknown}"


def _bound(value: Bound) -> str:
    return time_text(value) if isinstance(value, Moment) else plain_number(value)


def holds(default: Default) -> bool:
    """Whether a header can hold this default."""
    return not isinstance(default.value, Mapping)


def _default_text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_value(str(v)) for v in value)})"
    if isinstance(value, (int, Decimal)):
        return plain_number(Decimal(value))
    doubled = (time_text(value) if isinstance(value, Moment) else str(value)).replace('"', '""')
    return f'"{doubled}"'


def _value(text: str) -> str:
    if re.fullmatch(r"\w[\w .&/+-]*\w|\w", text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
