"""Columns of years and months as YAML, spreadsheets, DMN and JDM."""

from __future__ import annotations

import json
from typing import Any

import pytest
import zen

from headgate.kernel.errors import Invalid
from headgate.kernel.months import Months
from headgate.policy import compile_policy, parse_policy
from headgate.policy.core.document import read_document, write_document
from headgate.policy.core.editing import from_grid, to_grid
from headgate.policy.exchange import read_table, write_table
from headgate.policy.exchange.yaml_text import write_yaml
from tests.unit.policy.exchange.alike import meaning

TERMS = """\
policy: terms
version: 3
title: How long a contract may run
owner: sales
hit: first
inputs:
  - {name: term, type: months, min: P1M, max: P10Y, label: Contract term}
  - {name: notice, type: months, nullable: true}
  - {name: left, type: months, default: P0M}
outputs:
  - {name: longest, type: months}
  - {name: fee, type: number}
rows:
  - {id: short, when: {term: "< duration('P1Y')", left: "duration('P0M')"}, then: {longest: P6M, fee: 1}}
  - id: mid
    when: {term: "[duration('P1Y')..duration('P3Y')]", notice: "null, <= duration('P3M')"}
    then: {longest: P2Y, fee: 2}
  - {id: other, when: {notice: "not(duration('P5M'), duration('P1Y1M'))"}, then: {longest: P1Y6M, fee: 3}}
default: {longest: P0M, fee: 0}
"""
FORMULAS = TERMS.replace("longest: P2Y, fee: 2", 'longest: "= term * 2", fee: "= term > duration(\'P2Y\') ? 1 : 2"')
FACTS: list[dict[str, Any]] = [
    {"term": Months(term), "notice": None if notice is None else Months(notice), "left": Months(left)}
    for term in (1, 11, 12, 36, 37)
    for notice in (None, 3, 4, 5, 13)
    for left in (0, 1)
]


@pytest.mark.parametrize("text", [TERMS, FORMULAS], ids=["values", "formulas"])
@pytest.mark.parametrize("form", ["yaml", "xlsx", "csv"])
def test_months_survive_files_and_spreadsheets(form: str, text: str) -> None:
    table = parse_policy(text, "terms.yaml")
    data = write_yaml(table).encode() if form == "yaml" else write_table(table, form).data
    assert meaning(read_table(data, f"terms.{form}").policy) == meaning(table)


def test_people_type_durations_bare_in_a_sheet_and_read_them_bare() -> None:
    sheet = (
        "id,in term: months,in wait: duration,out longest: months\n"
        "a,< P1Y6M,[PT4H..P2D],P6M\n"
        "b,\"[P18M..P3Y], duration('P5Y')\",not(P1W),P1Y\n"
    )
    table = read_table(sheet.encode(), "terms.csv").policy
    assert [dict(r.when) for r in table.rows] == [
        {"term": "< duration('P1Y6M')", "wait": "[duration('PT4H')..duration('P2D')]"},
        {"term": "[duration('P18M')..duration('P3Y')], duration('P5Y')", "wait": "not(duration('P1W'))"},
    ]
    assert "< P1Y6M,[PT4H..P2D]" in write_table(table, "csv").data.decode()


def test_months_survive_dmn_as_its_own_type() -> None:
    table = parse_policy(TERMS.replace(", default: P0M", ""), "terms.yaml")
    out = write_table(table, "dmn")
    assert out.notices == ()
    assert b'typeRef="yearMonthDuration"' in out.data
    assert b"duration(&quot;P1Y&quot;)" in out.data
    assert meaning(read_table(out.data, "terms.dmn").policy) == meaning(table)


def test_what_is_computed_with_months_comes_out_the_same_after_dmn() -> None:
    table = parse_policy(FORMULAS.replace(", default: P0M", ""), "terms.yaml")
    policy, out = compile_policy(table), write_table(table, "dmn")
    assert out.notices == ()
    back = compile_policy(read_table(out.data, "terms.dmn").policy)
    assert [policy.evaluate(facts).outputs for facts in FACTS] == [back.evaluate(facts).outputs for facts in FACTS]


def test_months_become_numbers_of_months_in_jdm_and_come_back() -> None:
    table = parse_policy(TERMS, "terms.yaml")
    out = write_table(table, "jdm")
    told = [str(n) for n in out.notices if "term" in n.place]
    assert told == ["column term: stands as a number of months in JDM: P1Y6M is 18. Give and read such numbers there."]
    policy = compile_policy(table)
    back = compile_policy(parse_policy(read_table(out.data, "terms.json").text, "terms.yaml"))
    library = zen.ZenEngine().create_decision(out.data.decode())
    assert [c.type for c in back.table.inputs] == ["months"] * 3
    for facts in FACTS:
        ours = policy.evaluate(facts)
        assert back.evaluate(facts).outputs == ours.outputs
        counted = {name: None if value is None else value.count for name, value in facts.items()}
        assert library.evaluate(counted)["result"] == {
            "longest": ours.outputs["longest"].count,
            "fee": ours.outputs["fee"],
        }


def test_what_is_computed_with_months_is_refused_in_jdm() -> None:
    with pytest.raises(Invalid, match="row mid, column longest: JDM counts months in numbers and computes nothing"):
        write_table(parse_policy(FORMULAS, "terms.yaml"), "jdm")


def test_the_grid_gives_months_back_as_they_were_and_reads_those_that_are_typed() -> None:
    document = read_document(TERMS)
    grid = json.loads(json.dumps(to_grid(document), default=str))
    grid["rows"][0]["then"]["longest"] = "P9M"
    grid["rows"][1]["when"]["term"] = "> duration('P2Y')"
    grid["inputs"][0]["max"] = "P20Y"
    table = parse_policy(write_document(from_grid(document, grid)), "terms.yaml")
    assert table.rows[0].then["longest"] == "P9M"
    assert table.inputs[0].maximum == Months(240)
    assert compile_policy(table).evaluate({"term": "P11M", "notice": None}).outputs["longest"] == Months(9)
