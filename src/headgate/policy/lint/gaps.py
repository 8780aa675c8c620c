"""An input that no row accepts, where there is no default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headgate.kernel.phrases import phrase
from headgate.policy.core.compile import NoRowMatched
from headgate.policy.core.evaluation import shown
from headgate.policy.core.model import Issue
from headgate.policy.core.regions import TooLarge
from headgate.policy.lint.subject import Subject, told
from headgate.policy.lint.wording import cells_for

RULE = "gaps"
MAX_SHOWN = 5


def gaps(subject: Subject) -> Iterator[Issue]:
    """An error for each gap with an input that falls through and the row that would close it; a note where expressions
    or sheer size leave it undecided."""
    table, grid = subject.table, subject.grid
    if subject.reading.default is not None or table.multiple:
        return
    everything = (1 << len(subject.rows)) - 1
    found = 0
    try:
        for hole in grid.holes(everything, MAX_SHOWN + 1):
            found += 1
            if found > MAX_SHOWN:
                message = phrase("more than %(most)s gaps; the rest is not listed", most=MAX_SHOWN)
                yield Issue(RULE, "note", message, table.file, fix=phrase("Add a default for the rest."))
                return
            fix = phrase("Add a row for %(cells)s, or a default.", cells=cells_for(hole.region))
            if hole.boundary is not None:
                name, value = hole.boundary
                fix = phrase(
                    "Let a row beside it include %(name)s %(value)s. Or add a row for %(cells)s, or a default.",
                    name=name,
                    value=shown(value),
                    cells=cells_for(hole.region),
                )
            yield Issue(RULE, "error", phrase("no row fits %(told)s", told=told(hole.facts)), table.file, fix=fix)
        perhaps = None if found else grid.find(none_of=everything & ~subject.unsure)
    except TooLarge:
        yield Issue(RULE, "note", phrase("the table is too large to decide whether every input has a row"), table.file)
        return
    if perhaps is None:
        return
    if _unmatched(subject, perhaps):
        yield Issue(
            RULE,
            "error",
            phrase("no row fits %(told)s", told=told(perhaps)),
            table.file,
            fix=phrase("Add a row for it, or a default."),
        )
    else:
        message = phrase(
            "only rows with expressions fit %(told)s, so gaps near it cannot be ruled out", told=told(perhaps)
        )
        yield Issue(RULE, "note", message, table.file, fix=phrase("Add a default to be sure."))


def _unmatched(subject: Subject, facts: Mapping[str, object]) -> bool:
    try:
        subject.compiled.evaluate(facts)
    except NoRowMatched:
        return True
    return False
