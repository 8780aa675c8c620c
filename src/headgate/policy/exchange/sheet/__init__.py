"""Policies as spreadsheets: CSV, text pasted from a spreadsheet, and Excel workbooks."""

from __future__ import annotations

from headgate.policy.core.model import PolicyTable
from headgate.policy.exchange.notice import Imported, Refusals
from headgate.policy.exchange.sheet.csv_text import csv_rows
from headgate.policy.exchange.sheet.layout import read_rows
from headgate.policy.exchange.sheet.tests_sheet import read_tests
from headgate.policy.exchange.sheet.writing import write_csv, write_xlsx
from headgate.policy.exchange.sheet.xlsx import open_workbook


def read_csv(data: bytes, file: str, base: PolicyTable | None = None) -> Imported:
    """The policy in a CSV or TSV file. Raises `Invalid` naming each cell that cannot be read."""
    return read_rows(csv_rows(data, file), file, base)


def read_xlsx(data: bytes, file: str, base: PolicyTable | None = None) -> Imported:
    """The policy in an Excel workbook. Raises `Invalid` naming each cell that cannot be read."""
    wrong = Refusals(file)
    book = open_workbook(data, file, wrong)
    tests = None if book.tests is None else read_tests(book.tests, wrong)
    wrong.check()
    found = read_rows(book.rows, file, base, tests)
    return Imported(found.policy, (*wrong.notices, *found.notices))


__all__ = ["read_csv", "read_xlsx", "write_csv", "write_xlsx"]
