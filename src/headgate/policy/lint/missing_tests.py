"""A policy ships with examples: an allowed and a denied case, and best one for every row."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import DEFAULT_ROW, Issue
from headgate.policy.lint.subject import Subject

RULE = "missing_tests"


def missing_tests(subject: Subject) -> Iterator[Issue]:
    """An error with no tests, or when all come out the same though the rows differ; a warning per untested row."""
    table = subject.table
    if not table.tests:
        fix = phrase("Add an allowed and a denied case under tests.")
        yield Issue(RULE, "error", phrase("the policy ships without tests"), table.file, fix=fix)
        return
    results = subject.results
    reached = {row for result in results for row in result.rows}
    possible = {tuple(sorted((k, str(v)) for k, v in r.row.then.items())) for r in subject.rows}
    outcomes = {str(result.outputs) for result in results}
    if len(possible) > 1 and len(outcomes) < 2:
        message = phrase("all tests come out the same")
        fix = phrase("Show at least one allowed and one denied case.")
        yield Issue(RULE, "error", message, table.file, table.tests[0].line, fix=fix)
    reading = subject.reading
    for read in [*reading.rows, *([reading.default] if reading.default else [])]:
        if read.row.id not in reached:
            name = phrase("the default") if read.row.id == DEFAULT_ROW else phrase("this row")
            yield Issue(
                RULE, "warning", phrase("no test reaches %(name)s", name=name), table.file, read.row.line, read.row.id
            )
