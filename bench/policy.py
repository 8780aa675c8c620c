"""Policy decisions: a compiled table against the same table as a decision graph of the ZEN engine, whole-graph call."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import zen

from bench.harness import Options, Report, median
from bench.policy_tables import graph_text
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
    whole = zen.ZenEngine().create_decision(graph_text(table))
    ours, theirs, cached = [], [], []
    for _ in range(rounds):
        policy = compile_policy(table)
        ours.append(_per_second(policy.evaluate, facts))
        cached.append(_per_second(policy.evaluate, facts[:500] * max(1, len(facts) // 500)))
        theirs.append(_per_second(whole.evaluate, plain[: max(50, count // 20)]))
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
