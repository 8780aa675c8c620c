"""Questions about all inputs at once, decided exactly: is there one that these rows accept and those do not?

A table's segments make a grid with one axis per input. A region is a stretch of segments on each axis; which rows touch
it anywhere and which accept all of it are two integers per axis (bit i is row i), read from tables of stretches whose
lengths are powers of two. A region that an unwanted row accepts whole is closed; one that no unwanted row touches holds
the answer; any other is cut in two where about as many rows begin or end on either side, as a k-d tree is built. Box
after box, the work grows with how finely the rows really cut the grid, not with the number of its points.

Whether rows leave a gap is co-NP-complete when the number of inputs is free, so a budget bounds the cuts, and what is
not decided within it is said to be undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from headgate.policy.core.grid import Axis, Segment
from headgate.policy.core.model import Value

MAX_WORK = 5_000_000  # some seconds


class TooLarge(Exception):
    """More regions than the budget allows to look at."""


@dataclass(slots=True)
class Budget:
    """How much may still be looked at; questions about one table share one."""

    work: int

    def spend(self, work: int) -> None:
        """Take some of it. Raises `TooLarge` when it is used up."""
        self.work -= work
        if self.work < 0:
            raise TooLarge


class _Stretches:
    """Rows of one axis by stretch of its segments: those that accept some of it, and those that accept all of it."""

    __slots__ = ("_all", "_some", "count", "masks", "samples")

    def __init__(self, axis: Axis) -> None:
        self.masks = [s.mask for s in axis.segments]
        self.samples = [s.sample for s in axis.segments]
        self.count = len(self.masks)
        self._some, self._all = [self.masks], [self.masks]
        width = 1
        while 2 * width <= self.count:
            some, every = self._some[-1], self._all[-1]
            self._some.append([some[i] | some[i + width] for i in range(self.count - 2 * width + 1)])
            self._all.append([every[i] & every[i + width] for i in range(self.count - 2 * width + 1)])
            width *= 2

    def runs(self, rows: int) -> list[list[tuple[int, int]]]:
        """For each of that many rows its unbroken runs of segments, each from an index to before another."""
        found: list[list[tuple[int, int]]] = [[] for _ in range(rows)]
        open_since = [0] * rows
        before = 0
        for place, mask in enumerate([*self.masks, 0]):
            turned = mask ^ before
            while turned:
                bit = turned & -turned
                row = bit.bit_length() - 1
                if mask & bit:
                    open_since[row] = place
                else:
                    found[row].append((open_since[row], place))
                turned ^= bit
            before = mask
        return found

    def some(self, low: int, high: int) -> int:
        """Rows that accept at least one of the segments from `low` to before `high`."""
        level = (high - low).bit_length() - 1
        table = self._some[level]
        return table[low] | table[high - (1 << level)]

    def all(self, low: int, high: int) -> int:
        """Rows that accept each of them."""
        level = (high - low).bit_length() - 1
        table = self._all[level]
        return table[low] & table[high - (1 << level)]

    def cut(self, low: int, high: int, rows: int) -> int:
        """Where to cut in two so that about as many of `rows` begin or end within the one side as within the other."""
        left, right = low + 1, high - 1
        while left < right:
            middle = (left + right) // 2
            before = self.some(low, middle) & ~self.all(low, middle) & rows
            after = self.some(middle, high) & ~self.all(middle, high) & rows
            if before.bit_count() < after.bit_count():
                left = middle + 1
            else:
                right = middle
        return left


Region: TypeAlias = tuple[tuple[int, int], ...]


def _point(segment: Segment) -> bool:
    return segment.ends is not None and segment.ends[0] == segment.ends[1] is not None


@dataclass(frozen=True, slots=True)
class Hole:
    """An input that no row accepts, and the region around it: for each axis from which segment to before which."""

    facts: dict[str, Value]
    region: list[tuple[Axis, int, int]]

    @property
    def boundary(self) -> tuple[str, Value] | None:
        """The input and the single value of it that is missing between values which rows accept."""
        for axis, low, high in self.region:
            if high - low == 1 and low > 0 and high < len(axis.segments) and _point(axis.segments[low]):
                return axis.column.name, axis.segments[low].sample
        return None


class Grid:
    """A table's axes, ready for questions. Any of them raises `TooLarge` when the budget is spent."""

    __slots__ = ("_axes", "_runs", "_stretches", "budget", "meeting")

    def __init__(self, axes: Sequence[Axis], rows: int, budget: Budget | None = None) -> None:
        # An axis of a single segment that all rows accept decides nothing, yet an input needs a value for it.
        self._axes = [part for axis in axes for part in (axis.parts or (axis,))]
        self.budget = budget or Budget(MAX_WORK)
        self._stretches = [_Stretches(axis) for axis in self._axes]
        self._runs = [stretch.runs(rows) for stretch in self._stretches]
        self.meeting = self._meeting(rows)

    def _meeting(self, rows: int) -> list[int]:
        """For each row, the rows (bits) that accept some input which it accepts, itself among them; 0 for one that
        accepts none. Exact: what a row accepts is a choice of segments on each axis, independent of the others."""
        found = [(1 << rows) - 1] * rows
        for stretch, runs in zip(self._stretches, self._runs, strict=True):
            known: dict[tuple[tuple[int, int], ...], int] = {}
            for row in range(rows):
                key = tuple(runs[row])
                near = known.get(key)
                if near is None:
                    near = 0
                    for low, high in key:
                        near |= stretch.some(low, high)
                    known[key] = near
                found[row] &= near
        return found

    def find(self, *, none_of: int, all_of: int = 0) -> dict[str, Value] | None:
        """An input that each of the rows `all_of` (bits) accepts and none of `none_of`; None when there is none."""
        places = next(self._inputs(none_of, all_of), None)
        return None if places is None else self._facts(places)

    def holes(self, none_of: int, most: int) -> Iterator[Hole]:
        """Inputs that none of the rows accepts, each with as much around it as none touches, at most `most`."""
        told: list[Region] = []
        for places in self._inputs(none_of, 0):
            if any(all(low <= p < high for p, (low, high) in zip(places, r, strict=True)) for r in told):
                continue
            region = self._grown(places, none_of)
            told.append(region)
            yield Hole(self._facts(places), [(a, *ends) for a, ends in zip(self._axes, region, strict=True)])
            if len(told) == most:
                return

    def boundary(self, rows: int) -> tuple[str, Value] | None:
        """The input and value at which rows (bits) meet, where they have only this one value of it in common."""
        for axis in self._axes:
            common = [s for s in axis.segments if s.mask & rows == rows]
            if len(common) == 1 and _point(common[0]):
                return axis.column.name, common[0].sample
        return None

    def shape(self, row: int) -> tuple[tuple[tuple[int, int], ...], ...]:
        """What a row accepts; rows of equal shape accept the same inputs."""
        return tuple(tuple(runs[row]) for runs in self._runs)

    def empty_input(self, row: int) -> str | None:
        """The first input of which a row accepts no value."""
        return next((a.column.name for a, runs in zip(self._axes, self._runs, strict=True) if not runs[row]), None)

    def _inputs(self, none_of: int, all_of: int) -> Iterator[list[int]]:
        region = self._hull(all_of)
        waiting = [] if region is None else [region]
        cost = 8 + len(self._stretches)  # of a region, in about half microseconds
        while waiting:
            region = waiting.pop()
            self.budget.spend(cost)
            near, whole, wanted = none_of, none_of, all_of
            for stretch, (low, high) in zip(self._stretches, region, strict=True):
                some = stretch.some(low, high)
                near &= some
                whole &= stretch.all(low, high)
                wanted &= some
            if whole or wanted != all_of:
                continue
            if near:
                waiting += self._cut(region, near | all_of)
                continue
            places = self._common(region, all_of)
            if places is not None:
                yield places

    def _grown(self, places: list[int], none_of: int) -> Region:
        region = [(place, place + 1) for place in places]
        for index, stretch in enumerate(self._stretches):
            near = none_of
            for other, (low, high) in enumerate(region):
                if other != index:
                    near &= self._stretches[other].some(low, high)
            low, high = region[index]
            while low and not stretch.masks[low - 1] & near:
                low -= 1
            while high < stretch.count and not stretch.masks[high] & near:
                high += 1
            region[index] = (low, high)
        return tuple(region)

    def _hull(self, all_of: int) -> Region | None:
        """The smallest region that holds all that one of the rows accepts; None when there is nothing to look at."""
        row = (all_of & -all_of).bit_length() - 1
        hull = []
        for stretch, runs in zip(self._stretches, self._runs, strict=True):
            spans = runs[row] if all_of else [(0, stretch.count)]
            if not spans or not stretch.count:
                return None
            hull.append((spans[0][0], spans[-1][1]))
        return tuple(hull)

    def _cut(self, region: Region, rows: int) -> tuple[Region, Region]:
        most, place = -1, 0
        for index, (stretch, (low, high)) in enumerate(zip(self._stretches, region, strict=True)):
            if high - low > 1:
                partial = (rows & ~stretch.all(low, high)).bit_count()
                if partial > most:
                    most, place = partial, index
        low, high = region[place]
        stretch = self._stretches[place]
        at = stretch.cut(low, high, rows & ~stretch.all(low, high))
        before, after = region[:place], region[place + 1 :]
        left, right = (*before, (low, at), *after), (*before, (at, high), *after)
        # The side with fewer rows is looked at first: that is where an input that none accepts is found soonest.
        fuller = (stretch.some(low, at) & rows).bit_count() > (stretch.some(at, high) & rows).bit_count()
        return (left, right) if fuller else (right, left)

    def _common(self, region: Region, all_of: int) -> list[int] | None:
        """For each axis a segment of the region that all of the rows accept, if there are such."""
        places = []
        for stretch, (low, high) in zip(self._stretches, region, strict=True):
            place = next((i for i in range(low, high) if stretch.masks[i] & all_of == all_of), None)
            if place is None:
                return None
            places.append(place)
        return places

    def _facts(self, places: Sequence[int]) -> dict[str, Value]:
        facts: dict[str, Value] = {}
        for axis, stretch, place in zip(self._axes, self._stretches, places, strict=True):
            name, sample = axis.column.name, stretch.samples[place]
            held = facts.get(name)
            # The axes of one list say of each text whether it is in it.
            facts[name] = held + sample if isinstance(held, tuple) and isinstance(sample, tuple) else sample
        return facts
