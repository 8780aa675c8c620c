"""Two rows that accept the same input, where hit policy UNIQUE allows one."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.policy.core.cover import common_input
from headgate.policy.core.grid import Axis
from headgate.policy.core.model import Issue
from headgate.policy.core.reading import Reading
from headgate.policy.lint.gaps import told

RULE = "overlaps"
MAX_WORK = 3_000_000
MAX_SHOWN = 20


def overlaps(reading: Reading) -> Iterator[Issue]:
    """An error per pair with an input that both accept; a note where a row's expressions leave it undecided."""
    table = reading.table
    if table.hit != "unique":
        return
    if len(reading.rows) * sum(len(axis.segments) for axis in reading.axes) > MAX_WORK:
        yield Issue(RULE, "note", "the table is too large to decide whether rows overlap", table.file)
        return
    shown = 0
    for later in range(1, len(reading.rows)):
        both = _meeting(reading.axes, later) & ((1 << later) - 1)
        for earlier in (i for i in range(later) if both >> i & 1):
            facts = common_input(reading.axes, 1 << earlier | 1 << later)
            if facts is None:
                continue
            shown += 1
            if shown > MAX_SHOWN:
                yield Issue(RULE, "note", f"more than {MAX_SHOWN} pairs overlap; the rest is not listed", table.file)
                return
            row, other = reading.rows[later].row, reading.rows[earlier].row.id
            if (1 << earlier | 1 << later) & reading.rich_mask:
                message = f"may overlap row {other} at {told(facts)}; its expressions leave that open"
                yield Issue(RULE, "note", message, table.file, row.line, row.id)
                continue
            message = f"overlaps row {other}: both fit {told(facts)}"
            yield Issue(RULE, "error", message, table.file, row.line, row.id, fix="Narrow one, or use hit: first.")


def _meeting(axes: tuple[Axis, ...], row: int) -> int:
    """The rows that share a segment with this one on every axis."""
    meeting = -1
    for axis in axes:
        near = 0
        for segment in axis.segments:
            if segment.mask >> row & 1:
                near |= segment.mask
        meeting &= near
    return meeting
