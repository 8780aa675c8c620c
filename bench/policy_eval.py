"""Decisions of tables of 10, 100 and 1,000 rows: compiled, by the library's whole graph, and by a loop in Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import zen

from bench.harness import Options, Report, median
from bench.policy_tables import Slab, graph_text, slab_facts, slab_table, slabs
from headgate.policy import compile_policy

TITLE = "Decisions of tables of 10, 100 and 1,000 rows"
SIZES = (10, 100, 1_000)


def bench(options: Options) -> Report:
    """Random facts, none of them cached; what the three say is compared before it is measured."""
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for size in SIZES:
        rows = slabs(size)
        count, rounds = options.size(10_000, 200), options.size(5, 1)
        facts = slab_facts(size, count)
        plain = [{**f, "amount": float(f["amount"])} for f in facts]
        table = slab_table(rows)
        compiled = compile_policy(table).evaluate
        whole = zen.ZenEngine().create_decision(graph_text(table)).evaluate
        loop = _loop(rows)
        few, some = max(20, count * 2 // size // 5), max(50, count // (size // 10) // 2)
        _compare(compiled, whole, loop, facts[:50], plain[:50])
        speeds: dict[str, list[float]] = {"compiled": [], "graph": [], "loop": []}
        for _ in range(rounds):
            speeds["compiled"].append(_per_second(compiled, facts))
            speeds["graph"].append(_per_second(whole, plain[:few]))
            speeds["loop"].append(_per_second(loop, facts[:some]))
        options.say(f"{size} rows: {median(speeds['compiled']):,.0f} decisions a second")
        figures |= {f"{name}_{size}_rows_per_second": median(found) for name, found in speeds.items()}
        ours = median(speeds["compiled"])
        ratios[f"compiled_to_graph_{size}_rows"] = ours / median(speeds["graph"])
        ratios[f"compiled_to_loop_{size}_rows"] = ours / median(speeds["loop"])
    note = (
        "per second of processor time; a compiled decision is checked and typed facts, row, outputs and reason, one of "
        "the loop only the row's number"
    )
    return Report("policy_eval", TITLE, figures, ratios, (note,))


def _loop(rows: Sequence[Slab]) -> Callable[[dict[str, Any]], int]:
    """What one would write by hand: the rows from the top, the first that fits."""

    def decide(facts: dict[str, Any]) -> int:
        tier, region, amount = facts["tier"], facts["region"], facts["amount"]
        for row in rows:
            if (
                row.tier == tier
                and row.region == region
                and (row.low is None or amount >= row.low)
                and (row.high is None or amount < row.high)
            ):
                return row.discount
        raise LookupError(facts)

    return decide


def _compare(compiled: Any, whole: Any, loop: Any, facts: list[dict[str, Any]], plain: list[dict[str, Any]]) -> None:
    for fact, same in zip(facts, plain, strict=True):
        said = compiled(fact).outputs["discount"]
        by_graph = Decimal(str(whole(same)["result"]["discount"]))
        if not said == by_graph == loop(fact):
            raise AssertionError(f"{fact}: {said} compiled, {by_graph} by the graph, {loop(fact)} by the loop")


def _per_second(evaluate: Callable[[Any], object], facts: list[Any]) -> float:
    start = time.process_time()
    for one in facts:
        evaluate(one)
    return len(facts) / max(time.process_time() - start, 1e-9)
