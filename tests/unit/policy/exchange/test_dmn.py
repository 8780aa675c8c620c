"""DMN models in and out: what a policy says survives, and what cannot be taken over is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.kernel.errors import Invalid
from headgate.policy import compile_policy, parse_policy
from headgate.policy.exchange import MAX_FILE, read_table, read_tables, write_table
from headgate.policy.exchange.dmn.model import NAMESPACES
from tests.unit.policy.exchange.alike import meaning
from tests.unit.policy.samples import DISCOUNT

SHIPPED = sorted((Path(__file__).parents[4] / "packs").glob("*/policies/*.yaml"))
SPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def model(table: str = "", *, space: str = SPACE, more: str = "", kind: str = "number") -> bytes:
    """A model with one decision table over Age."""
    table = table or rule()
    return f"""<?xml version="1.0"?>
<definitions xmlns="{space}" id="m" name="m" namespace="urn:m">
  {more}
  <decision id="d" name="Approval Status"><variable name="Approval Status" typeRef="string"/>
    <informationRequirement><requiredInput href="#a"/></informationRequirement>
    {table}
  </decision>
  <inputData id="a" name="Age"><variable name="Age" typeRef="{kind}"/></inputData>
</definitions>""".encode()


def rule(
    cell: str = "&gt;= 18", result: str = '"Approved"', hit: str = 'hitPolicy="UNIQUE"', kind: str = "number"
) -> str:
    """A decision table with one rule."""
    return f"""<decisionTable id="t" {hit}>
      <input id="i"><inputExpression typeRef="{kind}"><text>Age</text></inputExpression></input>
      <output id="o"/>
      <rule id="r"><inputEntry id="c"><text>{cell}</text></inputEntry>
        <outputEntry id="e"><text>{result}</text></outputEntry></rule>
    </decisionTable>"""


def refusals(data: bytes, name: str = "m.dmn") -> str:
    """Every reason why the file is refused."""
    with pytest.raises(Invalid) as caught:
        read_tables(data, name)
    return "\n".join([caught.value.message, *map(str, caught.value.problems)])


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_a_shipped_policy_survives_dmn_but_for_its_tests_and_says_so(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    out = write_table(table, "dmn")
    back = read_table(out.data, "back.dmn")
    assert meaning(back.policy) == meaning(table, tests=())
    assert [n.place for n in out.notices] == ["tests"]
    assert not back.notices
    compile_policy(parse_policy(back.text, "back.yaml"))


EVERYTHING = """\
policy: every_kind
version: 7
title: Every <kind> & "quote"
description: Why it is so
owner: sales
hit: first
inputs:
  - {name: amount, type: money, currency: EUR, min: 0, label: Amount & more}
  - {name: limit, type: money, currency: EUR}
  - {name: tier, type: enum, values: [gold, silver], nullable: true}
  - {name: name, type: string}
  - {name: tags, type: list}
  - {name: day, type: date, min: 2026-01-01, max: 2026-12-31}
  - {name: at, type: datetime}
  - {name: age, type: duration}
  - {name: in, type: bool}
  - {name: share, type: percent, values: [5, 7.5]}
  - {name: count, type: integer, min: 1, max: 9}
outputs:
  - {name: outcome, type: enum, values: [pass, hold]}
  - {name: rate, type: percent, nullable: true}
  - {name: until, type: date}
  - {name: words, type: list}
rows:
  - id: one
    when:
      {amount: "$ > limit * 2 or $ < 10", tier: "not('gold')", name: "startsWith($, 'EX-') or $ == 'x'",
       tags: "contains($, 'a')"}
    then: {outcome: pass, rate: "= round(amount / limit, 2)", until: 2026-01-31, words: [a, "b, c"]}
    because: "{amount} & {tier}"
    clause: §1
  - id: two
    when: {day: "[d('2026-02-01')..d('2026-03-01'))", in: "true",
           at: "< d('2026-04-01T08:00:00Z')", age: "<= duration('PT48H')"}
    then: {outcome: hold, rate: null, until: 2026-01-31, words: []}
  - id: three
    when: {share: "5, not(7.5)", count: "$ > 2 ? true : limit > amount", tier: "null, 'silver'", amount: "!= limit"}
    then: {outcome: hold, rate: "= min([amount, limit, 5]) ?? 0", until: 2026-01-31, words: [x]}
default:
  then: {outcome: hold, rate: 0, until: 2026-06-30, words: [z]}
  because: nothing fits
  clause: §9
"""


def test_every_kind_of_cell_and_output_survives_dmn() -> None:
    table = parse_policy(EVERYTHING, "every_kind.yaml")
    compile_policy(table)
    out = write_table(table, "dmn")
    back = read_table(out.data, "back.dmn").policy
    assert [str(n) for n in out.notices] == ["column in: in is a word of FEEL, so it is called in_ in the model."]
    again = compile_policy(parse_policy(read_table(out.data, "back.dmn").text, "back.yaml"))
    assert meaning(back).inputs == tuple(meaning(table).inputs[:8]) + meaning(back).inputs[8:]
    assert (back.policy, back.version, back.owner, back.title) == (table.policy, 7, "sales", table.title)
    assert back.default is not None
    assert (back.default.because, back.default.clause) == ("nothing fits", "§9")
    facts = {
        "amount": 30, "limit": 10, "tier": "silver", "name": "EX-1", "tags": ["a"], "day": "2026-02-01",
        "at": "2026-01-01T00:00:00Z", "age": "PT1H", "in": True, "share": 5, "count": 3,
    }  # fmt: skip
    for changed in (
        {},
        {"name": "IN"},
        {"tags": ["b"], "in": False},
        {"tier": None},
        {"name": "y", "in": False, "amount": 9},
    ):
        given = facts | changed
        assert again.evaluate(given).outputs == compile_policy(table).evaluate(given).outputs
        assert again.evaluate(given).rows == compile_policy(table).evaluate(given).rows


def test_a_cell_beyond_s_feel_stays_in_zen_and_says_so() -> None:
    text = DISCOUNT.replace("{name: new, type: bool}", "{name: new, type: string}").replace(
        'when: {amount: "< 1000"}', "when: {new: \"trim($) == 'x'\"}"
    )
    table = parse_policy(text.partition("tests:")[0], "discount.yaml")
    out = write_table(table, "dmn")
    assert any(n.place == "row small, column new" and "stays in ZEN" in n.message for n in out.notices)
    assert b'expressionLanguage="urn:headgate:zen"' in out.data
    assert meaning(read_table(out.data, "back.dmn").policy) == meaning(table)


@pytest.mark.parametrize("space", NAMESPACES, ids=NAMESPACES.values())
def test_every_published_version_of_dmn_is_read(space: str) -> None:
    found = read_table(model(space=space), "m.dmn")
    assert [(r.id, dict(r.when), dict(r.then)) for r in found.policy.rows] == [
        ("r", {"age": ">= 18"}, {"approval_status": "Approved"})
    ]
    assert [n.place for n in found.notices] == ["owner"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + b"<d>&x;</d>",
            "line 1: has a document type or entity",
        ),
        (
            b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><d>&b;</d>',
            "has a document type or entity",
        ),
        (model(space="urn:other"), "line 2: is <definitions> of the namespace urn:other"),
        (b"<definitions xmlns='" + SPACE.encode() + b"'><decision></definitions>", "is not XML: mismatched tag"),
        (model(rule(hit='hitPolicy="SOMETIMES"')), "decisionTable t: the hit policy 'SOMETIMES' is not known"),
        (model(rule(hit='hitPolicy="COLLECT" aggregation="AVG"')), "the aggregation 'AVG' is not known"),
        (model(rule(kind="tMystery")), "the type 'tMystery' is not known"),
        (model(rule(kind="time")), "time has no type in policies"),
        (model(rule("for i in [1] return i")), "row 1 (r), input age: 'for i in [1] return i': for … loops"),
        (model(rule("&gt; Weight")), "row 1 (r), input age: '> Weight': Weight is not an input"),
        (model(rule("&gt; 2 ** 3")), "row 1 (r), input age: '> 2 ** 3': ** is not available in policies"),
        (model(rule(result="decimal(Age, 0)")), "output approval_status: 'decimal(Age, 0)': the function decimal"),
        (model(rule(result="")), "output approval_status: is empty"),
        (model(rule(result='"=1+1"')), "begins with ="),
        (model(rule().replace("<text>Age</text>", "<text>Age * 2</text>")), "'Age * 2' is computed"),
        (model(rule(hit='hitPolicy="PRIORITY"')), "does not say which output ranks before which"),
        (model("<relation id='x'/>"), "is made by relation, which policies do not have"),
        (
            model("<literalExpression expressionLanguage='http://java.com'><text>x</text></literalExpression>"),
            "is written in",
        ),
        (
            model(rule().replace("<inputEntry", "<other").replace("</inputEntry", "</other")),
            "has 0 input entries for 1",
        ),
        (b"not xml at all", "is not XML"),
        (("<a>" * 100 + "</a>" * 100).encode(), "nests deeper than 64 levels"),
    ],
)
def test_a_model_that_cannot_be_a_policy_is_refused_with_its_place(data: bytes, expected: str) -> None:
    assert expected in refusals(data)


def test_a_file_of_twenty_megabytes_is_refused_before_it_is_read() -> None:
    assert f"larger than {MAX_FILE // 1_000_000} MB" in refusals(b"<definitions>" + b" " * 20_000_000)


def test_a_required_decision_becomes_a_chained_input() -> None:
    second = f"""<decision id="d2" name="Letter"><variable name="Letter" typeRef="string"/>
      <informationRequirement><requiredDecision href="#d"/></informationRequirement>
      {rule('"Approved"', '"yes"', kind="string").replace("<text>Age</text>", "<text>Approval Status</text>")}
    </decision>"""
    found = read_tables(model(more=second), "m.dmn")
    assert [i.policy.policy for i in found] == ["approval_status", "letter"]
    assert [str(c.source) for c in found[1].policy.inputs] == ["approval_status.approval_status"]
    assert "holds 2 policies (approval_status, letter)" in refusals_of_one(model(more=second))


def refusals_of_one(data: bytes) -> str:
    """Why the file does not hold one policy."""
    with pytest.raises(Invalid) as caught:
        read_table(data, "m.dmn")
    return caught.value.message


def test_decisions_that_need_each_other_are_refused() -> None:
    ring = model().replace(b"</informationRequirement>", b'<requiredDecision href="#d"/></informationRequirement>')
    assert "need each other in a circle" in refusals(ring)


def test_what_plays_no_part_is_said() -> None:
    found = read_table(model(more="<knowledgeSource id='k' name='Law'/>"), "m.dmn")
    assert any("<knowledgeSource> plays no part" in n.message for n in found.notices)
