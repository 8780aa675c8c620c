"""A policy as a sheet: CSV, or an Excel workbook whose second sheet holds the tests."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from headgate.kernel.phrases import counted, phrase
from headgate.policy.core.evaluation import plain_number
from headgate.policy.core.model import NUMERIC, Formula, InputColumn, OutputColumn, PolicyTable, Row
from headgate.policy.exchange.notice import Exported, Notice
from headgate.policy.exchange.sheet.cells import RISKY, Scalar, shown_list, shown_test, shown_text
from headgate.policy.exchange.sheet.csv_text import csv_bytes
from headgate.policy.exchange.sheet.header import holds, write_header
from headgate.policy.exchange.sheet.tests_sheet import tests_rows
from headgate.policy.exchange.sheet.xlsx import TESTS

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DIGITS = 15  # what a spreadsheet keeps of a number
_WIDEST = 60
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?")


def write_csv(table: PolicyTable) -> Exported:
    """The policy as CSV (UTF-8, comma). Its tests do not fit and are named in a notice."""
    notices = _defaults(table)
    if table.tests:
        fix = phrase("Export xlsx, or import into the same policy, which keeps them.")
        notices.append(
            Notice(
                phrase("tests"),
                counted("%(count)s test has no place in CSV", "%(count)s tests have no place in CSV", len(table.tests)),
                fix,
            )
        )
    rows = [[_text(v) for v in row] for row in sheet_rows(table)]
    return Exported(csv_bytes(rows), "text/csv; charset=utf-8", "csv", tuple(notices))


def write_xlsx(table: PolicyTable) -> Exported:
    """The policy as a workbook: numbers and dates typed, texts never formulas, tests on a sheet of their own."""
    book = Workbook()
    main = book.active
    assert main is not None, "a new workbook has a sheet"
    main.title = "Policy"
    rows = sheet_rows(table)
    header = next(i for i, row in enumerate(rows, start=1) if row and row[0] == "id")
    _fill(main, rows, header)
    if table.tests:
        _fill(book.create_sheet(TESTS), tests_rows(table.tests), 1)
    out = io.BytesIO()
    book.save(out)
    return Exported(out.getvalue(), XLSX, "xlsx", tuple(_defaults(table)))


def _defaults(table: PolicyTable) -> list[Notice]:
    """Columns whose default no header can hold."""
    told = phrase("its default is no single value, which a header cannot hold")
    fix = phrase("Give the value always.")
    columns: list[InputColumn | OutputColumn] = [*table.inputs, *table.outputs]
    lost = [c for c in columns if c.default is not None and not holds(c.default)]
    return [Notice(phrase("column %(name)s", name=c.name), told, fix) for c in lost]


def sheet_rows(table: PolicyTable) -> list[list[Scalar]]:
    """The rows that `read_rows` reads back to this table."""
    about: dict[str, Scalar] = {
        "policy": table.policy,
        "version": Decimal(table.version),
        "title": table.title,
        "description": table.description or None,
        "owner": table.owner,
        "hit": table.hit,
        "aggregate": table.aggregate if table.hit == "collect" else None,
    }
    columns: list[InputColumn | OutputColumn] = [*table.inputs, *table.outputs]
    labels: list[list[Scalar]] = [[f"label {c.name}", c.label] for c in columns if c.label]
    heads = [
        *(write_header("in", c) for c in table.inputs),
        *(write_header("out", c) for c in table.outputs),
    ]
    rules = [*table.rows, *([table.default] if table.default else [])]
    known: list[list[Scalar]] = [[key, value] for key, value in about.items() if value is not None]
    return [*known, *labels, [], ["id", *heads, "because", "clause"], *(_rule(table, row) for row in rules)]


def _rule(table: PolicyTable, row: Row) -> list[Scalar]:
    return [
        row.id,
        *(shown_test(row.when.get(c.name, ""), c.type) or None for c in table.inputs),
        *(_output(c, row.then[c.name]) if c.name in row.then else None for c in table.outputs),
        row.because or None,
        row.clause or None,
    ]


def _output(column: OutputColumn, value: object) -> Scalar:
    if value is None:
        return "null"
    if isinstance(value, Formula):
        return f"= {value.text}"
    if isinstance(value, bool):
        return value
    if isinstance(value, (list, tuple)):
        return shown_list(value)
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    text = str(value)
    if column.type == "date":
        return date.fromisoformat(text)
    if column.type in NUMERIC and _NUMBER.fullmatch(text):
        return Decimal(text)
    return shown_text(text)


def _text(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain_number(value) if isinstance(value, Decimal) else str(value)


def _fill(sheet: Any, rows: Sequence[Sequence[Scalar]], header: int) -> None:
    widths: dict[int, int] = {}
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            if value is None:
                continue
            cell = sheet.cell(number, place)
            _put(cell, value)
            cell.alignment = Alignment(vertical="top", wrap_text=number >= header)
            if number == header or (number < header and place == 1):
                cell.font = Font(bold=True)
            if number >= header:
                widths[place] = min(_WIDEST, max(widths.get(place, 8), len(_text(value)) + 2))
    for place, width in widths.items():
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = sheet.cell(header + 1, 2)


def _put(cell: Any, value: Scalar) -> None:
    if isinstance(value, Decimal):
        if len(value.as_tuple().digits) > _DIGITS:
            value = plain_number(value)
        else:
            cell.value = value
            return
    if isinstance(value, str):
        cell.value = value
        cell.data_type = "s"  # a text that begins with = stays a text
        cell.number_format = "@"
        if value.startswith(RISKY):
            cell.quotePrefix = True
        return
    cell.value = value
    if isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
