"""Policy decisions: a compiled table against the same table as a decision graph of the ZEN engine, whole-graph call."""

from __future__ import annotations

import json
import random
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import zen

from bench.harness import Options, Report, median
from headgate.packs import find_pack
from headgate.policy import compile_policy, parse_policy

TITLE = "Decisions of one table: compiled, and by the library's whole graph"


def bench(options: Options) -> Report:
    """The price table of the pack over random lines, none of them cached."""
    count, rounds = options.size(20_000, 500), options.size(5, 1)
    path = find_pack("order_governance") / "policies" / "price_deviation.yaml"
    table = parse_policy(Path(path).read_text(encoding="utf-8"), path.name)
    chance = random.Random(3)
    facts = [
        {
            "deviation_pct": Decimal(chance.randint(-500, 3000)) / 100,
            "has_contract": chance.random() > 0.1,
            "line_amount": Decimal(chance.randint(1, 10_000_000)) / 100,
            "tier": chance.choice(["bronze", "silver", "gold"]),
        }
        for _ in range(count)
    ]
    plain = [{k: float(v) if isinstance(v, Decimal) else v for k, v in f.items()} for f in facts]
    graph = zen.ZenEngine().create_decision(json.dumps(_graph(table)))
    ours, theirs, cached = [], [], []
    for _ in range(rounds):
        policy = compile_policy(table)
        ours.append(_per_second(policy.evaluate, facts))
        cached.append(_per_second(policy.evaluate, facts[:500] * max(1, len(facts) // 500)))
        theirs.append(_per_second(graph.evaluate, plain[: max(50, count // 20)]))
    figures = {
        "compiled_per_second": median(ours),
        "compiled_repeated_per_second": median(cached),
        "graph_per_second": median(theirs),
    }
    return Report("policy", TITLE, figures, {"compiled_to_graph": median(ours) / median(theirs)})


def _per_second(evaluate: Any, facts: list[Any]) -> float:
    start = time.perf_counter()
    for one in facts:
        evaluate(one)
    return len(facts) / (time.perf_counter() - start)


def _graph(table: Any) -> dict[str, Any]:
    """The same rows as a GoRules decision graph with one table."""
    inputs = [{"id": c.name, "name": c.name, "type": "expression", "field": c.name} for c in table.inputs]
    outputs = [{"id": f"out-{c.name}", "name": c.name, "type": "expression", "field": c.name} for c in table.outputs]
    rules = [
        {
            "_id": row.id,
            **{c.name: str(row.when.get(c.name, "")) for c in table.inputs},
            **{f"out-{name}": json.dumps(value) for name, value in row.then.items()},
        }
        for row in table.rows
    ]
    content = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": rules}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "table", "type": "decisionTableNode", "name": "table", "position": {"x": 1, "y": 0}, "content": content},
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 2, "y": 0}},
    ]
    edges = [
        {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "b", "type": "edge", "sourceId": "table", "targetId": "out"},
    ]
    return {"nodes": nodes, "edges": edges}
