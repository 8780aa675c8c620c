"""Try candidate versions of a policy on recorded decisions: what flips, for whom, how much, and why."""

from headgate.policy.backtest.reading import Hosted
from headgate.policy.backtest.runs import (
    KeptFlip,
    Run,
    get_flip,
    get_result,
    get_run,
    list_flips,
    list_runs,
)
from headgate.policy.backtest.service import Backtests, Wanted, purge_backtests

__all__ = [
    "Backtests",
    "Hosted",
    "KeptFlip",
    "Run",
    "Wanted",
    "get_flip",
    "get_result",
    "get_run",
    "list_flips",
    "list_runs",
    "purge_backtests",
]
