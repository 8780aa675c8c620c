"""Groups of rows → documents, records and refused rows.

A row that is refused does not take its order with it: the other rows go on. What the rows of a document share (its
header) is taken from the first row that is fit for it; a row that names another partner or currency is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast

from headgate.connectors.imports.core.documents import BadRow, Built, Document, Record, Validators
from headgate.connectors.imports.core.expressions import MISSING, Cells, ExpressionFailed
from headgate.connectors.imports.core.fields import RowFault, Value, exact_text
from headgate.connectors.imports.core.mapping import MAX_ROWS_PER_DOCUMENT, FileMapping
from headgate.connectors.imports.core.plan import CompiledRecord, CompiledRule, Plan
from headgate.connectors.imports.core.rows import Group, Row, Unreadable
from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.money import parse_decimal
from headgate.kernel.phrases import phrase

_LINE_OF = re.compile(r"lines[\[.](\d+)\]?\.?")
_NOTHING = Decimal(0)
_AMOUNT_DECIMALS = 12
_REMEMBERED = 50_000


class _Line(NamedTuple):
    row: Row
    place: int
    data: dict[str, Any]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class _Started:
    """A document under way: its header, the row it came from, and what the other rows must say alike."""

    header: dict[str, Value]
    row: int
    alike: object
    lines: list[_Line]


class Builder:
    """Builds group after group; remembers which records this import has introduced already.

    With `since`, documents of an earlier time are only counted; they introduce no records. A refused row counts by its
    own time then; one whose time cannot be told stays refused.
    """

    def __init__(self, plan: Plan, validators: Validators, since: datetime | None = None) -> None:
        self._plan = plan
        self._validators = validators
        self._since = since
        self._known: set[tuple[str, str]] = set()
        self._seen: tuple[set[object], ...] = tuple(set() for _ in plan.records)
        self._number = lru_cache(maxsize=_REMEMBERED)(partial(_number, plan.mapping))

    def unreadable(self, record: Unreadable) -> Built:
        """A record that is no row of the file."""
        problem = Problem("row", shorten(record.text), record.reason, "Correct it in the file.")
        bad = BadRow(record.number, 0, record.reason, (problem,), {}, None)
        return Built((), (), (bad,), 1, _NOTHING, 1)

    def build(self, group: Group) -> Built:
        """The documents, records and refused rows of a group."""
        bad: list[BadRow] = []
        started: dict[int, _Started] = {}
        total, without = _NOTHING, 0
        number, quantity_at, price_at = self._number, self._plan.quantity, self._plan.unit_price
        for place, given in enumerate(group.rows, group.start + 1):
            row = self._with_defaults(given) if self._plan.defaults else given
            cells = row.cells
            quantity, price = number(cells[quantity_at]), number(cells[price_at])
            amount = None if quantity is None or price is None else quantity * price
            if amount is None:
                without += 1
            else:
                total += amount
            try:
                self._take(row, place, started)
            except RowFault as fault:
                bad.append(self._bad(row, place, (fault.problem,), amount))
        documents: list[Document] = []
        records: list[Record] = []
        earlier, before = self._take_earlier(started, bad) if self._since is not None else (0, _NOTHING)
        for chosen, document in started.items():
            made = self._document(self._plan.rules[chosen], document, bad, records)
            if made is not None:
                documents.append(made)
        bad.sort(key=lambda b: b.number)
        return Built(tuple(documents), tuple(records), tuple(bad), len(group.rows), total, without, earlier, before)

    def amount(self, cells: Cells) -> Decimal | None:
        """Quantity × unit price as the file has them, with their signs, exact; None when one of them is no number."""
        quantity, price = self._number(cells[self._plan.quantity]), self._number(cells[self._plan.unit_price])
        return None if quantity is None or price is None else quantity * price

    def _with_defaults(self, row: Row) -> Row:
        cells = list(row.cells)
        for place, text in self._plan.defaults:
            cells[place] = cells[place] or text
        return Row(row.number, cells)

    def _take(self, row: Row, place: int, started: dict[int, _Started]) -> None:
        """Put a row into the document it belongs to. Raises `RowFault` when it fits none."""
        if place > MAX_ROWS_PER_DOCUMENT:
            message = f"is beyond the {MAX_ROWS_PER_DOCUMENT} rows a document may have"
            raise RowFault(Problem("row", str(place), message, "Split the document."))
        cells = row.cells
        self._check(cells)
        chosen = self._choose(cells)
        rule = self._plan.rules[chosen]
        document = started.get(chosen)
        if document is None:
            document = _Started(_header(rule, cells), row.number, rule.agree_on(cells), [])
        elif rule.agree_on(cells) != document.alike:
            _check_agreement(rule, cells, document)
        line = self._line(rule, row, place)
        started.setdefault(chosen, document).lines.append(line)

    def _take_earlier(self, started: dict[int, _Started], bad: list[BadRow]) -> tuple[int, Decimal]:
        """Take out what lies before the start; how many rows that were, and what they are worth in the file."""
        rows, amount = 0, _NOTHING
        for chosen, document in list(started.items()):
            rule = self._plan.rules[chosen]
            if self._is_earlier(document.header[rule.type.time]):
                rows += len(document.lines)
                amount += rule.type.sign * sum((line.amount for line in document.lines), _NOTHING)
                del started[chosen]
        kept = []
        for row in bad:
            if self._is_earlier(self._time_of([row.cells[name] for name in self._plan.columns])):
                rows += 1
                amount += row.amount or _NOTHING
            else:
                kept.append(row)
        bad[:] = kept
        return rows, amount

    def _is_earlier(self, time: Value) -> bool:
        return self._since is not None and isinstance(time, datetime) and time < self._since

    def _time_of(self, cells: Cells) -> Value:
        """When the document was made that a row would belong to; None when it cannot be told."""
        try:
            rule = self._plan.rules[self._choose(cells)]
            return dict(rule.header)[rule.type.time](cells)
        except RowFault:
            return None

    def _check(self, cells: Cells) -> None:
        for reject in self._plan.rejects:
            when = reject.when
            refused = when.memory.get(when.pick(cells), MISSING)
            if refused is MISSING:
                try:
                    refused = when(cells)
                except ExpressionFailed as error:
                    message = f"cannot be checked for {reject.reason!r}: {error}"
                    raise RowFault(Problem("row", "", message)) from None
            if refused is True:
                raise RowFault(reject.problem)

    def _choose(self, cells: Cells) -> int:
        for number, rule in enumerate(self._plan.rules):
            try:
                if rule.when is None:
                    return number
                fits = rule.when.memory.get(rule.when.pick(cells), MISSING)
                if (rule.when(cells) if fits is MISSING else fits) is True:
                    return number
            except ExpressionFailed as error:
                raise RowFault(
                    Problem("row", "", phrase("cannot be told what it is: %(error)s", error=error))
                ) from None
        raise RowFault(Problem("row", "", "fits none of the mapping's documents"))

    def _line(self, rule: CompiledRule, row: Row, place: int) -> _Line:
        cells = row.cells
        data: dict[str, Any] = {}
        for name, getter in rule.lines:
            value = getter.memory.get(getter.pick(cells), MISSING)
            if value is MISSING:
                value = getter(cells)
            if value is not None:
                data[name] = value
            elif name in rule.type.required_lines:
                raise RowFault(Problem(name, "", "is empty", "Every line needs it."))
        if not rule.numbered:
            data["line"] = str(place)
        quantity, price = Decimal(data["quantity"]), Decimal(data["unit_price"])
        if quantity <= 0:
            raise RowFault(Problem("quantity", data["quantity"], "is not above zero"))
        if price < 0:
            raise RowFault(Problem("unit_price", data["unit_price"], "is below zero"))
        return _Line(row, place, data, quantity * price)

    def _document(
        self, rule: CompiledRule, document: _Started, bad: list[BadRow], records: list[Record]
    ) -> Document | None:
        """Assemble, validate, and take out the rows that do not pass until the rest does."""
        lines = self._without_repeats(document.lines, bad) if rule.numbered else document.lines
        validate = self._validators.get(rule.type.type)
        introduced: dict[tuple[str, str], Record] = {}
        data: dict[str, Any] = {}
        while lines:
            data = _nested(document.header)
            data["lines"] = [line.data for line in lines]
            faults: dict[int, list[Problem]] = {}
            for problem in validate(data) if validate is not None else ():
                found = _LINE_OF.match(problem.field)
                for place in [int(found.group(1))] if found else range(len(lines)):
                    faults.setdefault(place, []).append(problem)
            if not faults and self._plan.records:
                introduced, faults = self._introduce(lines)
            if not faults:
                break
            for place, problems in faults.items():
                line = lines[place]
                bad.append(self._bad(line.row, line.place, tuple(problems), self.amount(line.row.cells)))
            lines = [line for place, line in enumerate(lines) if place not in faults]
        if not lines:
            return None
        self._known.update(introduced)
        records.extend(introduced.values())
        return Document(
            type=rule.type.type,
            code=str(document.header[rule.type.code]),
            time=cast(datetime, document.header[rule.type.time]),
            data=data,
            rows=tuple([line.row.number for line in lines]),
            amount=sum([line.amount for line in lines], _NOTHING),
            sign=rule.type.sign,
        )

    def _without_repeats(self, lines: list[_Line], bad: list[BadRow]) -> list[_Line]:
        seen: dict[str, int] = {}
        kept = []
        for line in lines:
            name = line.data.get("line", "")
            if name in seen:
                problem = Problem(
                    "line", name, "stands twice in the document", phrase("Row %(seen)s has it too.", seen=seen[name])
                )
                bad.append(self._bad(line.row, line.place, (problem,), self.amount(line.row.cells)))
            else:
                seen[name] = line.row.number
                kept.append(line)
        return kept

    def _introduce(self, lines: list[_Line]) -> tuple[dict[tuple[str, str], Record], dict[int, list[Problem]]]:
        """The records these rows name first, and what is wrong with them by line."""
        found: dict[tuple[str, str], Record] = {}
        faults: dict[int, list[Problem]] = {}
        for rule, seen in zip(self._plan.records, self._seen, strict=True):
            pick = rule.code.pick
            for place, line in enumerate(lines):
                cells = line.row.cells
                key = pick(cells)
                if key in seen:
                    continue
                try:
                    code = rule.code(cells)
                    if code is None:
                        continue
                    name = (rule.type.type, str(code))
                    if name not in self._known and name not in found:
                        record = _record(rule, cells)
                        validate = self._validators.get(rule.type.type)
                        problems = _of_item(rule, validate({"items": [record.item]})) if validate is not None else []
                        if problems:
                            faults.setdefault(place, []).extend(problems)
                            continue
                        found[name] = record
                except RowFault as fault:
                    faults.setdefault(place, []).append(fault.problem)
                    continue
                if name in self._known:
                    seen.add(key)
        return found, faults

    def _bad(self, row: Row, place: int, problems: tuple[Problem, ...], amount: Decimal | None) -> BadRow:
        first = problems[0]
        subject = _LINE_OF.sub("", first.field)
        reason = first.message if subject == "row" else f"{subject} {first.message}"
        cells = dict(zip(self._plan.columns, row.cells, strict=True))
        return BadRow(row.number, place, reason, problems, cells, amount)


def _header(rule: CompiledRule, cells: Cells) -> dict[str, Value]:
    header = {name: getter(cells) for name, getter in rule.header}
    for name in sorted(rule.type.required):
        if header.get(name) is None:
            raise RowFault(Problem(name, "", "is empty", phrase("A %(type)s needs it.", type=rule.type.type)))
    return header


def _check_agreement(rule: CompiledRule, cells: Cells, document: _Started) -> None:
    for name, getter in rule.agree:
        value = getter(cells)
        if value != document.header[name]:
            fix = phrase(
                "Row %(row)s says %(said)s; one document has one %(name)s.",
                row=document.row,
                said=document.header[name],
                name=name,
            )
            raise RowFault(Problem(name, shorten(value), "differs from the other rows of the document", fix))


def _record(rule: CompiledRecord, cells: Cells) -> Record:
    item: dict[str, Any] = {}
    for name, getter in rule.fields:
        value = getter(cells)
        if value is not None:
            item[name] = instant_text(value) if isinstance(value, datetime) else value
        elif name in rule.type.required:
            noun = rule.type.type.partition(".")[0]
            raise RowFault(Problem(f"{noun}.{name}", "", "is empty", "The record needs it."))
    return Record(rule.type.type, item[rule.type.code], item)


def _of_item(rule: CompiledRecord, problems: list[Problem]) -> list[Problem]:
    """Problems of a record's only item, called by its noun: `partner.country` rather than `items[0].country`."""
    noun = rule.type.type.partition(".")[0]
    return [Problem(p.field.replace("items[0]", noun, 1), p.value, p.message, p.fix) for p in problems]


def _number(mapping: FileMapping, text: str) -> Decimal | None:
    try:
        return parse_decimal("amount", exact_text(text, mapping), decimals=_AMOUNT_DECIMALS)
    except Invalid:
        return None


def _nested(header: Mapping[str, Value]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in header.items():
        if value is None:
            continue
        plain = instant_text(value) if isinstance(value, datetime) else value
        outer, _, inner = name.partition(".")
        if inner:
            data.setdefault(outer, {})[inner] = plain
        else:
            data[outer] = plain
    return data
