"""GoRules JSON Decision Models: the library decides exported ones alike; programs in imported ones are refused."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zen

from headgate.kernel.errors import Invalid
from headgate.policy import CompiledPolicy, InputColumn, NoRowMatched, compile_policy, parse_policy
from headgate.policy.core.evaluation import plain_json
from headgate.policy.core.model import NUMERIC
from headgate.policy.core.reading import read_table as understood
from headgate.policy.exchange import read_table, read_tables, write_table
from tests.unit.policy.exchange.alike import meaning
from tests.unit.policy.samples import DISCOUNT

SHIPPED = sorted((Path(__file__).parents[4] / "packs").glob("*/policies/*.yaml"))

TRICKY = """\
policy: tricky
version: 3
title: Tricky
owner: sales
hit: priority
inputs:
  - {name: amount, type: number, nullable: true}
  - {name: limit, type: number}
  - {name: tier, type: enum, values: [gold, silver], nullable: true}
  - {name: day, type: date}
  - {name: until, type: date}
  - {name: tags, type: list}
outputs:
  - {name: outcome, type: enum, values: [hold, pass]}
  - {name: rate, type: number, nullable: true}
rows:
  - {id: a, when: {amount: "< 5, > 20", tier: "not('gold')"}, then: {outcome: pass, rate: "= round(limit / 3, 2)"}}
  - {id: b, when: {amount: "not([1..10])"}, then: {outcome: pass, rate: 1}}
  - id: c
    when: {day: "[d('2026-01-10')..d('2026-01-20'))", tags: "contains($, 'x')"}
    then: {outcome: hold, rate: null}
  - {id: d, when: {day: "> until", amount: "null, 7"}, then: {outcome: hold, rate: "= min([limit, 3])"}}
  - {id: e, when: {limit: "> 2", tier: "null"}, then: {outcome: pass, rate: "= limit > 3 ? limit : 0"}}
default:
  then: {outcome: pass, rate: 0.25}
"""


def fact(column: InputColumn, mentioned: list[Any], dice: random.Random) -> Any:
    """A fact for a column: often a value that the table mentions, or one beside it."""
    if column.nullable and dice.random() < 0.2:
        return None
    if column.type == "bool":
        return dice.random() < 0.5
    if column.type == "list":
        return dice.sample(["x", "y", "z"], dice.randrange(4))
    if column.type == "date":
        return (date(2026, 1, 15) + timedelta(days=dice.randrange(-10, 10))).isoformat()
    values = [v for v in (*column.values, *mentioned) if v is not None]
    if column.type in NUMERIC:
        base = dice.choice([v for v in values if isinstance(v, Decimal)] or [Decimal(10)])
        number = base + dice.choice([Decimal(0), Decimal(1), Decimal(-1), Decimal(3)])
        low, high = column.minimum, column.maximum
        number = max(number, low) if isinstance(low, Decimal) else number
        number = min(number, high) if isinstance(high, Decimal) else number
        return int(number) if number == number.to_integral_value() else float(number)
    texts = [v for v in values if isinstance(v, str)]
    return dice.choice(texts if column.type == "enum" else [*texts, "other"])


def ours(compiled: CompiledPolicy, facts: dict[str, Any]) -> Any:
    """What the policy gives, in the library's terms: null outputs are absent, no row is an empty result."""
    exact = {
        k: Decimal(repr(v)) if isinstance(v, (int, float)) and not isinstance(v, bool) else v for k, v in facts.items()
    }
    try:
        return told(plain_json(compiled.evaluate(exact).outputs))
    except NoRowMatched:
        return {}


def told(value: Any) -> Any:
    """Numbers alike, absent for null."""
    if isinstance(value, dict):
        return {k: told(v) for k, v in value.items() if v is not None and v != []}
    if isinstance(value, list):
        return [told(v) for v in value]
    if isinstance(value, str):
        try:
            return round(Decimal(value), 9).normalize()
        except ArithmeticError:
            return value
    return round(Decimal(repr(value)), 9).normalize() if type(value) in (int, float) else value


def mentioned_in(compiled: CompiledPolicy) -> dict[str, list[Any]]:
    """The values that a table's segments stand for, by input."""
    return {axis.column.name: [s.sample for s in axis.segments] for axis in compiled.reading.axes}


@pytest.mark.parametrize(
    "text",
    [*(f.read_text() for f in SHIPPED), TRICKY, DISCOUNT],
    ids=[*(f.stem for f in SHIPPED), "tricky", "discount"],
)
def test_the_library_decides_an_exported_model_as_we_do(text: str) -> None:
    table = parse_policy(text, "a.yaml")
    compiled = compile_policy(table)
    # A default beside collected rows has no equal, which the export says; so it is left out on both sides here.
    out = write_table(table, "jdm")
    unsaid = any(n.place == "default" and "collected" in n.message for n in out.notices)
    decision = zen.ZenEngine().create_decision(out.data.decode())
    dice, mentioned = random.Random(7), mentioned_in(compiled)
    for _ in range(150):
        facts = {c.name: fact(c, mentioned[c.name], dice) for c in table.inputs}
        wanted = ours(compiled, facts)
        if unsaid and compiled.evaluate(
            facts | {k: Decimal(repr(v)) for k, v in facts.items() if type(v) is float}
        ).rows == ("default",):
            continue
        assert told(decision.evaluate(facts)["result"]) == wanted, facts


@pytest.mark.parametrize("aggregate", ["sum", "min", "max", "count"])
def test_an_aggregate_becomes_an_expression_node_that_the_library_works_out(aggregate: str) -> None:
    text = (
        DISCOUNT.partition("tests:")[0].replace("hit: first", f"hit: collect\naggregate: {aggregate}")
        .replace('"< 1000"', '"< 5000"').replace("{name: rate, type: percent}", "{name: rate, type: number}")
    )  # fmt: skip
    compiled = compile_policy(parse_policy(text, "a.yaml"))
    decision = zen.ZenEngine().create_decision(write_table(compiled.table, "jdm").data.decode())
    facts = {"amount": 2000, "tier": "gold", "new": False}
    assert told(decision.evaluate(facts)["result"]) == ours(compiled, facts)
    assert len(ours(compiled, facts)["list"]) == 3
    back = read_table(write_table(compiled.table, "jdm").data, "a.json").policy
    assert (back.hit, back.aggregate) == ("collect", aggregate)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_a_shipped_policy_survives_jdm_in_what_it_decides(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    back = read_table(write_table(table, "jdm").data, "back.json").policy
    assert meaning(back).inputs == meaning(table).inputs
    assert meaning(back).outputs == meaning(table).outputs
    assert {r.id: (r.because, r.clause) for r in back.rows} == {r.id: (r.because, r.clause) for r in table.rows}
    assert not understood(back).issues
    first, second = compile_policy(table), compile_policy(back)
    dice, mentioned = random.Random(11), mentioned_in(first)
    for _ in range(60):
        facts = {c.name: fact(c, mentioned[c.name], dice) for c in table.inputs}
        if back.default is not None or table.default is None:
            assert ours(second, facts) == ours(first, facts)


def graph(*nodes: dict[str, Any], edges: list[tuple[str, str]] | None = None) -> bytes:
    """A model of these nodes, fed in their order."""
    ids = [n["id"] for n in nodes]
    pairs = edges if edges is not None else list(pairwise(ids))
    told_edges = [{"id": f"{a}{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in pairs]
    return json.dumps({"nodes": list(nodes), "edges": told_edges}).encode()


def table_node(
    id_: str = "t",
    *,
    field: str = "amount",
    cell: str = "> 5",
    result: str = "'yes'",
    out: str = "answer",
    **content: Any,
) -> dict[str, Any]:
    """A decision table node with one rule."""
    return {
        "id": id_, "name": f"Table {id_}", "type": "decisionTableNode",
        "content": {
            "hitPolicy": "first",
            "inputs": [{"id": "i", "name": "I", "field": field}],
            "outputs": [{"id": "o", "name": "O", "field": out}],
            "rules": [{"_id": "r", "i": cell, "o": result, "_description": "why {so}"}],
        } | content,
    }  # fmt: skip


START = {"id": "s", "name": "start", "type": "inputNode", "content": {}}


def test_a_model_of_another_tool_is_read_with_types_from_its_cells() -> None:
    found = read_table(graph(START, table_node(cell="[1..5], > 10")), "m.json").policy
    assert [(c.name, c.type) for c in found.inputs] == [("amount", "number")]
    assert [(r.id, dict(r.when), dict(r.then), r.because) for r in found.rows] == [
        ("row_1", {"amount": "[1..5], > 10"}, {"answer": "yes"}, "why (so)")
    ]
    assert (found.policy, found.hit, found.owner) == ("table_t", "first", "unowned")


def test_tables_that_feed_tables_become_chained_policies() -> None:
    found = read_tables(
        graph(START, table_node("a"), table_node("b", field="answer", cell="'yes'", out="letter")), "m.json"
    )
    assert [i.policy.policy for i in found] == ["table_a", "table_b"]
    assert str(found[1].policy.inputs[0].source) == "table_a.answer"


def test_expressions_become_a_row_that_always_fits() -> None:
    schema = json.dumps({"type": "object", "properties": {"amount": {"type": "number"}}})
    start = {"id": "s", "name": "s", "type": "inputNode", "content": {"schema": schema}}
    node = {
        "id": "e",
        "name": "Twice",
        "type": "expressionNode",
        "content": {"expressions": [{"key": "twice", "value": "amount * 2"}]},
    }
    compiled = compile_policy(parse_policy(read_table(graph(start, node), "m.json").text))
    assert compiled.evaluate({"amount": 4}).outputs == {"twice": Decimal(8)}


def other(kind: str) -> dict[str, Any]:
    """A node of another kind."""
    return {"id": "x", "name": "Other", "type": kind, "content": {"source": "export const handler = () => 1"}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            graph(START, other("functionNode")),
            "node Other (functionNode): runs a program, and rules never run host code",
        ),
        (graph(START, other("customNode")), "runs code of another tool"),
        (graph(START, other("switchNode")), "branches between nodes"),
        (graph(START, other("decisionNode")), "calls a decision in another file"),
        (
            graph(table_node("a"), table_node("b"), edges=[("a", "b"), ("b", "a")]),
            "Table a, Table b feed each other in a circle",
        ),
        (graph(table_node("a"), edges=[("a", "a")]), "feed each other in a circle"),
        (graph(table_node("a"), edges=[("a", "zzz")]), "leads from or to a node that is not there"),
        (graph(START, table_node(hitPolicy="sometimes")), "the hit policy 'sometimes' is not known"),
        (graph(START, table_node(cell="filter([1], # > 0)")), "has no type, and its cells do not tell one"),
        (graph(START, table_node(field="a + b")), "is computed, and a policy only reads facts"),
        (graph(START, table_node(field="")), "has cells but names no field"),
        (graph(START, table_node(executionMode="loop")), "runs once for each member of a list"),
        (graph(START), "has no decision table"),
        (b'{"nodes": 5}', "it has no list of nodes"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"nodes": [', "is not JSON"),
    ],
)
def test_a_model_that_cannot_be_a_policy_is_refused_with_its_place(data: bytes, expected: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_tables(data, "m.json")
    assert expected in "\n".join([caught.value.message, *map(str, caught.value.problems)])


def test_a_cell_that_a_policy_does_not_allow_is_refused_with_its_row_and_column() -> None:
    node = table_node()
    node["content"]["rules"].append({"_id": "r2", "i": "date('now') > 5", "o": "'no'"})
    with pytest.raises(Invalid, match=r"node Table t, row row_2, column amount: .*the function date is not allowed"):
        read_tables(graph(START, node), "m.json")


def test_types_without_an_equal_are_refused_on_export() -> None:
    text = DISCOUNT.partition("tests:")[0].replace("{name: new, type: bool}", "{name: new, type: duration}")
    with pytest.raises(Invalid, match="column new: of type duration has no equal in JDM"):
        write_table(parse_policy(text, "a.yaml"), "jdm")


def test_defaults_of_columns_come_back_and_what_other_tools_do_not_know_is_said() -> None:
    text = """
policy: fees
version: 1
title: Fees
owner: finance
hit: first
inputs:
  - {name: tier, type: enum, values: [gold, bronze], default: bronze}
  - {name: weight, type: number, default: 1.5}
  - {name: urgent, type: bool, default: false}
  - {name: code, type: string, nullable: true, default: null}
  - {name: tags, type: list, default: [a, b]}
outputs:
  - {name: outcome, type: enum, values: [pass, hold], default: hold}
  - {name: fee, type: number, default: "= weight * 2"}
rows:
  - {id: a, when: {tier: "'gold'"}, then: {outcome: pass, fee: 1}}
  - {id: b, when: {tier: "'bronze'"}, then: {}}
"""
    table = parse_policy(text, "fees.yaml")
    out = write_table(table, "jdm")
    assert "input tier: other tools do not know its default" in " ".join(map(str, out.notices))
    back = read_table(out.data, "fees.json").policy
    assert meaning(back).inputs == meaning(table).inputs
    assert meaning(back).outputs == meaning(table).outputs
    model = json.loads(out.data)
    schema = json.loads(model["nodes"][0]["content"]["schema"])
    schema["x-headgate"]["inputs"]["weight"]["default"] = {"formula": 7}
    schema["x-headgate"]["inputs"]["tier"]["default"] = 7
    schema["x-headgate"]["outputs"]["fee"]["default"] = "many"
    model["nodes"][0]["content"]["schema"] = json.dumps(schema)
    odd = read_table(json.dumps(model).encode(), "fees.json").policy
    assert [c.default for c in odd.inputs[:2]] == [None, None]
    assert odd.outputs[1].default is None
