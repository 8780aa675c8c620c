"""A cell or an output that does not fit its column's type, or that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.policy.core.model import Issue
from headgate.policy.lint.subject import Subject


def types(subject: Subject) -> Iterator[Issue]:
    """Errors."""
    return (issue for issue in subject.reading.issues if issue.rule == "types")
