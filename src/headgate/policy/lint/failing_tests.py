"""An example that does not come out as the policy says it should."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import joined, phrase
from headgate.policy.core.model import Issue
from headgate.policy.lint.subject import Subject


def failing_tests(subject: Subject) -> Iterator[Issue]:
    """An error per failing example, with what was expected and what came."""
    for result in subject.results:
        if not result.passed:
            message = phrase("%(name)s fails: %(told)s", name=result.name, told=joined("; ", result.problems))
            yield Issue("failing_tests", "error", message, subject.table.file, result.line)
