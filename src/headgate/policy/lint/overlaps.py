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
                yield Issue(
                    RULE,
                    "note",
                    phrase("more than %(most)s pairs overlap; the rest is not listed", most=MAX_SHOWN),
                    table.file,
                )
                return
            yield _issue(subject, earlier, later, told(facts))


def _issue(subject: Subject, earlier: int, later: int, where: str) -> Issue:
    first, second, rows = subject.rows[earlier], subject.rows[later], 1 << earlier | 1 << later
    table, row, other = subject.table, second.row, first.row.id
    unsure = first.rich or second.rich
    if table.hit == "any":
        return _contradiction(subject, first, second, where)
    if unsure:
        message = phrase(
            "may overlap row %(other)s at %(where)s; its expressions leave that open", other=other, where=where
        )
        return Issue(RULE, "note", message, table.file, row.line, row.id)
    message = phrase("overlaps row %(other)s: both fit %(where)s", other=other, where=where)
    met = subject.grid.boundary(rows)
    fix = (
        phrase("Let one leave out %(name)s %(value)s, or use hit: first.", name=met[0], value=shown(met[1]))
        if met is not None
        else phrase("Narrow one, or use hit: first.")
    )
    return Issue(RULE, "error", message, table.file, row.line, row.id, fix=fix)


def _contradiction(subject: Subject, first: ReadRow, second: ReadRow, where: str) -> Issue:
    table, row, other = subject.table, second.row, first.row.id
    differing = [n for n in second.outputs if n in first.formulas or n in second.formulas]
    certain = [n for n, v in second.outputs.items() if n not in differing and first.outputs.get(n) != v]
    if first.rich or second.rich or not certain:
        what = phrase("expressions") if first.rich or second.rich else phrase("formulas")
        message = phrase(
            "may contradict row %(other)s at %(where)s; its %(what)s leave that open",
            other=other,
            where=where,
            what=what,
        )
        return Issue(RULE, "note", message, table.file, row.line, row.id)
    name = certain[0]
    message = phrase(
        "contradicts row %(other)s: both fit %(where)s, and %(name)s is %(shown)s there, %(shown2)s here",
        other=other,
        where=where,
        name=name,
        shown=shown(first.outputs[name]),
        shown2=shown(second.outputs[name]),
    )
    fix = phrase("Make them agree, or narrow one.")
    return Issue(RULE, "error", message, table.file, row.lines.get(f"then.{name}", row.line), row.id, name, fix)
