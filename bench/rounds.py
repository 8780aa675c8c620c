"""Small rounds: what a worker pays to look, claim, load, decide and commit when only a few orders wait.

That is what latency is made of below saturation.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.channel import append, open_channel, orders, seed
from bench.harness import Cost, Options, Report, median, server
from headgate.worker import Worker

TITLE = "Rounds of a few orders, one worker"
NAME = "rounds"
FEW, MORE = 1, 8  # orders a round
SKIPPED = 10  # rounds until statements are prepared and masters remembered


def bench(options: Options) -> Report:
    """Rounds of one order and of eight, taking turns."""
    rounds = options.size(100, 12)
    costs: dict[int, list[Cost]] = {FEW: [], MORE: []}
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        options.say("preparing")
        machine.with_schema(NAME)
        with machine.open(NAME) as database:
            channel = open_channel(database, Path(folder))
            seed(channel)
            machine.settle(NAME)
            worker, runner, waiting = Worker(channel.app), channel.app.runner(), orders(rounds * (FEW + MORE))
            options.say(f"{rounds} rounds of each")
            while waiting:
                for size, found in costs.items():
                    append(channel, [waiting.pop() for _ in range(size)])
                    found.append(machine.meter(lambda: worker.step(runner)))
            with database.transaction(channel.context().tenant_id) as conn:
                (left,) = conn.execute("select count(*) from inbox").fetchone() or (1,)
    if left:
        raise RuntimeError(f"{left} events were not governed; the figures would say nothing")
    figures: dict[str, float] = {"rounds": rounds}
    for size, found in costs.items():
        counted = found[SKIPPED:]
        figures[f"wall_ms_of_{size}"] = median(1000 * cost.wall for cost in counted)
        figures[f"python_ms_of_{size}"] = 1000 * sum(cost.python for cost in counted) / len(counted)
        figures[f"postgres_ms_of_{size}"] = 1000 * sum(cost.postgres for cost in counted) / len(counted)
    few, more = (figures[f"python_ms_of_{n}"] + figures[f"postgres_ms_of_{n}"] for n in (FEW, MORE))
    return Report(NAME, TITLE, figures, {"order_alone_to_order_of_8": few / (more / MORE)})
