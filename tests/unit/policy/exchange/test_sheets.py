"""Policies as spreadsheets: what goes out comes back, and what cannot be read is said with its cell."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import Invalid
from headgate.policy import compile_policy, lint, parse_policy
from headgate.policy.core.parse import MAX_ROWS
from headgate.policy.core.unary import parse_unary
from headgate.policy.exchange import Imported, read_table, write_table
from headgate.policy.exchange.sheet.cells import SheetCell, policy_cell, shown_test
from tests.unit.policy.exchange.alike import meaning
from tests.unit.policy.samples import DISCOUNT

SHIPPED = sorted((Path(__file__).parents[4] / "packs").glob("*/policies/*.yaml"))

FEES = """\
title,What a rush order costs
owner,channel_operations
hit,first
id,in priority: integer [0..9],in Tier of partner: string,out fee: money,because,clause
top,,"gold, platinum",0,Top partners pay nothing,4.2
rush,>= 7,,25.50,Priority {priority} is a rush,4.1
default,,,0,No rush,
"""


def workbook(fill: Callable[[Any], None]) -> bytes:
    """A workbook whose only sheet the function fills."""
    book = openpyxl.Workbook()
    fill(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheet(*rows: list[Any]) -> bytes:
    """A workbook with these rows."""

    def fill(found: Any) -> None:
        for row in rows:
            found.append(row)

    return workbook(fill)


def problems(data: bytes, name: str = "fees.xlsx") -> str:
    """Every reason why the file is refused."""
    with pytest.raises(Invalid) as caught:
        read_table(data, name)
    return "\n".join([caught.value.message, *map(str, caught.value.problems)])


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_a_shipped_policy_survives_a_workbook_with_its_tests(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    out = write_table(table, "xlsx")
    back = read_table(out.data, "back.xlsx")
    assert not out.notices
    assert not back.notices
    assert meaning(back.policy) == meaning(table)
    assert parse_policy(back.text, "back.yaml").policy == table.policy


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_a_shipped_policy_survives_csv_but_for_its_tests_and_says_so(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    out = write_table(table, "csv")
    assert meaning(read_table(out.data, "back.csv").policy) == meaning(table, tests=())
    assert any("tests have no place in CSV" in n.message for n in out.notices)


def test_people_write_texts_without_quotes_and_the_policy_decides() -> None:
    found = read_table(FEES.encode(), "rush_fee.csv").policy
    compiled = compile_policy(parse_policy(read_table(FEES.encode(), "rush_fee.csv").text))
    assert compiled.evaluate({"priority": 9, "tier_of_partner": "platinum"}).outputs == {"fee": Decimal(0)}
    assert compiled.evaluate({"priority": 9, "tier_of_partner": "silver"}).outputs == {"fee": Decimal("25.50")}
    assert compiled.evaluate({"priority": 1, "tier_of_partner": "silver"}).rows == ("default",)
    assert found.inputs[1].label == "Tier of partner"
    assert (found.policy, found.title, found.owner) == ("rush_fee", "What a rush order costs", "channel_operations")


def test_lints_of_an_imported_sheet_point_at_its_rows() -> None:
    found = read_table(FEES.replace(">= 7", ">= tier_of_partner").encode(), "rush_fee.csv").policy
    issues = [i for i in lint(found) if i.severity == "error"]
    assert [(i.file, i.line, i.row, i.column) for i in issues] == [("rush_fee.csv", 6, "rush", "priority")]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_a_byte_order_mark_are_understood(delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(FEES)))
    again = read_table(b"\xef\xbb\xbf" + out.getvalue().encode(), "rush_fee.txt").policy
    assert meaning(again) == meaning(read_table(FEES.encode(), "rush_fee.csv").policy)


def test_pasted_cells_with_plain_names_fill_an_existing_policy() -> None:
    base = parse_policy(DISCOUNT, "discount.yaml")
    found = read_table(b"Amount\tTier\toutcome\trate\n>= 10\tgold\tpass\t5\n< 10\t\thold\t0\n", "paste.txt", base)
    assert [dict(r.when) for r in found.policy.rows] == [{"amount": ">= 10", "tier": "'gold'"}, {"amount": "< 10"}]
    assert (found.policy.policy, found.policy.version, found.policy.owner) == ("discount", 2, "sales")
    assert found.policy.tests == base.tests
    assert [n.place for n in found.notices] == ["tests"]


def test_dates_percents_and_numbers_keep_their_types() -> None:
    def fill(found: Any) -> None:
        found.append(
            ["id", "in from: date", "in share: percent", "in n: number", "out until: date", "out rate: percent"]
        )
        found.append(["a", date(2026, 4, 1), 0.05, 0.1 + 0.2, datetime.combine(date(2026, 12, 31), time()), 0.125])
        found["C2"].number_format = "0%"
        found["D2"].number_format = "0.0%"
        found["F2"].number_format = "0.0 %"
        found.append(["b", ">= 2026-04-01", "> 5", "", "2027-01-31", "12.5%"])

    got = read_table(workbook(fill), "types.xlsx")
    first, second = got.policy.rows
    assert first.when == {"from": "d('2026-04-01')", "share": "5", "n": "0.3"}
    assert first.then == {"until": "2026-12-31", "rate": Decimal("12.5")}
    assert second.when == {"from": ">= d('2026-04-01')", "share": "> 5"}
    assert second.then == {"until": "2027-01-31", "rate": Decimal("12.5")}
    assert any(n.place == "D2" and "shown in percent" in n.message for n in got.notices)


def test_currencies_bounds_defaults_listed_numbers_and_chained_inputs_survive_a_sheet() -> None:
    text = """\
policy: rich
version: 1
title: Rich
owner: sales
hit: rule_order
inputs:
  - {name: amount, type: money, currency: EUR, min: 0}
  - {name: day, type: date, min: 2026-01-01, max: 2026-12-31}
  - {name: age, type: duration, max: P30D}
  - {name: at, type: datetime}
  - {name: share, type: percent, values: [5, 7.5]}
  - {name: risk, type: enum, values: [low, "very, high"], from: partner_risk.level, nullable: true}
  - {name: region, type: string, default: 'north "default (x)"'}
  - {name: kind, type: enum, values: [new, "old default"], default: old default}
  - {name: weight, type: number, min: 0, max: 9, default: 1.5}
  - {name: urgent, type: bool, default: false, nullable: true}
  - {name: tags, type: list, values: [a, "b, c"], default: [a, "b, c"]}
  - {name: code, type: string, nullable: true, default: null}
  - {name: within, type: duration, default: PT4H}
outputs:
  - {name: outcome, type: enum, values: [hold, pass], default: hold}
  - {name: fee, type: money, currency: EUR}
  - {name: bonus, type: money, currency: EUR, nullable: true, default: "= amount > 10 ? 5 : 0"}
  - {name: grade, type: string, default: "= share > 6 ? 'low' : 'a default = b'"}
  - {name: sort, type: enum, values: ["a default = b", x]}
rows:
  - id: a
    when: {amount: "> 5", day: ">= d('2026-02-01')", age: "< duration('P2D')", at: "< d('2026-04-01T08:00:00Z')"}
    then: {outcome: hold, fee: 12.5, sort: x}
  - {id: b, when: {risk: "'very, high', null", share: "7.5"}, then: {outcome: pass, fee: "= amount * 2", sort: x}}
"""
    table = parse_policy(text, "rich.yaml")
    compile_policy(table)
    for form in ("csv", "xlsx"):
        out = write_table(table, form)
        assert out.notices == ()
        assert meaning(read_table(out.data, f"rich.{form}").policy) == meaning(table)


def test_no_exported_cell_is_a_formula() -> None:
    hostile = DISCOUNT.replace("clause: §1", "clause: \"=HYPERLINK('http://evil.example')\"").replace(
        "clause: §2", 'clause: "@SUM(1)"'
    )
    table = parse_policy(hostile, "discount.yaml")
    for row in csv.reader(io.StringIO(write_table(table, "csv").data.decode("utf-8-sig"))):
        assert not [c for c in row if c.startswith(("=", "+", "@", "\t", "\r"))]
    book = openpyxl.load_workbook(io.BytesIO(write_table(table, "xlsx").data))
    cells = [c for s in book.worksheets for r in s.iter_rows() for c in r]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    assert [c.value for c in cells if c.quotePrefix][:1] == ["=HYPERLINK('http://evil.example')"]
    assert meaning(read_table(write_table(table, "csv").data, "x.csv").policy) == meaning(table, tests=())
    assert meaning(read_table(write_table(table, "xlsx").data, "x.xlsx").policy) == meaning(table)


def test_merged_cells_are_refused_with_their_place_and_the_fix() -> None:
    def fill(found: Any) -> None:
        found.append(["id", "in a: number", "out b: number"])
        found.append(["x", "> 1", 2])
        found.append(["y", None, 3])
        found.merge_cells("B2:B3")

    told = problems(workbook(fill))
    assert "cells B2:B3: are merged" in told
    assert "Unmerge the cells" in told


def test_a_formula_is_refused_with_its_cell_and_the_fix() -> None:
    told = problems(sheet(["id", "in a: number", "out b: number"], ["x", "> 1", "=1+1"]))
    assert "C2: is a formula (=1+1)" in told
    assert "paste it as values" in told


def test_every_wrong_cell_is_named_at_once() -> None:
    told = problems(
        sheet(
            ["id", "in a: number", "out b: money", "out ok: bool", "out day: date"],
            ["x", "> 1", "1,250.5", "maybe", "31.1.2026"],
            ["x", "> 1", 1, True, "2026-01-31", "more"],
        )
    )
    for expected in ("C2: column b: '1,250.5' is not a number", "D2: column ok", "E2: column day", "F3: 'more' stands"):
        assert expected in told
    assert "A3: a row before has the id x" in told


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["id", "amount", "fee"], "neither about the policy nor a header"),
        (["in amount", "out fee: number"], "A1: 'in amount' gives no type"),
        (["in amount: float", "out fee: number"], "A1: 'float' is not a type"),
        (["in amount: number {x}", "out fee: number"], "A1: '{x}' is not understood"),
        (["in amount: number", "out amount: number"], "B1: amount stands in A1 already"),
        (["in amount: number EUR", "out fee: number"], "A1: EUR is no currency of a number column"),
        (["in amount: number [a..9]", "out fee: number"], "A1: 'a' is not a number"),
        (["in amount: number", "id"], "names no 'out' column"),
    ],
)
def test_a_header_that_says_too_little_is_refused_with_the_fix(header: list[str], expected: str) -> None:
    assert expected in problems(sheet(header, ["a", "b"]))


def test_a_table_of_fifty_thousand_rows_stops_at_the_limit() -> None:
    line = "r{0},{0},1\r\n"
    data = "id,in a: integer,out b: integer\r\n" + "".join(line.format(i) for i in range(50_000))
    told = problems(data.encode(), "big.csv")
    assert f"A{MAX_ROWS + 2}: is a row beyond the limit of {MAX_ROWS} rules" in told


def test_a_workbook_that_unpacks_to_far_more_than_it_weighs_is_refused() -> None:
    out = io.BytesIO(sheet(["id", "in a: number", "out b: number"], ["x", 1, 2]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(30_000_000))
    assert "unpacks to more than 200 times its size" in problems(out.getvalue())


def replaced(part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A good workbook with one part changed."""
    source = zipfile.ZipFile(io.BytesIO(sheet(["id", "in a: number", "out b: number"], ["x", 1, 2])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, change(source.read(name)) if name == part else source.read(name))
    return out.getvalue()


def test_a_workbook_with_entities_is_refused() -> None:
    told = problems(replaced("xl/worksheets/sheet1.xml", lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml))
    assert "has a document type or entity" in told


def test_a_sheet_of_far_too_many_rows_is_refused_before_it_is_read() -> None:
    told = problems(
        replaced(
            "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", b"<row/>" * 10_001 + b"</sheetData>")
        )
    )
    assert "has more than 10000 rows" in told


def test_a_workbook_with_macros_is_refused() -> None:
    out = io.BytesIO(sheet(["id"]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert "holds macros" in problems(out.getvalue())


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"PK\x03\x04 not really", "a.xlsx", "is not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0 old", "a.xlsx", "old or encrypted"),
        (b"id,in a: number\n\xff\xfe", "a.csv", "byte 16: is not UTF-8"),
        (b'id,"in a: number\n1,2', "a.csv", "row 1: is not CSV"),
        (b"  \n ", "a.csv", "is empty"),
        (b"x", "a.docx", "has an unknown ending"),
        (b"x,y\n" * 3, "a.csv", "A1: 'x' is neither about the policy nor a header"),
        (b"hit,sometimes\nin a: number,out b: number\n1,2\n", "a.csv", "B1: the hit policy 'sometimes' is not known"),
    ],
)
def test_files_that_are_something_else_are_refused_in_words(data: bytes, name: str, expected: str) -> None:
    assert expected in problems(data, name)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for name in ("a.csv", "a.xlsx", "a.yaml"):
        with suppress(Invalid):
            assert isinstance(read_table(data, name), Imported)


TEXTS = st.text("abG -._0Ü,'(", min_size=1, max_size=8).filter(lambda t: "'" not in t)


@given(st.lists(TEXTS, min_size=1, max_size=3), st.booleans())
def test_a_text_test_is_read_as_it_is_shown(values: list[str], negated: bool) -> None:
    told = ", ".join(f"'{v}'" for v in values)
    cell = f"not({told})" if negated else told
    back = policy_cell(SheetCell(shown_test(cell, "string"), "A1"), "string")
    assert parse_unary(back) == parse_unary(cell)
