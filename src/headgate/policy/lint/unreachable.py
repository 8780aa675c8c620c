"""A row that never decides: rows before it accept all that it accepts, or nothing fits it."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.policy.core.model import Issue
from headgate.policy.core.regions import TooLarge
from headgate.policy.lint.subject import Subject, bits

RULE = "unreachable"


def unreachable(subject: Subject) -> Iterator[Issue]:
    """Errors; a note where the table is too large to decide."""
    table, grid = subject.table, subject.grid
    for index, read in enumerate(subject.rows):
        row = read.row
        empty = grid.empty_input(index)
        if empty is not None:
            cell = row.when.get(empty, "")
            message = f"no value of {empty} fits it"
            fix = f"Mend {cell!r}: no value is in it." if cell else ""
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
            message = "the table is too large to decide whether this row and those after it can be reached"
            yield Issue(RULE, "note", message, table.file, row.line, row.id)
            return
        if free is None:
            blockers = [subject.rows[i].row.id for i in bits(before)]
            names = ", ".join(blockers[:5]) + (" and others" if len(blockers) > 5 else "")
            message = f"is never reached: {names} before it already accept all that it accepts"
            yield Issue(RULE, "error", message, table.file, row.line, row.id, fix="Remove it or move it up.")
