"""Why rows of a policy did not apply: for those read before the one that did, the first cell that said no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headgate.kernel.errors import Invalid
from headgate.policy.core.compile import CompiledPolicy


class Missed(NamedTuple):
    """A row that did not apply: the first input that kept it from it, and what its cell asks of that input."""

    row: str
    column: str
    test: str


def rows_missed(compiled: CompiledPolicy, inputs: Mapping[str, object]) -> list[Missed]:
    """The rows in front of the one that decided on these inputs, all of them where none did.

    Empty for inputs that the policy does not take, as when a kept decision is older than what is known of its version.
    """
    try:
        evaluation = compiled.evaluate(inputs)
    except Invalid:
        return []
    facts, decided = evaluation.inputs, set(evaluation.rows)
    accepted = [(axis.column.name, axis.lookup(facts[axis.column.name])) for axis in compiled.reading.axes]
    missed = []
    for place, read in enumerate(compiled.reading.rows):
        if read.row.id in decided:
            break
        column = next((name for name, mask in accepted if not mask >> place & 1), None)
        if column is None:
            # Only a cell that is a whole expression can have refused it.
            column = next((name for name, _ in read.rich), "")
        missed.append(Missed(read.row.id, column, read.row.when.get(column, "")))
    return missed
