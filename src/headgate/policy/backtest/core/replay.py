"""Go through recorded decisions once and weigh each again under several candidate versions of one policy.

A decision is compared with what its own version said then. Three things are kept apart: what comes out the same or
otherwise, what cannot be told because a fact was not recorded, and what a candidate has no answer for.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from headgate.policy.backtest.core.judging import Bench, Shelf
from headgate.policy.backtest.core.lens import Asked, Effect, Lens, Undecidable
from headgate.policy.backtest.core.matcher import Answer, Matcher
from headgate.policy.backtest.core.tally import MOST_WHY, Flip, Tally, direction
from headgate.policy.core.compile import CompiledPolicy


class Recorded(NamedTuple):
    """A decision as read: `record` is the JSON text its digest was taken over."""

    decision: UUID
    at: datetime
    policy: str
    version: int
    subject_type: str
    subject: str
    outcome: str
    record: bytes
    digest: bytes


def subject_number(subject_type: str, subject: str) -> int:
    """A subject as a signed number of 64 bits, the same in every process; what is counted are distinct numbers."""
    told = hashlib.blake2b(f"{subject_type}\0{subject}".encode(), digest_size=8).digest()
    return int.from_bytes(told, "little", signed=True)


@dataclass(slots=True)
class Seen:
    """What was read, whatever the candidates say."""

    decisions: int = 0
    asked: int = 0  # decisions that the policy had a part in
    evaluations: int = 0
    followed: int = 0
    unreadable: int = 0
    differing: int = 0
    versions: Counter[int] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    subjects: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    examples: list[dict[str, Any]] = field(default_factory=list)


class Replay:
    """One pass. `months` are the starts of the period's months with their names; `most` flips are kept a candidate."""

    def __init__(
        self,
        policy: str,
        candidates: Sequence[CompiledPolicy],
        shelf: Shelf,
        lenses: Mapping[str, Lens],
        months: Sequence[tuple[datetime, str]],
        most: int,
    ) -> None:
        self._policy = policy
        self._candidates = tuple(candidates)
        self._shelf = shelf
        self._bench = Bench(shelf)
        self._lenses = lenses
        self.starts = [start for start, _ in months]
        self.names = [name for _, name in months]
        self._matchers: dict[tuple[int, tuple[str, ...]], tuple[bool, Matcher]] = {}
        self._hash = hashlib.sha256()
        self._hosts: set[str] = set()
        self.seen = Seen()
        self.tallies = [Tally(most) for _ in candidates]

    @property
    def hosts(self) -> set[str]:
        """The policies that had the last word in the decisions read."""
        return self._hosts

    @property
    def read_digest(self) -> str:
        """SHA-256 (hex) over id and digest of every decision read, in the order read."""
        return self._hash.hexdigest()

    def add(self, rows: Iterable[Recorded]) -> None:
        """Weigh decisions again."""
        for row in rows:
            self.noted(row.policy, row.decision.bytes + row.digest)
            self.weigh(row)

    def noted(self, host: str, proof: bytes) -> None:
        """Decisions of a policy are weighed next: id and digest of each, in their order."""
        self._hosts.add(host)
        self._hash.update(proof)

    def weigh(self, row: Recorded) -> None:
        """Weigh a decision that is noted already."""
        lens = self._lenses[row.policy]
        try:
            peeked = None if lens.stops(None, row.outcome) else lens.peek(row.record, self._policy)
            if peeked is not None and self._quiet(peeked):
                self.seen.decisions += 1
                self.seen.months[self._month(row)] += 1
                self.seen.subjects.add(subject_number(row.subject_type, row.subject))
                return
        except (ValueError, KeyError, TypeError, IndexError):
            self.seen.decisions += 1
            self.seen.unreadable += 1
            return
        self.weigh_whole(row)

    def _month(self, row: Recorded) -> str:
        return self.names[bisect_right(self.starts, row.at) - 1]

    def weigh_whole(self, row: Recorded) -> None:
        """The same for one that is known to need all of its record."""
        seen, lens = self.seen, self._lenses[row.policy]
        seen.decisions += 1
        month = self._month(row)
        subject = subject_number(row.subject_type, row.subject)
        try:
            record = orjson.loads(row.record)
            asked = lens.asked(record, self._policy)
        except (ValueError, KeyError, TypeError, IndexError):
            seen.unreadable += 1
            return
        seen.months[month] += 1
        held = lens.stops(record, row.outcome)
        if asked:
            seen.asked += 1
            seen.evaluations += len(asked)
        changed, lacking, refused = self._compare(row, asked) if asked else ([], [], [])
        # An approval under the candidate would have covered what this one covered, so it is not counted a second time.
        if lens.followed(record):
            seen.followed += 1
            return
        seen.subjects.add(subject)
        if held:
            seen.held.add(subject)
        wanted = held or any(changed)
        one = _One(row, lens.opened(record) if wanted else None, lens, asked, held, subject, month)
        self._settle(one, changed, lacking, refused)

    def _quiet(self, asked: Sequence[Asked]) -> bool:
        """Whether the record holds and every candidate says the same; then it is counted. Most decisions are like
        this, so it comes first and costs little."""
        for each in asked:
            known, matcher = self.matcher(each.version, each.names)
            answers = matcher.answers(each.values)
            if not known or list(answers[0].rows) != each.rows:
                return False
            outputs = each.outputs
            for answer in answers:
                if answer.outputs != outputs or answer.missing or answer.refused:
                    return False
        seen = self.seen
        if asked:
            seen.asked += 1
            seen.evaluations += len(asked)
            for each in asked:
                seen.versions[each.version] += 1
        for tally in self.tallies:
            tally.same += 1
        return True

    def _compare(
        self, row: Recorded, asked: Sequence[Asked]
    ) -> tuple[list[dict[int, Answer]], list[set[str]], list[str]]:
        """By candidate: the answers that differ, the facts it lacks, why it has no answer."""
        count = len(self._candidates)
        changed: list[dict[int, Answer]] = [{} for _ in range(count)]
        lacking: list[set[str]] = [set() for _ in range(count)]
        refused = [""] * count
        for each in asked:
            known, matcher = self.matcher(each.version, each.names)
            answers = matcher.answers(each.values)
            recorded = answers[0]
            if not known or recorded.outputs != each.outputs or list(recorded.rows) != each.rows:
                self._differs(row, each, recorded if known else None)
            self.seen.versions[each.version] += 1
            for place, answer in enumerate(answers[1:]):
                if answer.missing:
                    lacking[place].update(answer.missing)
                    self.tallies[place].evaluations_undecidable += 1
                elif answer.refused:
                    refused[place] = refused[place] or answer.refused
                    self.tallies[place].evaluations_unanswered += 1
                elif answer.outputs != each.outputs:
                    changed[place][each.place] = answer
                    self.tallies[place].evaluations_changed += 1
        return changed, lacking, refused

    def matcher(self, version: int, names: tuple[str, ...]) -> tuple[bool, Matcher]:
        """What answers evaluations of a version with facts of these names: that version, then the candidates; and
        whether that version is known."""
        key = (version, names)
        found = self._matchers.get(key)
        if found is None:
            own = self._shelf.version(self._policy, version)
            tables = [own or self._candidates[0], *self._candidates]
            found = self._matchers[key] = (own is not None, Matcher(tables, names))
        return found

    def _differs(self, row: Recorded, asked: Asked, now: Answer | None) -> None:
        self.seen.differing += 1
        if len(self.seen.examples) < MOST_WHY:
            said = "its version is not stored" if now is None else now.refused or ", ".join(now.rows) or "no row"
            self.seen.examples.append(
                {
                    "decision": str(row.decision),
                    "subject": row.subject,
                    "version": asked.version,
                    "recorded": ", ".join(asked.rows) or "no row",
                    "now": said,
                }
            )

    def _settle(
        self,
        one: _One,
        changed: Sequence[dict[int, Answer]],
        lacking: Sequence[set[str]],
        refused: Sequence[str],
    ) -> None:
        before: Effect | Undecidable | None = None
        if one.held or any(changed):
            before = self._recorded(one)
        for place, tally in enumerate(self.tallies):
            if changed and refused[place]:
                tally.refuse(one.row.decision, refused[place])
                tally.held_after.add(one.subject)  # it would have waited for somebody to mend the policy
            elif changed and lacking[place]:
                tally.lack(one.row.decision, sorted(lacking[place]))
                tally.unknown.add(one.subject)
            elif changed and changed[place]:
                self._changed(tally, one, place, changed[place], before)
            else:
                tally.same += 1
                if one.held:
                    tally.held_after.add(one.subject)
                if isinstance(before, Effect):
                    tally.load(before, before)

    def _recorded(self, one: _One) -> Effect | Undecidable:
        try:
            return one.lens.recorded(one.opened, one.row.outcome, self._bench.judge(one.row.at))
        except Undecidable as error:
            return error

    def _changed(
        self, tally: Tally, one: _One, place: int, answers: Mapping[int, Answer], before: Effect | Undecidable | None
    ) -> None:
        row = one.row
        try:
            if not isinstance(before, Effect):
                raise before or Undecidable("what came of it")
            after = one.lens.again(
                one.opened, self._policy, answers, self._bench.judge(row.at, self._candidates[place])
            )
        except Undecidable as error:
            tally.lack(row.decision, [str(error)])
            tally.unknown.add(one.subject)
            return
        if after.held:
            tally.held_after.add(one.subject)
        tally.load(before, after)
        about = one.lens.about(one.opened)
        rerouted = "approvals" if before.steps != after.steps else "inner"
        kind = "outcome" if before.outcome != after.outcome else rerouted
        rows = tuple((", ".join(a.rows), ", ".join(answers[a.place].rows)) for a in one.asked if a.place in answers)
        tally.rows.update(rows)
        flip = Flip(
            row.decision,
            row.at,
            row.subject_type,
            row.subject,
            about.partner,
            about.amount,
            about.margin,
            kind,
            direction(before, after),
            before.outcome,
            after.outcome,
            rows,
            tuple(dict.fromkeys(about.products[p][0] for p in answers if p in about.products)),
        )
        tally.flip(flip, about, answers, one.month)


class _One(NamedTuple):
    """A decision at hand."""

    row: Recorded
    opened: Any
    lens: Lens
    asked: Sequence[Asked]
    held: bool
    subject: int
    month: str
