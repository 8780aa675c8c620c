"""Records as columns and back, for tests that compare a sweep with a pass over the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from headgate.policy.backtest.core.columns import read_facts, read_spine, write_facts, write_spine
from headgate.policy.backtest.core.gather import Gatherer
from headgate.policy.backtest.core.judging import Shelf
from headgate.policy.backtest.core.lens import Lens
from headgate.policy.backtest.core.replay import Recorded, Replay
from headgate.policy.backtest.core.sweep import sweep


def sweep_records(
    replay: Replay, rows: Sequence[Recorded], lens: Lens, shelf: Shelf, policy: str = "rule", cut: int = 3
) -> int:
    """Weigh records by way of stored columns, in two parts; how many were read as a whole after all."""
    gathering = Gatherer(lens, [policy, "another"], shelf)
    gathering.add(rows)
    spine, facts = gathering.spine(), gathering.facts()[policy]
    spine, facts = read_spine(spine.proof, write_spine(spine)), read_facts(write_facts(facts))
    read: list[UUID] = []

    def whole(lots: Sequence[Sequence[UUID]]) -> Iterator[list[Recorded]]:
        for lot in lots:
            read.extend(lot)
            yield [row for row in reversed(rows) if row.decision in set(lot)]

    middle = min(cut, len(rows))
    for span in ((0, middle), (middle, len(rows))):
        sweep(replay, rows[0].policy if rows else "", spine, facts, span, whole)
    return len(read)
