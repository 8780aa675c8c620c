"""Bytes to records: what is read, and what a broken record costs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from headgate.connectors import parse_mapping
from headgate.connectors.imports.core.rows import Row, Unreadable
from headgate.connectors.imports.read import MAX_LINE, open_source, read_records
from headgate.kernel.errors import Invalid, NotFound

MAPPING = """
mapping: m
{layout}
group_by: a
amount: {{quantity: b, unit_price: c, currency: EUR}}
documents:
  - type: return.recorded
    header: {{return: a, partner: a, recorded_at: a, currency: {{value: EUR}}}}
    lines: {{product: a, quantity: b, unit_price: c}}
"""


def read(tmp_path: Path, content: bytes, layout: str = "") -> tuple[tuple[str, ...], list[Row | Unreadable]]:
    path = tmp_path / "file"
    path.write_bytes(content)
    source = open_source(path, parse_mapping(MAPPING.format(layout=layout), "m"))
    return source.columns, list(read_records(source))


def cells(records):
    return [list(r.cells) if isinstance(r, Row) else r.reason for r in records]


def test_csv_is_read_with_quotes_line_ends_and_a_byte_order_mark(tmp_path):
    columns, records = read(tmp_path, b'\xef\xbb\xbfa, b ,c\r\n1,"x, ""y""\r\nz",3\r\n\r\n4,5,6')
    assert columns == ("a", "b", "c")
    assert cells(records) == [["1", 'x, "y"\r\nz', "3"], ["4", "5", "6"]]
    assert [r.number for r in records] == [1, 2]


def test_compression_is_seen_from_the_file_itself(tmp_path):
    _, records = read(tmp_path, gzip.compress(b"a,b,c\n1,2,3\n", mtime=0))
    assert cells(records) == [["1", "2", "3"]]


def test_json_lines_are_detected_flattened_and_keep_the_text_of_numbers(tmp_path):
    columns, records = read(tmp_path, b'{"a":"1","b":{"x":2.50,"y":[1,2]},"c":1e2}\n{"a":null,"d":true}\n')
    assert columns == ("a", "b.x", "b.y", "c", "d")
    assert cells(records) == [["1", "2.50", '["1", "2"]', "1e2", ""], ["", "", "", "", "true"]]


def test_json_orders_are_exploded_into_their_lines(tmp_path):
    content = b'{"a":"1","lines":[{"b":2},{"b":3}]}\n{"a":"2","lines":[]}\n{"a":"3","lines":[{"b":4}]}\n'
    columns, records = read(tmp_path, content, "file: {format: jsonl, explode: lines}")
    assert columns == ("a", "lines.b")
    assert cells(records) == [
        ["1", "2"],
        ["1", "3"],
        "is not a JSON object of a row: lines is not a list of lines",
        ["3", "4"],
    ]
    assert [r.number for r in records] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"1,\xff,3", "is not valid UTF-8"),
        (b"1,\x00,3", "has a NUL byte"),
        (b"1,2", "has 2 fields where the header has 3"),
        (b"1,2,3,4", "has 4 fields where the header has 3"),
        (b'1,"2"x,3', "is not CSV"),
        (b"1," + b"x" * MAX_LINE + b",3", "is a line longer than"),
    ],
)
def test_a_broken_record_costs_itself_and_no_other(tmp_path, line, said):
    _, records = read(tmp_path, b"a,b,c\n1,2,3\n" + line + b"\n4,5,6\n")
    assert [r.number for r in records] == [1, 2, 3]
    assert isinstance(records[1], Unreadable)
    assert records[1].reason.startswith(said)
    assert "\0" not in records[1].text
    assert cells(records[2:]) == [["4", "5", "6"]]


def test_an_open_quote_costs_its_line_and_not_the_rest_of_the_file(tmp_path):
    rest = b"".join(b"%d,5,6\n" % n for n in range(50_000))
    _, records = read(tmp_path, b'a,b,c\n1,"2,3\n' + rest)
    assert isinstance(records[0], Unreadable)
    assert len(records) == 50_001
    assert all(isinstance(r, Row) for r in records[1:])


def test_a_bad_byte_after_an_open_quote_is_still_seen(tmp_path):
    _, records = read(tmp_path, b'a,b,c\n1,"2,3\n4,\xff,6\n7,8,9\n')
    assert [type(r) for r in records] == [Unreadable, Unreadable, Row]


@pytest.mark.parametrize("line", [b"[1]", b"{", b'{"a": NaN}', b'{"a": "\\u0000"}', b"[" * 100_000])
def test_a_line_that_is_no_json_object_costs_itself(tmp_path, line):
    _, records = read(tmp_path, b'{"a":"1"}\n' + line + b'\n{"a":"2"}\n')
    assert [type(r) for r in records] == [Row, Unreadable, Row]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a,b,a\n", "two columns called 'a'"),
        (b"a,\xff\n", "is not valid UTF-8"),
        (b'a,"b\n', "is not CSV"),
        (gzip.compress(b"a,b,c\n" + b"1,2,3\n" * 1000, mtime=0)[:-20], "is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, content, said):
    with pytest.raises(Invalid, match="file") as caught:
        read(tmp_path, content)
    assert said in caught.value.message


def test_other_encodings_and_delimiters_are_read(tmp_path):
    _, records = read(tmp_path, "a;b;c\nKöln;2;3\n".encode("cp1252"), 'file: {encoding: cp1252, delimiter: ";"}')
    assert cells(records) == [["Köln", "2", "3"]]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"nothing\.csv"):
        open_source(tmp_path / "nothing.csv", parse_mapping(MAPPING.format(layout=""), "m"))
