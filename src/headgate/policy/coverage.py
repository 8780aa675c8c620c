"""Which rows of a version decided how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from headgate.policy.core.model import DEFAULT_ROW, PolicyTable

_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class RowCoverage:
    """How often a row decided, and its share of all that was counted in percent (one digit, half up)."""

    row: str
    count: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every row of a table in its order, the default last. `source`: every decision of the policy's own, or a sample of
    what asked it on the way to a decision."""

    rows: tuple[RowCoverage, ...]
    counted: int
    source: Literal["decisions", "sample"]

    @property
    def never(self) -> tuple[str, ...]:
        """Rows that did not decide once, when anything was decided at all."""
        return tuple(r.row for r in self.rows if not r.count) if self.counted else ()


def coverage_of(
    table: PolicyTable, hits: Mapping[str, int], source: Literal["decisions", "sample"] = "decisions"
) -> Coverage:
    """The counts of a table's rows; counts of rows it does not have are left out."""
    names = [r.id for r in table.rows] + ([DEFAULT_ROW] if table.default is not None else [])
    total = sum(hits.get(name, 0) for name in names)
    rows = tuple(RowCoverage(name, hits.get(name, 0), _share(hits.get(name, 0), total)) for name in names)
    return Coverage(rows, total, source)


def _share(count: int, total: int) -> Decimal:
    return (Decimal(100 * count) / total).quantize(_TENTH, ROUND_HALF_UP) if total else Decimal("0.0")
