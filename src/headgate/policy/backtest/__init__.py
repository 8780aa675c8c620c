"""Try candidate versions of a policy on recorded decisions: what flips, for whom, how much, and why."""

from headgate.policy.backtest.ahead import ENOUGH, Ahead, Prepared, ahead_of, has_grown
from headgate.policy.backtest.core.spec import last_quarter
from headgate.policy.backtest.drill import Drilled, Pair, Said
from headgate.policy.backtest.findings import headline
from headgate.policy.backtest.reading import Hosted
from headgate.policy.backtest.runs import (
    KeptFlip,
    Run,
    get_flip,
    get_result,
    get_run,
    latest_results,
    list_flips,
    list_runs,
    results_of,
)
from headgate.policy.backtest.service import Backtests, Wanted, purge_backtests

__all__ = [
    "ENOUGH",
    "Ahead",
    "Backtests",
    "Drilled",
    "Hosted",
    "KeptFlip",
    "Pair",
    "Prepared",
    "Run",
    "Said",
    "Wanted",
    "ahead_of",
    "get_flip",
    "get_result",
    "get_run",
    "has_grown",
    "headline",
    "last_quarter",
    "latest_results",
    "list_flips",
    "list_runs",
    "purge_backtests",
    "results_of",
]
