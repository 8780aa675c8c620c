"""What the lints look at: a table as read, with what several of them need worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from headgate.kernel.phrases import phrase
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.evaluation import shown
from headgate.policy.core.examples import ExampleResult, run_examples
from headgate.policy.core.model import PolicyTable, Value
from headgate.policy.core.reading import Reading, ReadRow
from headgate.policy.core.regions import Grid


class Subject:
    """A table under the lints. `compiled`, `results` and `grid` want one that can be understood."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @property
    def table(self) -> PolicyTable:
        """The table as parsed."""
        return self.reading.table

    @property
    def rows(self) -> tuple[ReadRow, ...]:
        """Its rows in the order in which the first match wins; bit i of a set of rows is rows[i]."""
        return self.reading.rows

    @property
    def unsure(self) -> int:
        """The rows (bits) with a cell that only running tells."""
        return self.reading.rich_mask

    @cached_property
    def compiled(self) -> CompiledPolicy:
        """The table as a function."""
        return CompiledPolicy(self.reading)

    @cached_property
    def results(self) -> tuple[ExampleResult, ...]:
        """Its examples, run."""
        return run_examples(self.compiled)

    @cached_property
    def grid(self) -> Grid:
        """Its axes, for questions about all inputs; one budget for all the lints."""
        return Grid(self.reading.axes, len(self.rows))

    @cached_property
    def saying(self) -> tuple[int, ...]:
        """For each row the rows (bits), itself among them, that give the same outputs, formulas word by word."""
        return self._alike(lambda row: (_outputs(row),))

    @cached_property
    def meaning(self) -> tuple[int, ...]:
        """For each row the rows (bits) that give the same outputs for the same authored reason and clause."""
        return self._alike(meaning_of)

    def _alike(self, key: object) -> tuple[int, ...]:
        assert callable(key)
        keys = [key(row) for row in self.rows]
        sets: dict[object, int] = {}
        for index, each in enumerate(keys):
            sets[each] = sets.get(each, 0) | 1 << index
        return tuple(sets[each] for each in keys)


def meaning_of(row: ReadRow) -> tuple[object, ...]:
    """What a row says: outputs, reason and clause as authored."""
    return (_outputs(row), row.row.because, row.row.clause)


def _outputs(row: ReadRow) -> tuple[object, ...]:
    return tuple(
        (n, row.formulas[n].text if n in row.formulas else v, n in row.formulas) for n, v in row.outputs.items()
    )


def bits(rows: int) -> list[int]:
    """The rows of a set, first to last."""
    found = []
    while rows:
        lowest = rows & -rows
        found.append(lowest.bit_length() - 1)
        rows ^= lowest
    return found


def told(facts: dict[str, Value]) -> str:
    """An input in words: `deviation_pct 2.5, tier gold`."""
    return ", ".join(f"{name} {shown(value)}" for name, value in facts.items())


def named(rows: Sequence[str]) -> str:
    """Rows by their names, the first five of many; empty for none."""
    first = ", ".join(rows[:5])
    return first if len(rows) <= 5 else phrase("%(names)s and others", names=first)
