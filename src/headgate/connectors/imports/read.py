"""Bytes of a file → records: CSV and JSON Lines, compressed or not, one line in memory at a time.

A record that cannot be read becomes an `Unreadable` with its reason, and reading goes on behind it: broken quoting
costs the line it starts in, not the rest of the file.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from headgate.connectors.imports.core.mapping import FileFormat, FileMapping
from headgate.connectors.imports.core.rows import Row, Unreadable
from headgate.kernel.errors import Invalid, NotFound, Problem, shorten
from headgate.kernel.phrases import phrase

MAX_LINE = 1_000_000
MAX_COLUMNS = 1_000
_KEPT = 4_000
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read again and again: its format once seen, its columns, the SHA-256 (hex) of its bytes."""

    path: Path
    format: Literal["csv", "jsonl"]
    layout: FileFormat
    columns: tuple[str, ...]
    digest: str


def open_source(path: Path, mapping: FileMapping) -> Source:
    """A file's digest, format and columns. Raises `NotFound`, or `Invalid` when it is empty or has no usable header."""
    if not path.is_file():
        raise NotFound(phrase("%(name)s: there is no such file", name=path.name))
    with path.open("rb") as file:
        file_digest = hashlib.file_digest(file, "sha256").hexdigest()
    layout = mapping.layout
    kind = layout.format if layout.format != "detect" else _detect(path)
    columns = _header(path, layout) if kind == "csv" else mapping.columns or _json_columns(path, layout)
    return Source(path, kind, layout, columns, file_digest)


def read_records(source: Source) -> Iterator[Row | Unreadable]:
    """The file's records in order. Raises `Invalid` when the file itself is damaged (a compressed file cut short)."""
    if source.format == "jsonl":
        yield from _json_rows(source)
    else:
        yield from _csv_rows(source)


@contextmanager
def _bytes(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP
        file.seek(0)
        try:
            if compressed:
                with gzip.GzipFile(fileobj=file) as inner, io.BufferedReader(cast(Any, inner), 1 << 18) as plain:
                    yield cast(BinaryIO, plain)
            else:
                yield file
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Invalid(
                phrase("%(name)s: the compressed file is damaged: %(error)s", name=path.name, error=error),
                problems=(
                    Problem(
                        path.name, "", phrase("is a damaged compressed file: %(error)s", error=error), "Fetch it again."
                    ),
                ),
            ) from None


def _detect(path: Path) -> Literal["csv", "jsonl"]:
    with _bytes(path) as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if start.startswith(b"{") else "csv"


class _Lines:
    """Lines as text. `taken` and `faults` tell which lines were read since they were last cleared and what is wrong."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._returned: deque[bytes] = deque()
        self._first = True
        self.taken: list[bytes] = []
        self.faults: list[str] = []

    def __iter__(self) -> Iterator[str]:
        encoding, taken = self._encoding, self.taken
        for raw in self._raw():
            taken.append(raw)
            if b"\0" in raw or len(raw) > MAX_LINE:
                yield self._faulty(raw)
                continue
            try:
                yield raw.decode(encoding)
            except UnicodeDecodeError:
                self.faults.append(f"is not valid {encoding.upper()}")
                yield raw.decode(encoding, "replace")

    def text(self) -> str:
        """The start of what was taken, for a person to look at."""
        return b"".join(self.taken)[:_KEPT].decode(self._encoding, "replace").replace("\0", "?")

    def start_again(self) -> None:
        """Have all taken lines but the first read again, by the next iteration."""
        self._returned.extendleft(reversed(self.taken[1:]))
        self.clear()

    def clear(self) -> None:
        """Forget what was taken: the record is complete."""
        self.taken.clear()
        self.faults.clear()

    def _raw(self) -> Iterator[bytes]:
        while self._returned:
            yield self._returned.popleft()
        if self._first:
            self._first = False
            yield self._file.readline(MAX_LINE + 1).removeprefix(b"\xef\xbb\xbf")
        yield from iter(partial(self._file.readline, MAX_LINE + 1), b"")

    def _faulty(self, raw: bytes) -> str:
        if b"\0" in raw:
            self.faults.append("has a NUL byte")
        if len(raw) > MAX_LINE:
            self.faults.append(f"is a line longer than {MAX_LINE} bytes")
            rest = raw
            while rest and not rest.endswith(b"\n"):
                rest = self._file.readline(MAX_LINE)
        return raw[:_KEPT].replace(b"\0", b"?").decode(self._encoding, "replace").rstrip("\r\n") + "\n"


def _header(path: Path, layout: FileFormat) -> tuple[str, ...]:
    with _bytes(path) as file:
        lines = _Lines(file, layout.encoding)
        try:
            cells = next(csv.reader(lines, delimiter=layout.delimiter, strict=True), [])
        except csv.Error as error:
            raise _unusable(path, f"has a header that is not CSV: {error}", "Check delimiter and quotes.") from None
        fault = lines.faults[0] if lines.faults else ""
    columns = tuple(cell.strip() for cell in cells)
    if fault:
        raise _unusable(path, f"has a header that {fault}", "Set file.encoding in the mapping.")
    if not any(columns):
        raise _unusable(path, "is empty", "The first line names the columns.")
    if len(columns) > MAX_COLUMNS:
        raise _unusable(path, f"has more than {MAX_COLUMNS} columns", "Check the delimiter.")
    for name in columns:
        if columns.count(name) > 1:
            raise _unusable(path, f"has two columns called {shorten(name)!r}", "Rename one of them.")
    return columns


def _csv_rows(source: Source) -> Iterator[Row | Unreadable]:
    width = len(source.columns)
    with _bytes(source.path) as file:
        lines = _Lines(file, source.layout.encoding)
        next(csv.reader(lines, delimiter=source.layout.delimiter, strict=True), None)
        lines.clear()
        taken, faults = lines.taken, lines.faults
        number = 0
        while True:
            try:
                for cells in csv.reader(lines, delimiter=source.layout.delimiter, strict=True):
                    if cells and not faults and len(cells) == width:
                        number += 1
                        yield Row(number, cells)
                    elif cells:
                        number += 1
                        reason = faults[0] if faults else f"has {len(cells)} fields where the header has {width}"
                        yield Unreadable(number, reason, lines.text())
                    taken.clear()
                    faults.clear()
                return
            except csv.Error as error:
                number += 1
                yield Unreadable(number, faults[0] if faults else f"is not CSV: {error}", lines.text())
                lines.start_again()


def _json_objects(path: Path, layout: FileFormat) -> Iterator[tuple[list[dict[str, str]], str, str]]:
    """Per line of JSON: its flat rows, or what is wrong with it, and its text."""
    with _bytes(path) as file:
        lines = _Lines(file, layout.encoding)
        for text in lines:
            fault = lines.faults[0] if lines.faults else ""
            lines.clear()
            if not text.strip():
                continue
            if fault:
                yield [], fault, text[:_KEPT]
                continue
            try:
                found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
                rows = _flat_rows(found, layout.explode)
            except RecursionError:
                yield [], "is nested too deeply", text[:_KEPT]
            except ValueError as error:
                said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                yield [], f"is not a JSON object of a row: {said}", text[:_KEPT]
            else:
                yield rows, "", text


def _json_columns(path: Path, layout: FileFormat) -> tuple[str, ...]:
    columns: dict[str, None] = {}
    for rows, _, _ in _json_objects(path, layout):
        for row in rows:
            columns.update(dict.fromkeys(row))
        if len(columns) > MAX_COLUMNS:
            raise _unusable(path, f"has more than {MAX_COLUMNS} different fields", "Name the columns in the mapping.")
    if not columns:
        raise _unusable(path, "has no JSON objects", "Every line is one object.")
    return tuple(columns)


def _json_rows(source: Source) -> Iterator[Row | Unreadable]:
    number = 0
    for rows, fault, text in _json_objects(source.path, source.layout):
        if fault:
            number += 1
            yield Unreadable(number, fault, text)
        for row in rows:
            number += 1
            yield Row(number, [row.get(name, "") for name in source.columns])


def _flat_rows(found: object, explode: str | None) -> list[dict[str, str]]:
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    if explode is None:
        return [_flat(found)]
    elements = found.pop(explode, None)
    if not isinstance(elements, list) or not elements:
        raise ValueError(f"{explode} is not a list of lines")
    if not all(isinstance(element, dict) for element in elements):
        raise ValueError(f"{explode} has an element that is not an object")
    outer = _flat(found)
    return [{**outer, **_flat(element, f"{explode}.")} for element in elements]


def _flat(found: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested objects as dotted names; every value as the text that stands in the file."""
    flat: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        elif isinstance(value, bool):
            flat[f"{prefix}{name}"] = "true" if value else "false"
        elif isinstance(value, list):
            flat[f"{prefix}{name}"] = json.dumps(value, ensure_ascii=False)
        else:
            text = "" if value is None else str(value)
            if "\0" in text:
                raise ValueError(f"{name} has a NUL character")
            flat[f"{prefix}{name}"] = text
    return flat


def _no_constant(name: str) -> str:
    raise ValueError(f"{name} is not JSON")


def _unusable(path: Path, message: str, fix: str) -> Invalid:
    problem = Problem(path.name, "", message, fix)
    return Invalid(str(problem), problems=(problem,))
