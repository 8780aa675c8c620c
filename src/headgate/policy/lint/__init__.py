"""What an author is told before a policy can be reviewed. One rule per file; each takes a `Subject`, gives `Issue`s.

The rules reason over the table's segments, so a gap or an overlap is found if there is one, and shown with an input
that hits it.
Adding a rule is one file and one line in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from headgate.policy.core.model import Issue, PolicyTable
from headgate.policy.core.reading import read_table
from headgate.policy.lint.conditions import conditions
from headgate.policy.lint.failing_tests import failing_tests
from headgate.policy.lint.gaps import gaps
from headgate.policy.lint.missing_tests import missing_tests
from headgate.policy.lint.overlaps import overlaps
from headgate.policy.lint.redundant import redundant
from headgate.policy.lint.subject import Subject
from headgate.policy.lint.suspect import suspect
from headgate.policy.lint.types import types
from headgate.policy.lint.undecided import undecided
from headgate.policy.lint.units import units
from headgate.policy.lint.unknown_fields import unknown_fields
from headgate.policy.lint.unreachable import unreachable

Rule = Callable[[Subject], Iterable[Issue]]

# The first two say what cannot be understood; the others run only on what can.
READABLE: tuple[Rule, ...] = (unknown_fields, types)
RULES: tuple[Rule, ...] = (
    gaps,
    overlaps,
    unreachable,
    redundant,
    undecided,
    units,
    suspect,
    conditions,
    missing_tests,
    failing_tests,
)


def lint(table: PolicyTable) -> list[Issue]:
    """Everything worth telling the author, by line. `severity` is error (stops a draft), warning or note."""
    return lint_subject(Subject(read_table(table)))


def lint_subject(subject: Subject) -> list[Issue]:
    """The same of a table that was read already; what its lints worked out stays with it."""
    found = [issue for rule in READABLE for issue in rule(subject)]
    if subject.reading.sound:
        found += [issue for rule in RULES for issue in rule(subject)]
    return sorted(found, key=lambda i: i.line)


__all__ = ["RULES", "Rule", "lint", "lint_subject"]
