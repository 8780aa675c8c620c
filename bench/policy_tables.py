"""Decision tables of any size for the benches: every tier and region has its own slabs of amounts, without gap or
overlap."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from headgate.policy import PolicyTable, parse_policy

TIERS = ("bronze", "silver", "gold", "platinum", "new")
REGIONS = ("north", "south")
SLAB = 1_000

_HEAD = """\
policy: slabs
version: 1
title: Discount by tier, region and amount
owner: bench
hit: unique
inputs:
  - {name: tier, type: enum, values: [bronze, silver, gold, platinum, new]}
  - {name: region, type: enum, values: [north, south]}
  - {name: amount, type: money, currency: EUR}
  - {name: ordered, type: date}
  - {name: lines, type: integer, min: 1}
outputs:
  - {name: discount, type: percent}
rows:
"""


@dataclass(frozen=True, slots=True)
class Slab:
    """One row as plain values; an end that is None is open."""

    id: str
    tier: str
    region: str
    low: int | None
    high: int | None
    discount: int


def slabs(rows: int) -> list[Slab]:
    """That many rows, a multiple of ten."""
    count = rows // (len(TIERS) * len(REGIONS))
    found: list[Slab] = []
    for tier in TIERS:
        for region in REGIONS:
            for place in range(count):
                low = None if place == 0 else place * SLAB
                high = None if place == count - 1 else (place + 1) * SLAB
                found.append(Slab(f"r{len(found)}", tier, region, low, high, len(found) % 97))
    return found


def slab_table(rows: list[Slab]) -> PolicyTable:
    """The rows as a policy."""
    texts = [
        f"  - {{id: {r.id}, when: {{tier: \"'{r.tier}'\", region: \"'{r.region}'\"{_amount(r)}}}, "
        f"then: {{discount: {r.discount}}}}}\n"
        for r in rows
    ]
    return parse_policy(_HEAD + "".join(texts), "slabs.yaml")


def _amount(row: Slab) -> str:
    if row.low is None and row.high is None:
        return ""
    if row.low is None:
        return f', amount: "< {row.high}"'
    return f', amount: ">= {row.low}"' if row.high is None else f', amount: "[{row.low}..{row.high})"'


def slab_facts(rows: int, count: int) -> list[dict[str, Any]]:
    """Random facts over the whole table."""
    chance = random.Random(5)
    span = max(2, rows // (len(TIERS) * len(REGIONS)) + 1) * SLAB * 100
    return [
        {
            "tier": chance.choice(TIERS),
            "region": chance.choice(REGIONS),
            "amount": Decimal(chance.randrange(span)) / 100,
            "ordered": "2026-03-01",
            "lines": chance.randint(1, 40),
        }
        for _ in range(count)
    ]


def graph_text(table: PolicyTable) -> str:
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
    return json.dumps({"nodes": nodes, "edges": edges})
