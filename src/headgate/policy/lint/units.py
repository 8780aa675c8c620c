"""Money and percentages beside each other, where one of them was meant."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.kernel.phrases import phrase
from headgate.policy.core.arithmetic import mixed_units
from headgate.policy.core.expression import whole_test
from headgate.policy.core.model import EXACT, NUMERIC, Issue
from headgate.policy.lint.subject import Subject

RULE = "units"


def units(subject: Subject) -> Iterator[Issue]:
    """Errors for expressions that add or compare the two, or give one as the other; a warning for a percent column
    whose cells look like fractions."""
    yield from _cells(subject)
    yield from _formulas(subject)
    yield from _fractions(subject)


def _cells(subject: Subject) -> Iterator[Issue]:
    table = subject.table
    types = {c.name: c.type for c in table.inputs}
    for read in subject.rows:
        for name, cell in read.rich:
            mixed, _ = mixed_units(whole_test(cell.text), {**types, "$": types[name]})
            for told in mixed:
                line = read.row.lines.get(f"when.{name}", read.row.line)
                yield Issue(
                    RULE,
                    "error",
                    phrase("%(cell)s: %(told)s", cell=cell.text, told=told),
                    table.file,
                    line,
                    read.row.id,
                    name,
                    _FIX,
                )


def _formulas(subject: Subject) -> Iterator[Issue]:
    table = subject.table
    types: dict[str, str] = {c.name: c.type for c in table.inputs}
    default = subject.reading.default
    for read in (*subject.rows, *((default,) if default else ())):
        for name, formula in read.formulas.items():
            column = table.output(name)
            assert column is not None
            mixed, unit = mixed_units(formula.text, types)
            if unit and column.type in EXACT and unit != column.type:
                given = phrase("money") if unit == "money" else phrase("a percentage")
                mixed = (
                    *mixed,
                    phrase("gives %(given)s, %(name)s is of type %(type)s", given=given, name=name, type=column.type),
                )
            for told in mixed:
                line = read.row.lines.get(f"then.{name}", read.row.line)
                yield Issue(
                    RULE,
                    "error",
                    phrase("%(cell)s: %(told)s", cell=f"= {formula.text}", told=told),
                    table.file,
                    line,
                    read.row.id,
                    name,
                    _FIX,
                )


_FIX = phrase("Take the percentage of an amount (amount * percent / 100), or compare like with like.")


def _fractions(subject: Subject) -> Iterator[Issue]:
    """A percentage counts in points. Cells between 0 and 1 alone look as if 0.15 stood for 15 %."""
    table = subject.table
    for axis in subject.reading.axes:
        column = axis.column
        mentioned = {e for s in axis.segments for e in s.ends or () if e is not None}
        mentioned -= {column.minimum, column.maximum, *column.values} - {None}
        known = [m for m in mentioned if m]
        if column.type != "percent" or column.type not in NUMERIC or not known:
            continue
        if all(abs(m) < 1 for m in known):  # type: ignore[arg-type,operator]  # a percent column mentions Decimals
            message = phrase(
                "cells of %(name)s lie between 0 and 1, and percentages are in points: 15 means 15 %%", name=column.name
            )
            yield Issue(
                RULE, "warning", message, table.file, column.line, "", column.name, phrase("Write 15 for 15 %.")
            )
