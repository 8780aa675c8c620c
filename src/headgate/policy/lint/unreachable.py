"""A row that never decides: rows before it accept all that it accepts, or nothing fits it."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.policy.core.cover import Budget, TooLarge, common_input, find_hole
from headgate.policy.core.model import Issue
from headgate.policy.core.reading import Reading

RULE = "unreachable"


def unreachable(reading: Reading) -> Iterator[Issue]:
    """Errors; a note where the table is too large to decide."""
    table = reading.table
    budget = Budget()
    for index, read in enumerate(reading.rows):
        row = read.row
        empty = [a.column.name for a in reading.axes if not any(s.mask >> index & 1 for s in a.segments)]
        if empty:
            yield Issue(RULE, "error", f"no value of {empty[0]} fits it", table.file, row.line, row.id, empty[0])
            continue
        if table.hit not in ("first", "priority"):
            continue
        before = ((1 << index) - 1) & ~reading.rich_mask
        if not before:
            continue
        try:
            free = find_hole(reading.axes, before, budget, within=index)
        except TooLarge:
            message = "the table is too large to decide whether this row and those after it can be reached"
            yield Issue(RULE, "note", message, table.file, row.line, row.id)
            return
        if free is None:
            blockers = [
                reading.rows[i].row.id
                for i in range(index)
                if before >> i & 1 and common_input(reading.axes, 1 << i | 1 << index) is not None
            ]
            names = ", ".join(blockers[:5]) + (" and others" if len(blockers) > 5 else "")
            message = f"is never reached: {names} before it already accept all that it accepts"
            yield Issue(RULE, "error", message, table.file, row.line, row.id, fix="Remove it or move it up.")
