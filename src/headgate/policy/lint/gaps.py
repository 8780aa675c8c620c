"""An input that no row accepts, where there is no default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headgate.policy.core.compile import CompiledPolicy, NoRowMatched
from headgate.policy.core.cover import Budget, TooLarge, find_hole
from headgate.policy.core.evaluation import shown
from headgate.policy.core.model import Issue
from headgate.policy.core.reading import Reading

RULE = "gaps"


def gaps(reading: Reading) -> Iterator[Issue]:
    """An error with such an input; a note where expressions or sheer size leave it undecided."""
    table = reading.table
    if reading.default is not None or table.multiple:
        return
    everything = (1 << len(reading.rows)) - 1
    budget = Budget()
    try:
        hole = find_hole(reading.axes, everything, budget)
        perhaps = None if hole else find_hole(reading.axes, everything & ~reading.rich_mask, budget)
    except TooLarge:
        yield Issue(RULE, "note", "the table is too large to decide whether every input has a row", table.file)
        return
    if perhaps is not None and _unmatched(reading, perhaps.facts):
        hole, perhaps = perhaps, None
    fix = "Add a row for it, or a default."
    if hole is not None:
        yield Issue(RULE, "error", f"no row fits {told(hole.facts)}", table.file, fix=fix)
    elif perhaps is not None:
        message = f"only rows with expressions fit {told(perhaps.facts)}, so gaps near it cannot be ruled out"
        yield Issue(RULE, "note", message, table.file, fix="Add a default to be sure.")


def _unmatched(reading: Reading, facts: Mapping[str, object]) -> bool:
    try:
        CompiledPolicy(reading).evaluate(facts)
    except NoRowMatched:
        return True
    return False


def told(facts: Mapping[str, object]) -> str:
    """An input in words: `deviation_pct 2.5, tier gold`."""
    return ", ".join(f"{name} {shown(value)}" for name, value in facts.items())
