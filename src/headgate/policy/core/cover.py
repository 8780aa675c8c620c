"""Is every input accepted by some row? Decided exactly by walking the segments, input by input.

The walk carries the rows that still accept what was chosen so far. Two ways to the same rows at the same input lead to
the same answer, so each (input, rows) is visited once; that keeps tables of hundreds of rows cheap, and a bound stops
the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headgate.policy.core.grid import Axis, Segment
from headgate.policy.core.model import Value

MAX_STEPS = 200_000


class TooLarge(Exception):
    """More combinations than the bound allows to look at."""


@dataclass(slots=True)
class Budget:
    """How many combinations may still be looked at; questions about one table share one."""

    steps: int = MAX_STEPS

    def spend(self) -> None:
        """Count one. Raises `TooLarge` when none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise TooLarge


@dataclass(frozen=True, slots=True)
class Hole:
    """An input that no row of the set accepts: a value for every column."""

    facts: dict[str, Value]


def find_hole(axes: Sequence[Axis], rows: int, budget: Budget, *, within: int | None = None) -> Hole | None:
    """An input that none of `rows` (bits) accepts, or None when there is none.

    With `within` (a row's index) only inputs that this row accepts are considered. Raises `TooLarge` beyond the budget.
    """
    choices = [_choices(axis, rows, within) for axis in axes]
    if not all(choices):
        return None  # nothing to consider: some input has no value at all
    covered: set[tuple[int, int]] = set()
    chosen: list[Value] = [options[0].sample for options in choices]

    def walk(at: int, left: int) -> bool:
        if not left:
            return True
        if at == len(choices) or (at, left) in covered:
            return False
        for option in choices[at]:
            budget.spend()
            chosen[at] = option.sample
            if walk(at + 1, left & option.mask):
                return True
        chosen[at] = choices[at][0].sample
        covered.add((at, left))
        return False

    found = walk(0, rows)
    return Hole({axis.column.name: value for axis, value in zip(axes, chosen, strict=True)}) if found else None


def _choices(axis: Axis, rows: int, within: int | None) -> list[Segment]:
    distinct: dict[int, Segment] = {}
    for segment in axis.segments:
        if within is None or segment.mask >> within & 1:
            mask = segment.mask & rows
            distinct.setdefault(mask, Segment(segment.sample, mask))
    return list(distinct.values())


def common_input(axes: Sequence[Axis], rows: int) -> dict[str, Value] | None:
    """An input that all of `rows` (bits) accept, as far as segments tell, or None."""
    facts: dict[str, Value] = {}
    for axis in axes:
        segment = next((s for s in axis.segments if s.mask & rows == rows), None)
        if segment is None:
            return None
        facts[axis.column.name] = segment.sample
    return facts
