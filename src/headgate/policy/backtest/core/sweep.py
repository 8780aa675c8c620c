"""Weigh a stretch of columns: each distinct group of facts is answered once, and counted as often as it occurs.

What needs more than counting is told apart and given to `Replay.weigh`, with its whole record, in the order of the
pass: a decision in which an answer changes, or which its own version does not reproduce. So a sweep says exactly what
a pass over the records says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from headgate.policy.backtest.core.columns import FOLLOWED, HELD, PROOF, WHOLE, Facts, Kept, Numbers, Shape, Spine
from headgate.policy.backtest.core.gather import microseconds
from headgate.policy.backtest.core.lens import Effect
from headgate.policy.backtest.core.matcher import Answer, Matcher
from headgate.policy.backtest.core.replay import Recorded, Replay
from headgate.policy.backtest.core.tally import EXACT, ZERO, Load

# The records of several lots of decisions, one lot after the other, each in any order.
Whole: TypeAlias = Callable[[Sequence[Sequence[UUID]]], Iterable[Sequence[Recorded]]]
_Mask: TypeAlias = NDArray[np.bool_]

AT_ONCE = 150  # whole records in memory, and as many again that are read ahead
_DIFFERS, _CHANGED, _UNTOLD = 1, 2, 4
_DENSE = 1 << 40


class _Verdict(NamedTuple):
    """What comes of an evaluation: whether its version says what was recorded, and of each candidate how many (0 or 1)
    changed, lack facts, have no answer; then the facts and the reasons."""

    differs: bool
    changed: tuple[bool, ...]
    lacking: tuple[tuple[str, ...], ...]
    refused: tuple[str, ...]

    @property
    def bits(self) -> int:
        told = _UNTOLD if any(self.lacking) or any(self.refused) else 0
        return told | (_DIFFERS if self.differs else 0) | (_CHANGED if any(self.changed) else 0)


class _Judged(NamedTuple):
    """The evaluations of a shape that lie in the span: whose they are, and which verdict each has."""

    version: int
    owner: Numbers
    verdict: Numbers


def sweep(replay: Replay, host: str, spine: Spine, facts: Facts, span: tuple[int, int], whole: Whole) -> None:
    """Weigh the decisions from `span[0]` to before `span[1]`; `whole` gives records of some of them."""
    low, high = span
    if low >= high:
        return
    replay.noted(host, spine.proof[low * PROOF : high * PROOF])
    verdicts: dict[_Verdict, int] = {}
    judged = [found for shape in facts.shapes if (found := _judge(replay, shape, span, verdicts)) is not None]
    _Sweep(replay, spine, facts, span, judged, list(verdicts), whole).count()


def _judge(replay: Replay, shape: Shape, span: tuple[int, int], verdicts: dict[_Verdict, int]) -> _Judged | None:
    first, last = np.searchsorted(shape.owner, span)
    if first == last:
        return None
    known, matcher = replay.matcher(shape.version, shape.names)
    codes = [column[first:last] for column in shape.codes]
    answers = shape.answer[first:last]
    key = answers.astype(np.int64)
    size = len(shape.said)
    for place, column in enumerate(codes):
        classes, count = _classes(matcher, place, shape.values[place], shape.ordered[place])
        if count == 1:
            continue
        if size * count > _DENSE:
            key = np.unique(key, return_inverse=True)[1]
            size = int(key.max()) + 1
        key = key * count + classes[column]
        size *= count
    _, example, group = np.unique(key, return_index=True, return_inverse=True)

    def values(place: int) -> list[Any]:
        return [of[int(column[place])] for of, column in zip(shape.values, codes, strict=True)]

    def verdict(place: int, facts: list[Any]) -> int:
        said = shape.said[int(answers[place])]
        found = _verdict(known, matcher.answers(facts), said)
        return verdicts.setdefault(found, len(verdicts))

    examples = [values(int(place)) for place in example]
    alone = np.array([matcher.depends(each) for each in examples], dtype=np.bool_)
    of_group = [
        -1 if apart else verdict(int(place), each) for place, each, apart in zip(example, examples, alone, strict=True)
    ]
    found = np.array(of_group, dtype=np.int64)[group]
    if alone.any():
        for one in np.flatnonzero(alone[group]).tolist():
            found[one] = verdict(one, values(one))
    return _Judged(shape.version, shape.owner[first:last].astype(np.int64) - span[0], found)


def _classes(matcher: Matcher, place: int, values: Sequence[Any], ordered: int) -> tuple[Numbers, int]:
    """Of each distinct value of a fact the class of values that no table tells from it, and how many classes there
    are. Numbers stand in order, so that only those beside a turn have to be looked at."""
    turns = matcher.turns(place)
    starts = list(range(len(values)))
    if turns is not None:
        starts = sorted(set(_runs(values, ordered, turns)) | set(range(ordered, len(values))))
    known: dict[int, int] = {}
    of_run = [known.setdefault(matcher.bits(place, _plain(values[start])), len(known)) for start in starts]
    edges = np.array([*starts, len(values)], dtype=np.int64)
    lengths = edges[1:] - edges[:-1]
    return np.repeat(np.array(of_run, dtype=np.int64), lengths), len(known)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _runs(values: Sequence[Any], ordered: int, turns: Sequence[Decimal]) -> Iterator[int]:
    """Where runs of equal bits may start among numbers in order."""
    if not ordered:
        return
    yield 0
    for turn in turns:
        for after in (False, True):
            low, high = 0, ordered
            while low < high:
                middle = (low + high) // 2
                value = Decimal(values[middle])
                if value < turn or (after and value == turn):
                    low = middle + 1
                else:
                    high = middle
            if low < ordered:
                yield low


def _verdict(known: bool, answers: Sequence[Answer], said: Sequence[Any]) -> _Verdict:
    """As `Replay` compares one evaluation."""
    rows, outputs = said
    recorded = answers[0]
    differs = not known or recorded.outputs != outputs or list(recorded.rows) != rows
    changed = tuple(not a.missing and not a.refused and a.outputs != outputs for a in answers[1:])
    lacking = tuple(a.missing for a in answers[1:])
    refused = tuple("" if a.missing else a.refused for a in answers[1:])
    return _Verdict(differs, changed, lacking, refused)


class _Sweep:
    """A stretch at hand; masks and numbers are of the decisions in its span."""

    def __init__(
        self,
        replay: Replay,
        spine: Spine,
        facts: Facts,
        span: tuple[int, int],
        judged: Sequence[_Judged],
        verdicts: Sequence[_Verdict],
        whole: Whole,
    ) -> None:
        self._replay, self._spine, self._span = replay, spine, span
        self._judged, self._verdicts, self._fetch = judged, verdicts, whole
        low, high = span
        size = high - low
        flags = spine.flags[low:high]
        bits = np.zeros(size, dtype=np.int64)
        self._evaluations = np.zeros(size, dtype=np.int64)
        shapes = np.zeros(size, dtype=np.int64)
        of_verdict = np.array([v.bits for v in verdicts], dtype=np.int64)
        for each in judged:
            np.bitwise_or.at(bits, each.owner, of_verdict[each.verdict])
            found = np.bincount(each.owner, minlength=size)
            self._evaluations += found
            shapes += found > 0
        unread = np.zeros(size, dtype=np.bool_)
        unread[facts.whole[(facts.whole >= low) & (facts.whole < high)].astype(np.int64) - low] = True
        followed = (flags & FOLLOWED) > 0
        untold = ((bits & _UNTOLD) > 0) & ~followed
        self._whole: _Mask = (
            ((flags & WHOLE) > 0)
            | unread
            | ((bits & _DIFFERS) > 0)
            | (((bits & _CHANGED) > 0) & ~followed)
            | (untold & (shapes > 1))
        )
        self._followed: _Mask = followed & ~self._whole
        self._untold: _Mask = untold & ~self._whole
        self._plain: _Mask = ~(self._whole | self._followed | self._untold)
        self._held: _Mask = (flags & HELD) > 0
        self._subjects = spine.subject[low:high]
        self._effect = spine.effect[low:high]

    def count(self) -> None:
        """Count what only has to be counted, then go through the others."""
        self._count_read()
        self._count_same()
        self._go_through()

    def _count_read(self) -> None:
        seen, read = self._replay.seen, ~self._whole
        seen.decisions += int(read.sum())
        seen.asked += int((self._evaluations[read] > 0).sum())
        seen.evaluations += int(self._evaluations[read].sum())
        seen.followed += int(self._followed.sum())
        starts = np.array([microseconds(start) for start in self._replay.starts], dtype=np.int64)
        months = np.searchsorted(starts, self._spine.at[self._span[0] : self._span[1]][read], side="right") - 1
        for month, count in zip(*np.unique(months, return_counts=True), strict=True):
            seen.months[self._replay.names[int(month)]] += int(count)
        for each in self._judged:
            mine = read[each.owner]
            count = int(mine.sum())
            if not count:
                continue
            seen.versions[each.version] += count
            for verdict, times in enumerate(np.bincount(each.verdict[mine], minlength=len(self._verdicts))):
                if times:
                    self._count_evaluations(self._verdicts[verdict], int(times))

    def _count_evaluations(self, verdict: _Verdict, times: int) -> None:
        for place, tally in enumerate(self._replay.tallies):
            tally.evaluations_changed += times * verdict.changed[place]
            tally.evaluations_undecidable += times * bool(verdict.lacking[place])
            tally.evaluations_unanswered += times * bool(verdict.refused[place])

    def _count_same(self) -> None:
        """Decisions of which every candidate says what was recorded."""
        seen = self._replay.seen
        told = self._plain | self._untold
        seen.subjects.update(self._subjects[told].tolist())
        seen.held.update(self._subjects[told & self._held].tolist())
        held = self._plain & self._held
        subjects = self._subjects[held].tolist()
        loads = self._loads(self._effect[held])
        count = int(self._plain.sum())
        for tally in self._replay.tallies:
            tally.same += count
            tally.held_after.update(subjects)
            for role, (times, stake) in loads.items():
                of = tally.loads.setdefault(role, Load())
                of.before += times
                of.after += times
                of.before_stake = EXACT.add(of.before_stake, stake)
                of.after_stake = EXACT.add(of.after_stake, stake)

    def _loads(self, effects: Numbers) -> dict[str, tuple[int, Decimal]]:
        times: Counter[str] = Counter()
        stakes: dict[str, Decimal] = {}
        for place in effects[effects >= 0].tolist():
            kept = self._spine.effects[place]
            for _, role in kept.steps:
                times[role] += 1
                stakes[role] = EXACT.add(stakes.get(role, ZERO), kept.stake)
        return {role: (count, stakes[role]) for role, count in times.items()}

    def _go_through(self) -> None:
        """The others one by one, in their order."""
        untold = self._untold_verdicts()
        places = np.flatnonzero(self._whole | self._untold).tolist()
        batches = [places[start : start + AT_ONCE] for start in range(0, len(places), AT_ONCE)]
        wanted = [[self._decision(place) for place in batch if self._whole[place]] for batch in batches]
        for batch, found in zip(batches, self._fetch(wanted), strict=True):
            rows = {row.decision: row for row in found}
            for place in batch:
                if self._whole[place]:
                    self._replay.weigh_whole(rows[self._decision(place)])
                else:
                    self._settle(place, [self._verdicts[v] for v in untold[place]])

    def _untold_verdicts(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for each in self._judged:
            mine = self._untold[each.owner]
            pairs: Iterable[tuple[int, int]] = zip(each.owner[mine].tolist(), each.verdict[mine].tolist(), strict=True)
            for owner, group in groupby(pairs, key=lambda pair: pair[0]):
                found[owner] = [verdict for _, verdict in group]
        return found

    def _settle(self, place: int, verdicts: Sequence[_Verdict]) -> None:
        """As `Replay` settles a decision in which no answer changes."""
        subject, held = int(self._subjects[place]), bool(self._held[place])
        effect = int(self._effect[place])
        before = _effect(self._spine.effects[effect]) if effect >= 0 else None
        for number, tally in enumerate(self._replay.tallies):
            refused = next((v.refused[number] for v in verdicts if v.refused[number]), "")
            lacking = sorted({name for v in verdicts for name in v.lacking[number]})
            if refused:
                tally.refuse(self._decision(place), refused)
                tally.held_after.add(subject)
            elif lacking:
                tally.lack(self._decision(place), lacking)
                tally.unknown.add(subject)
            else:
                tally.same += 1
                if held:
                    tally.held_after.add(subject)
                if before is not None:
                    tally.load(before, before)

    def _decision(self, place: int) -> UUID:
        at = (self._span[0] + place) * PROOF
        return UUID(bytes=self._spine.proof[at : at + 16])


def _effect(kept: Kept) -> Effect:
    return Effect("", True, kept.steps, kept.stake)
