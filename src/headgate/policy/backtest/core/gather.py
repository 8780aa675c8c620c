"""From records to columns: reads the whole text of each decision once, for all policies that have a part in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from headgate.policy.backtest.core.columns import (
    FOLLOWED,
    HELD,
    WHOLE,
    Facts,
    Kept,
    Numbers,
    Shape,
    Spine,
    ordered_values,
)
from headgate.policy.backtest.core.judging import Bench, Shelf
from headgate.policy.backtest.core.lens import Asked, Lens, Undecidable
from headgate.policy.backtest.core.replay import Recorded, subject_number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# What a record that is not as it should be makes a lens raise; such a decision is left to the pass over whole records.
BROKEN = (ValueError, KeyError, TypeError, IndexError, AttributeError)


def microseconds(at: datetime) -> int:
    """An instant as microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


@dataclass(slots=True)
class _Codes:
    """Distinct values in the order met, by a key that tells true, 1 and "1" apart."""

    values: list[Any] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)

    def add(self, key: object, value: object) -> None:
        code = self.known.get(key)
        if code is None:
            code = self.known[key] = len(self.values)
            self.values.append(value)
        self.codes.append(code)


class _Gathering:
    """The evaluations of one version under the same names."""

    def __init__(self, names: Sequence[str]) -> None:
        self.owners: list[int] = []
        self.columns = [_Codes() for _ in names]
        self.said = _Codes()

    def add(self, owner: int, asked: Asked) -> None:
        for column, value in zip(self.columns, asked.values, strict=True):
            column.add(value if type(value) is str else (type(value), repr(value)), value)
        self.owners.append(owner)
        rows = list(asked.rows)
        self.said.add(orjson.dumps([rows, asked.outputs], option=orjson.OPT_SORT_KEYS), [rows, asked.outputs])

    def shape(self, version: int, names: tuple[str, ...]) -> Shape:
        values, ordered, codes = [], [], []
        for column in self.columns:
            sorted_values, numbers, gone = ordered_values(column.values)
            values.append(sorted_values)
            ordered.append(numbers)
            codes.append(gone[np.array(column.codes, dtype=np.int64)])
        return Shape(
            version,
            names,
            _array(self.owners),
            tuple(values),
            tuple(ordered),
            tuple(codes),
            self.said.values,
            _array(self.said.codes),
        )


class Gatherer:
    """Gathers a stretch. `policies` are those that may have a part in the decisions that `lens` reads."""

    def __init__(self, lens: Lens, policies: Sequence[str], shelf: Shelf) -> None:
        self._lens, self._bench = lens, Bench(shelf)
        self._shapes: dict[str, dict[tuple[int, tuple[str, ...]], _Gathering]] = {p: {} for p in policies}
        self._whole: dict[str, list[int]] = {p: [] for p in policies}
        self._first: tuple[datetime, UUID] | None = None
        self._last: tuple[datetime, UUID] | None = None
        self._proof: list[bytes] = []
        self._at: list[int] = []
        self._subjects: list[int] = []
        self._flags: list[int] = []
        self._effect: list[int] = []
        self._effects: list[Kept] = []

    def __len__(self) -> int:
        return len(self._proof)

    @property
    def span(self) -> tuple[tuple[datetime, UUID], tuple[datetime, UUID]]:
        """Instant and id of the first and of the last decision. Raises ValueError when nothing was gathered."""
        if self._first is None or self._last is None:
            raise ValueError("nothing was gathered")
        return self._first, self._last

    def add(self, rows: Sequence[Recorded]) -> None:
        """Read more decisions, in the order of time and id."""
        if rows:
            self._first = self._first or (rows[0].at, rows[0].decision)
            self._last = (rows[-1].at, rows[-1].decision)
        for row in rows:
            self._add(row)

    def _add(self, row: Recorded) -> None:
        owner = len(self._proof)
        self._proof.append(row.decision.bytes + row.digest)
        self._at.append(microseconds(row.at))
        self._subjects.append(subject_number(row.subject_type, row.subject))
        flags, effect = 0, -1
        try:
            record = orjson.loads(row.record)
            flags |= FOLLOWED if self._lens.followed(record) else 0
            flags |= HELD if self._lens.stops(record, row.outcome) else 0
            if flags == HELD:
                effect = self._kept(row, record)
        except BROKEN:
            record, flags = None, WHOLE
        for policy, shapes in self._shapes.items():
            if record is None:
                continue
            try:
                found = self._lens.asked(record, policy)
                if any(len(each.names) != len(each.values) for each in found):
                    raise ValueError(policy)
            except BROKEN:
                self._whole[policy].append(owner)
                continue
            for each in found:
                key = (each.version, each.names)
                gathering = shapes.get(key)
                if gathering is None:
                    gathering = shapes[key] = _Gathering(each.names)
                gathering.add(owner, each)
        self._flags.append(flags)
        self._effect.append(effect)

    def _kept(self, row: Recorded, record: Any) -> int:
        try:
            found = self._lens.recorded(self._lens.opened(record), row.outcome, self._bench.judge(row.at))
        except Undecidable:
            return -1
        self._effects.append(Kept(found.steps, found.stake))
        return len(self._effects) - 1

    def spine(self) -> Spine:
        """What all policies share."""
        return Spine(
            b"".join(self._proof),
            _array(self._at),
            _array(self._subjects),
            np.array(self._flags, dtype=np.uint8),
            _array(self._effect),
            tuple(self._effects),
        )

    def facts(self) -> dict[str, Facts]:
        """By policy."""
        return {
            policy: Facts(
                tuple(gathering.shape(version, names) for (version, names), gathering in shapes.items()),
                _array(self._whole[policy]),
            )
            for policy, shapes in self._shapes.items()
        }


def _array(numbers: Sequence[int]) -> Numbers:
    return np.array(numbers, dtype=np.int64)
