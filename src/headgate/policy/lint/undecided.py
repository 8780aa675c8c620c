"""A cell that is an expression: which inputs it accepts is not decided, so the other lints go around it."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Issue
from headgate.policy.lint.subject import Subject

RULE = "undecided"


def undecided(subject: Subject) -> Iterator[Issue]:
    """A note per cell, where the hit policy asks how rows stand to each other."""
    table = subject.table
    if table.multiple:
        return
    for read in subject.rows:
        for name, cell in read.rich:
            message = phrase(
                "not decided: the cell is an expression (%(text)s), so gaps, overlaps and unreachable rows beside it "
                "are not ruled out",
                text=cell.text,
            )
            line = read.row.lines.get(f"when.{name}", read.row.line)
            yield Issue(RULE, "note", message, table.file, line, read.row.id, name)
