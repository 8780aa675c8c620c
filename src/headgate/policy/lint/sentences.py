"""Sentences that still name a number which their cells held until now.

A sentence may name numbers that stand in no cell (a scale, a law, a limit of another policy), so a table alone does not
tell which are wrong. Beside the version that it is to replace it does: a number that was in the cells, is in them no
more, and stands in the sentence as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from headgate.kernel.phrases import phrase
from headgate.policy.core.document import cell_text
from headgate.policy.core.evaluation import plain_number
from headgate.policy.core.model import Issue, PolicyTable, Row

RULE = "sentences"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
# A number as sentences have it: 5, 2.5, 2,5, 10,000; no part of a word or of a code such as NET30.
_SAID = re.compile(r"(?<![\w.,])(?:\d{1,3}(?: \d{3})+|\d+(?:[.,\u2019'\u00a0\u202f]\d+)*)(?!\w)")
_GROUPED = re.compile(r"\d{1,3}(?:[.,\u2019'\u00a0\u202f ]\d{3})+")
_HELD = re.compile(r"\d+(?:\.\d+)?")
_APART = re.compile(r"[\u2019'\u00a0\u202f ]")
_MOST_DIGITS = 30
_HUNDRED = Decimal(100)


def stale_sentences(before: PolicyTable, after: PolicyTable) -> Iterator[Issue]:
    """Warnings for the sentences of `after` that name what only the cells of `before` hold."""
    old = {row.id: row for row in _rows(before)}
    gone = _held_by(before) - _held_by(after)
    for row in _rows(after):
        was = old.get(row.id)
        if was is None:
            continue
        mine = _held(row)
        lost = gone | (_held(was) - mine)
        if not lost:
            continue
        gained = mine - _held(was)
        sentences = _sentences(was)
        for column, text in _sentences(row).items():
            named = _named(sentences.get(column, ""))
            for number, readings in _named(text).items():
                if number in named and readings & lost and not readings & mine:
                    yield _issue(after, row, column, number, gained)


def _issue(table: PolicyTable, row: Row, column: str, number: str, gained: set[Decimal]) -> Issue:
    message = phrase(
        "the sentence still names %(number)s, which the cells held in the version in force and hold no more",
        number=number,
    )
    fix = phrase("Write what holds now.")
    if gained:
        held = ", ".join(plain_number(each) for each in sorted(gained)[:5])
        fix = phrase("Write what holds now; new in the cells: %(held)s.", held=held)
    line = row.lines.get(f"then.{column}", row.line)
    return Issue(RULE, "warning", message, table.file, line, row.id, column, fix)


def _rows(table: PolicyTable) -> tuple[Row, ...]:
    return table.rows if table.default is None else (*table.rows, table.default)


def _held_by(table: PolicyTable) -> set[Decimal]:
    bounds: list[object] = [b for c in table.inputs for b in (*c.values, c.default, c.minimum, c.maximum)]
    bounds += [b for c in table.outputs for b in (*c.values, c.default)]
    found = {n for row in _rows(table) for n in _held(row)}
    return found.union(*(_numbers(cell_text(b)) for b in bounds))


def _held(row: Row) -> set[Decimal]:
    """The numbers in a row's cells; a share such as 0.15 is also the 15 of 15 %."""
    values = (cell_text(value) for name, value in row.then.items() if name not in _sentences(row))
    found = {n for text in (*row.when.values(), *values) for n in _numbers(text)}
    return found | {n * _HUNDRED for n in found if 0 < n < 1}


def _numbers(text: str) -> set[Decimal]:
    return {Decimal(found).normalize() for found in _HELD.findall(text) if len(found) <= _MOST_DIGITS}


def _sentences(row: Row) -> Mapping[str, str]:
    """The reason, and what outputs say in words: texts of more than one."""
    said = {name: value for name, value in row.then.items() if isinstance(value, str) and " " in value.strip()}
    return said | {"because": _PLACEHOLDER.sub(" ", row.because)}


def _named(text: str) -> dict[str, set[Decimal]]:
    """The numbers of a sentence as written, with what each may mean: 2,500 is 2500 or 2.5."""
    return {found: _readings(found) for found in _SAID.findall(text) if len(found) <= _MOST_DIGITS}


def _readings(text: str) -> set[Decimal]:
    plain = _APART.sub("", text)
    found = set()
    if _GROUPED.fullmatch(text):
        found.add(Decimal(re.sub(r"\D", "", text)))
    head, mark, tail = plain.rpartition("," if plain.rfind(",") > plain.rfind(".") else ".")
    found.add(Decimal(f"{re.sub(r'[.,]', '', head)}.{tail}") if mark else Decimal(tail))
    return {each.normalize() for each in found}
