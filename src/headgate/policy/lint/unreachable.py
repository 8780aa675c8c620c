"""A row that never decides: rows before it accept all that it accepts, or nothing fits it."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Issue
from headgate.policy.core.regions import TooLarge
from headgate.policy.lint.subject import Subject, bits, named

RULE = "unreachable"


def unreachable(subject: Subject) -> Iterator[Issue]:
    """Errors; a note where the table is too large to decide."""
    table, grid = subject.table, subject.grid
    for index, read in enumerate(subject.rows):
        row = read.row
        empty = grid.empty_input(index)
        if empty is not None:
            cell = row.when.get(empty, "")
            message = phrase("no value of %(empty)s fits it", empty=empty)
            fix = phrase("Mend %(cell)s: no value is in it.", cell=repr(cell)) if cell else ""
            line = row.lines.get(f"when.{empty}", row.line)
            yield Issue(RULE, "error", message, table.file, line, row.id, empty, fix)
            continue
        if table.hit not in ("first", "priority"):
            continue
        before = ((1 << index) - 1) & ~subject.unsure & grid.meeting[index]
        if not before:
            continue
        try:
            free = grid.find(none_of=before, all_of=1 << index)
        except TooLarge:
            message = phrase("the table is too large to decide whether this row and those after it can be reached")
            yield Issue(RULE, "note", message, table.file, row.line, row.id)
            return
        if free is None:
            blockers = [subject.rows[i].row.id for i in bits(before)]
            message = phrase(
                "is never reached: %(names)s before it already accept all that it accepts", names=named(blockers)
            )
            yield Issue(RULE, "error", message, table.file, row.line, row.id, fix=phrase("Remove it or move it up."))
