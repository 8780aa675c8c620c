"""A name that no input or output declares: in a cell, an output, a reason or an example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Issue
from headgate.policy.lint.subject import Subject

RULE = "unknown_fields"


def unknown_fields(subject: Subject) -> Iterator[Issue]:
    """Errors."""
    yield from (issue for issue in subject.reading.issues if issue.rule == RULE)
    table = subject.table
    inputs, outputs = [c.name for c in table.inputs], [c.name for c in table.outputs]
    for number, test in enumerate(table.tests, start=1):
        name = test.name or phrase("test %(number)s", number=number)
        for given in _strangers(test.given, inputs):
            fix = phrase("Use %(names)s.", names=", ".join(inputs))
            yield Issue(
                RULE,
                "error",
                phrase("%(name)s gives %(given)s, which is not an input", name=name, given=given),
                table.file,
                test.line,
                fix=fix,
            )
        items = test.expect.get("list")
        parts = [test.expect, *(i for i in items if isinstance(i, dict))] if isinstance(items, list) else [test.expect]
        known = [*outputs, "list", "count"] if table.multiple else outputs
        for expected in (e for part in parts for e in _strangers(part, known)):
            fix = phrase("Use %(names)s.", names=", ".join(known))
            yield Issue(
                RULE,
                "error",
                phrase("%(name)s expects %(expected)s, which is not an output", name=name, expected=expected),
                table.file,
                test.line,
                fix=fix,
            )


def _strangers(names: Iterable[str], known: list[str]) -> list[str]:
    return [n for n in names if n not in known]
