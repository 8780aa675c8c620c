"""A row that could be taken out and nothing would be decided otherwise, nor for another reason."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import Issue
from headgate.policy.core.regions import TooLarge
from headgate.policy.lint.subject import Subject, bits, meaning_of, named

RULE = "redundant"


def redundant(subject: Subject) -> Iterator[Issue]:
    """Warnings. Rows are the same only if they give the same outputs with the same `because` and `clause`."""
    if subject.table.multiple:
        yield from _twice(subject)
    elif subject.table.hit == "any":
        yield from _covered(subject)
    elif subject.table.hit in ("first", "priority"):
        yield from _followed(subject)


def _twice(subject: Subject) -> Iterator[Issue]:
    """Where every row counts, one that is written twice counts twice."""
    seen: dict[object, str] = {}
    for index, read in enumerate(subject.rows):
        key = (subject.grid.shape(index), tuple((name, cell.text) for name, cell in read.rich), meaning_of(read))
        if key in seen:
            message = phrase("says the same as row %(seen)s, and both count", seen=seen[key])
            yield Issue(
                RULE, "warning", message, subject.table.file, read.row.line, read.row.id, fix=phrase("Remove one.")
            )
        seen.setdefault(key, read.row.id)


def _covered(subject: Subject) -> Iterator[Issue]:
    removed = 0
    for index in reversed(range(len(subject.rows))):
        others = subject.meaning[index] & subject.grid.meeting[index] & ~(1 << index) & ~subject.unsure & ~removed
        if not others or not subject.grid.meeting[index]:
            continue
        try:
            free = subject.grid.find(none_of=others, all_of=1 << index)
        except TooLarge:
            return
        if free is None:
            removed |= 1 << index
            yield _issue(subject, index, others)


def _followed(subject: Subject) -> Iterator[Issue]:
    """Rows after it say the same of all that it would decide."""
    default = subject.reading.default
    removed = 0
    for index, read in enumerate(subject.rows):
        near = subject.grid.meeting[index] & ~(1 << index) & ~removed
        later = near >> index << index
        same = later & subject.meaning[index]
        # A row that says in its own words what holds anyway tells more than a default that says nothing.
        falls = default is not None and bool(read.row.because) and meaning_of(default) == meaning_of(read)
        if not (same & ~subject.unsure or falls) or not subject.grid.meeting[index]:
            continue
        try:
            needed = _needed(subject, index, near & ~later & ~subject.unsure, later, same, falls)
        except TooLarge:
            return
        if not needed:
            removed |= 1 << index
            yield _issue(subject, index, same)


def _needed(subject: Subject, index: int, before: int, later: int, same: int, falls: bool) -> bool:
    grid, here, sure = subject.grid, 1 << index, ~subject.unsure
    if not falls and grid.find(none_of=before | later & sure, all_of=here) is not None:
        return True
    for other in bits(later & ~same):
        between = later & ((1 << other) - 1) & sure
        if grid.find(none_of=before | between, all_of=here | 1 << other) is not None:
            return True
    # Without a row after it that it meets, it may still never decide; the unreachable rows are told elsewhere.
    return grid.find(none_of=before, all_of=here) is None


def _issue(subject: Subject, index: int, others: int) -> Issue:
    row = subject.rows[index].row
    names = [subject.rows[i].row.id for i in bits(others)]
    who = named(names) or phrase("the default")
    message = phrase("changes nothing: without it, %(who)s would decide the same", who=who)
    return Issue(RULE, "warning", message, subject.table.file, row.line, row.id, fix=phrase("Remove it."))
