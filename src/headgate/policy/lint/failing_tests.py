"""An example that does not come out as the policy says it should."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.examples import run_examples
from headgate.policy.core.model import Issue
from headgate.policy.core.reading import Reading


def failing_tests(reading: Reading) -> Iterator[Issue]:
    """An error per failing example, with what was expected and what came."""
    for result in run_examples(CompiledPolicy(reading)):
        if not result.passed:
            message = f"{result.name} fails: {'; '.join(result.problems)}"
            yield Issue("failing_tests", "error", message, reading.table.file, result.line)
