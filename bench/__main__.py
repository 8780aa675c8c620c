"""`python -m bench [NAME] [--json] [--quick]`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
from functools import partial

from rich.console import Console
from rich.table import Table

from bench.harness import Options, Report, rounded

BENCHES = (
    "governed_orders",
    "rounds",
    "workers",
    "growth",
    "ingest",
    "end_to_end",
    "audit",
    "policy",
    "backtest",
    "policy_eval",
    "lint",
    "policy_save",
    "advance",
)


def main(arguments: list[str]) -> int:
    """Run one bench or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benches print figures and ratios.")
    parser.add_argument("name", nargs="?", choices=BENCHES, help="without it, all of them")
    parser.add_argument("--json", action="store_true", help="one JSON object per bench")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    given = parser.parse_args(arguments)
    # Told to stop, a bench stops its server and drops its databases as when it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    err = Console(stderr=True)
    reports = []
    for name in [given.name] if given.name else BENCHES:
        options = Options(quick=given.quick, say=partial(_say, err, name))
        reports.append(importlib.import_module(f"bench.{name}").bench(options))
        if given.json:
            sys.stdout.write(json.dumps(reports[-1].as_json()) + "\n")
            sys.stdout.flush()
    if not given.json:
        _print(reports)
    return 0


def _say(err: Console, name: str, text: str) -> None:
    err.print(f"[dim]{name}: {text}[/]")


def _print(reports: list[Report]) -> None:
    table = Table(title="Benches", title_justify="left", header_style="bold", box=None, pad_edge=False)
    for label, justify in (("Bench", "left"), ("Figure", "left"), ("Value", "right")):
        table.add_column(label, justify=justify)  # type: ignore[arg-type]
    for report in reports:
        rows = [*report.figures.items(), *((f"ratio {name}", value) for name, value in report.ratios.items())]
        for place, (name, value) in enumerate(rows):
            shown = f"{value:,}" if isinstance(value, int) else f"{rounded(value):,g}"
            table.add_row(report.bench if not place else "", name.replace("_", " "), shown)
        for note in report.notes:
            table.add_row("", note, "")
    Console().print(table)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # A peer that did not come to an end may have left threads behind.
    os._exit(code)
