"""Long lists of a policy file are written entry by entry, byte for byte as the YAML library writes the whole."""

from __future__ import annotations

import string
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.core.document import read_document, write_document
from headgate.policy.core.emitting import WIDTH, PolicyDumper, entry_text, scalar_of

ROW = ("id", "when", "then", "because", "clause")
ODD = ["yes", "~", "1.50", "0x1F", "2026-01-01", "", " a", "a ", "- x", "x: y", "x #y", "#", "a'b", '"q"', "a\nb", "?"]
ODDER = [
    "[1..2)",
    "> 5",
    "{x}",
    "a, b",
    "!t",
    "&x",
    "*x",
    "%",
    "@",
    "|",
    "<<",
    "=",
    "---",
    "ä ö",
    "\u2028",
    "\x07",
    "a:",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
    st.sampled_from([*ODD, *ODDER, "word " * 30]),
    st.text(string.printable, max_size=20),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["amount", "yes", "x y", "", "a\nb", "k" * 120]), SCALARS, max_size=3),
)
ROWS = st.lists(st.dictionaries(st.sampled_from([*ROW, "more"]), VALUES, max_size=5), min_size=1, max_size=4)


def scalar(value: object) -> yaml.Node:
    text, tag = scalar_of(value)
    return yaml.ScalarNode(tag, text)


def flow(value: object) -> yaml.Node:
    if isinstance(value, Mapping):
        pairs = [(scalar(k), flow(v)) for k, v in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=True)
    if isinstance(value, list):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [flow(v) for v in value], flow_style=True)
    return scalar(value)


def block(row: Mapping[str, Any]) -> yaml.Node:
    keys = [k for k in ROW if k in row] + [k for k in row if k not in ROW]
    pairs = [(scalar(k), flow(row[k])) for k in keys]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=not pairs)


def as_the_library_does(rows: list[dict[str, Any]], title: str) -> str:
    listed = yaml.SequenceNode("tag:yaml.org,2002:seq", [block(row) for row in rows], flow_style=False)
    top = [(scalar("title"), scalar(title)), (scalar("rows"), listed)]
    root = yaml.MappingNode("tag:yaml.org,2002:map", top, flow_style=False)
    return str(yaml.serialize(root, Dumper=PolicyDumper, width=WIDTH, allow_unicode=True))


@given(ROWS, st.sampled_from(ODD))
def test_any_rows_are_written_as_the_library_writes_them(rows: list[dict[str, Any]], title: str) -> None:
    assert write_document({"title": title, "rows": rows}) == as_the_library_does(rows, title)


def test_an_ordinary_row_is_written_here() -> None:
    row = {
        "id": "large",
        "when": {"amount": "> 5000", "tier": "'gold', 'silver'", "unclear": "true"},
        "then": {"outcome": "ask", "share": Decimal("1.50"), "roles": ["a", "b"]},
        "because": "An amount of {amount}, more than 5,000",
    }
    written = entry_text(row, ROW)
    assert written == as_the_library_does([row], "x").removeprefix("title: x\nrows:\n")


@pytest.mark.parametrize(
    "row",
    [
        {},
        "no row",
        {"id": "a", "more": 1},
        {"because": "word " * 30},
        {"because": "two\nlines"},
        {"because": "a bell \x07"},
        {"when": {"": "x"}},
        {"when": {"k" * 120: "x"}},
        {"then": {"sum": Decimal("NaN")}},
    ],
    ids=["empty", "text", "own key", "long", "breaks", "escapes", "no key", "long key", "tagged"],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_library(row: Any) -> None:
    assert entry_text(row, ROW) is None


def test_a_list_with_both_kinds_of_rows_reads_back_as_it_was() -> None:
    rows = [{"id": "a", "because": "short"}, {"id": "b", "because": "word " * 40 + "end"}, {"id": "c", "own": "x"}]
    assert read_document(write_document({"rows": rows})) == {"rows": rows}
