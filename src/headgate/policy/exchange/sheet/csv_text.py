"""CSV, TSV and what is pasted from a spreadsheet, to rows of cells and back (RFC 4180, UTF-8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from headgate.kernel.phrases import phrase, worded
from headgate.policy.exchange.notice import refusal
from headgate.policy.exchange.sheet.cells import SheetCell, escaped, unescaped

_LOOKED_AT = 50
# What the reader of CSV says most often is known by the catalogues.
_SAID: Final = (phrase("unexpected end of data"), phrase("',' expected after '\"'"), phrase("';' expected after '\"'"))


def csv_rows(data: bytes, file: str) -> Iterator[list[SheetCell]]:
    """Each row's cells, addressed as a spreadsheet would. Raises `Invalid` with the row where it is not CSV."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal(
            file,
            phrase("byte %(start)s", start=error.start),
            phrase("is not UTF-8 text"),
            phrase("Save it as 'CSV UTF-8'."),
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    while True:
        number += 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise refusal(
                file, phrase("row %(number)s", number=number), phrase("is not CSV: %(error)s", error=worded(str(error)))
            ) from None
        if values is None:
            return
        yield [SheetCell(unescaped(v), f"{letters(i)}{number}") for i, v in enumerate(values, start=1)]


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as CSV with a byte order mark, so that spreadsheets read it as UTF-8; no cell is taken for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([escaped(v) for v in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def letters(column: int) -> str:
    """A column's letters: 1 is A, 27 is AA."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _delimiter(text: str) -> str:
    counts = {"\t": 0, ";": 0, ",": 0}
    lines = quoted = 0
    for char in text[:100_000]:
        if char == '"':
            quoted ^= 1
        elif not quoted and char in counts:
            counts[char] += 1
        elif not quoted and char == "\n":
            lines += 1
            if lines >= _LOOKED_AT:
                break
    if counts["\t"]:
        return "\t"
    return ";" if counts[";"] > lines // 2 and counts[";"] else ","
