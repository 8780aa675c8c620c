"""Scenarios: a pack's stories in YAML, given, events, expected. `read_suite` reads them, `run_suite` plays them."""

from headgate.packs.scenarios.running import Suite, read_suite, report, run_suite
from headgate.packs.scenarios.stage import Outcome

__all__ = ["Outcome", "Suite", "read_suite", "report", "run_suite"]
