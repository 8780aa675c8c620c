"""Two rows that accept the same input, where UNIQUE allows one and ANY wants them to agree."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import shown
from headgate.policy.core.model import Issue
from headgate.policy.core.reading import ReadRow
from headgate.policy.lint.subject import Subject, bits, told

RULE = "overlaps"
MAX_SHOWN = 20


def overlaps(subject: Subject) -> Iterator[Issue]:
    """An error per pair with an input that both accept; a note where expressions leave it undecided."""
    table, grid = subject.table, subject.grid
    if table.hit not in ("unique", "any"):
        return
    shown_ = 0
    for later in range(1, len(subject.rows)):
        both = grid.meeting[later] & ((1 << later) - 1)
        if table.hit == "any":
            both &= ~subject.saying[later]
        for earlier in bits(both):
            facts = grid.find(none_of=0, all_of=1 << earlier | 1 << later)
            if facts is None:
                continue
            shown_ += 1
            if shown_ > MAX_SHOWN:
                yield Issue(RULE, "note", f"more than {MAX_SHOWN} pairs overlap; the rest is not listed", table.file)
                return
            yield _issue(subject, earlier, later, told(facts))


def _issue(subject: Subject, earlier: int, later: int, where: str) -> Issue:
    first, second, rows = subject.rows[earlier], subject.rows[later], 1 << earlier | 1 << later
    table, row, other = subject.table, second.row, first.row.id
    unsure = first.rich or second.rich
    if table.hit == "any":
        return _contradiction(subject, first, second, where)
    if unsure:
        message = f"may overlap row {other} at {where}; its expressions leave that open"
        return Issue(RULE, "note", message, table.file, row.line, row.id)
    message = f"overlaps row {other}: both fit {where}"
    met = subject.grid.boundary(rows)
    fix = f"Let one leave out {met[0]} {shown(met[1])}" if met is not None else "Narrow one"
    return Issue(RULE, "error", message, table.file, row.line, row.id, fix=f"{fix}, or use hit: first.")


def _contradiction(subject: Subject, first: ReadRow, second: ReadRow, where: str) -> Issue:
    table, row, other = subject.table, second.row, first.row.id
    differing = [n for n in second.outputs if n in first.formulas or n in second.formulas]
    certain = [n for n, v in second.outputs.items() if n not in differing and first.outputs.get(n) != v]
    if first.rich or second.rich or not certain:
        what = "expressions" if first.rich or second.rich else "formulas"
        message = f"may contradict row {other} at {where}; its {what} leave that open"
        return Issue(RULE, "note", message, table.file, row.line, row.id)
    name = certain[0]
    message = (
        f"contradicts row {other}: both fit {where}, and {name} is {shown(first.outputs[name])} there, "
        f"{shown(second.outputs[name])} here"
    )
    fix = phrase("Make them agree, or narrow one.")
    return Issue(RULE, "error", message, table.file, row.lines.get(f"then.{name}", row.line), row.id, name, fix)
