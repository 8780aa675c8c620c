"""Excel workbooks (.xlsx) to rows of cells, within bounds; formulas, merged cells and error values are refused.

A workbook is a ZIP of XML files. Before anything is read, its parts are counted and summed as they claim to unpack, and
each XML part is walked once without document types or entities; that walk also finds merged cells, which the streaming
reader does not tell of.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase
from headgate.policy.exchange.notice import Refusals, refusal
from headgate.policy.exchange.sheet.cells import SheetCell, unescaped
from headgate.policy.exchange.sheet.csv_text import letters
from headgate.policy.exchange.xml_tree import scan_xml

MAX_PARTS = 500
MAX_UNPACKED = 64_000_000  # bytes, all parts together
MAX_RATIO = 200  # unpacked to packed, for parts that matter
MAX_SHEETS = 50
MAX_ROWS_OF_SHEET = 10_000
BLANK_ROWS = 1_000  # so many empty rows in a row end the sheet
_SMALL = 1_000_000
TESTS = "Tests"


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheet with the table, the sheet with its tests where there is one, and what was left unread."""

    rows: Iterator[list[SheetCell]]
    tests: Iterator[list[SheetCell]] | None


def open_workbook(data: bytes, file: str, wrong: Refusals) -> Workbook:
    """Look the workbook over and stream its sheets. Raises `Invalid` for anything that is not a plain, bounded one."""
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise refusal(
            file,
            phrase("the file"),
            phrase("is an old or encrypted Excel file"),
            phrase("Save it as .xlsx without a password."),
        )
    merged = _looked_over(data, file)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
    ):
        raise refusal(
            file,
            phrase("the file"),
            phrase("is not an Excel workbook"),
            phrase("Save it as .xlsx."),
        ) from None
    sheets = [s for s in book.worksheets if s.sheet_state == "visible"]
    main = [s for s in sheets if s.title != TESTS]
    if not main:
        raise refusal(file, phrase("the workbook"), phrase("has no visible sheet with a table"))
    for other in main[1:]:
        wrong.tell(
            phrase("sheet %(title)s", title=other.title[:60]),
            phrase("is not read, only %(title)s is", title=main[0].title[:60]),
        )
    wanted = [main[0], *(s for s in sheets if s.title == TESTS)]
    for sheet in wanted:
        for place in merged.get(sheet.title, ())[:20]:
            fix = phrase("Unmerge the cells and write the value in each row it is for.")
            wrong.refuse(
                phrase("sheet %(title)s cells %(place)s", title=sheet.title[:60], place=place),
                phrase("are merged"),
                fix,
            )
    wrong.check()
    tests = _cells(wanted[1], file, "Tests!") if len(wanted) > 1 else None
    return Workbook(_cells(wanted[0], file, ""), tests)


def _looked_over(data: bytes, file: str) -> dict[str, list[str]]:
    """The merged ranges of each sheet by its title, once no part is found to be dangerous."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _bounded(archive, file)
            merges = {
                part.filename: _scanned(archive.read(part), f"{file} {part.filename}")
                for part in archive.infolist()
                if part.filename.endswith((".xml", ".rels", ".vml"))
            }
            return {title: merges.get(part, []) for title, part in _titles(archive, file).items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise refusal(
            file,
            phrase("the file"),
            phrase("is not an Excel workbook"),
            phrase("Save it as .xlsx."),
        ) from None


def _bounded(archive: zipfile.ZipFile, file: str) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise refusal(file, phrase("the file"), phrase("has more than %(most)s parts inside", most=MAX_PARTS))
    if sum(p.file_size for p in parts) > MAX_UNPACKED:
        raise refusal(
            file,
            phrase("the file"),
            phrase("unpacks to more than %(most)s MB", most=MAX_UNPACKED // 1000000),
            phrase("Keep one small sheet."),
        )
    for part in parts:
        if part.file_size > _SMALL and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise refusal(
                file,
                part.filename[:100],
                phrase("unpacks to more than %(most)s times its size", most=MAX_RATIO),
            )
        if "vbaproject" in part.filename.lower() or "externallink" in part.filename.lower():
            fix = phrase("Save it as .xlsx without macros and links.")
            raise refusal(file, part.filename[:100], phrase("holds macros or links to other files"), fix)


def _scanned(xml: bytes, where: str) -> list[str]:
    found: list[str] = []
    rows = 0

    def element(name: str, attributes: dict[str, str]) -> None:
        nonlocal rows
        if name == "row":
            rows += 1
            if rows > MAX_ROWS_OF_SHEET:
                told = phrase("has more than %(most)s rows", most=MAX_ROWS_OF_SHEET)
                raise refusal(
                    where, phrase("the sheet"), told, phrase("Keep one table; split a longer one into policies.")
                )
        if name == "mergeCell":
            found.append(attributes.get("ref", "?")[:30])

    scan_xml(xml, where, element)
    return found


def _titles(archive: zipfile.ZipFile, file: str) -> dict[str, str]:
    """Each sheet's part, by its title."""
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            ids[attributes.get("name", "")] = next((v for k, v in attributes.items() if k.endswith("id")), "")

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    try:
        scan_xml(archive.read("xl/workbook.xml"), file, sheet)
        scan_xml(archive.read("xl/_rels/workbook.xml.rels"), file, relation)
    except KeyError:
        raise refusal(
            file, phrase("the file"), phrase("is not an Excel workbook"), phrase("Save it as .xlsx.")
        ) from None
    if len(ids) > MAX_SHEETS:
        raise refusal(file, phrase("the workbook"), phrase("has more than %(most)s sheets", most=MAX_SHEETS))
    return {title: posixpath.normpath(posixpath.join("xl", targets.get(i, ""))).lstrip("/") for title, i in ids.items()}


def _cells(sheet: Any, file: str, where: str) -> Iterator[list[SheetCell]]:
    sheet.reset_dimensions()  # what the file claims about its size is not believed
    blank = 0
    try:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = [_cell(cell, f"{where}{letters(i)}{number}", file) for i, cell in enumerate(row, start=1)]
            blank = blank + 1 if all(c.empty for c in cells) else 0
            if blank > BLANK_ROWS:
                return
            yield cells
    except Invalid:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError):
        raise refusal(
            file,
            phrase("sheet %(title)s", title=sheet.title[:60]),
            phrase("cannot be read as a table"),
        ) from None


def _cell(cell: Any, at: str, file: str) -> SheetCell:
    value: object = cell.value
    kind = cell.data_type
    if kind == "f":
        told = value[:60] if isinstance(value, str) else phrase("an array formula")
        fix = phrase("Copy the column and paste it as values, or write a computed output as text after an apostrophe.")
        raise refusal(file, at, phrase("is a formula (%(told)s)", told=told), fix)
    if kind == "e":
        raise refusal(file, at, phrase("holds the error %(value)s", value=value), phrase("Mend it in the spreadsheet."))
    if isinstance(value, bool) or value is None:
        return SheetCell(value, at)
    if isinstance(value, (int, float)):
        return SheetCell(_number(value, at, file), at, percent="%" in (cell.number_format or ""))
    if isinstance(value, datetime):
        if value.time().replace(tzinfo=None) != datetime.min.time():
            raise refusal(
                file,
                at,
                phrase("is a date with a time (%(time)s)", time=value.isoformat()),
                phrase("Policies decide by whole days."),
            )
        return SheetCell(value.date(), at)
    if isinstance(value, date):
        return SheetCell(value, at)
    if not isinstance(value, str):
        raise refusal(
            file, at, phrase("is a %(name)s, not a text, number, date or truth value", name=type(value).__name__)
        )
    return SheetCell(unescaped(value), at)


def _number(value: float, at: str, file: str) -> Decimal:
    number = Decimal(format(value, ".15g"))
    if not number.is_finite() or abs(number) >= Decimal("1e15"):
        raise refusal(
            file,
            at,
            phrase("the number %(value)s is out of range", value=value),
            phrase("Numbers have at most 15 digits."),
        )
    return number
