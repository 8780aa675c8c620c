"""A decision that can be taken back for a moment ends exactly once, whatever happens in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.process.core import holding
from headgate.process.core.holding import MOST_SECONDS, MOST_TRIES

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ME, OTHER = "user:carl@nordwind.example", "user:fay@nordwind.example"


@pytest.mark.parametrize("seconds", [0, -1, MOST_SECONDS + 1])
def test_a_time_that_is_none_or_too_long_is_refused(seconds: int) -> None:
    with pytest.raises(Invalid, match="seconds"):
        holding.begin(ME, NOW, seconds)


@given(st.integers(1, MOST_SECONDS), st.integers(0, 2 * MOST_SECONDS))
def test_it_is_due_when_its_time_is_over_and_not_a_moment_before(seconds: int, after: int) -> None:
    hold = holding.begin(ME, NOW, seconds)
    assert holding.is_due(hold, NOW + timedelta(seconds=after)) == (after >= seconds)


def test_what_is_decided_in_time_counts_in_time() -> None:
    soon = NOW + timedelta(seconds=9)
    hold = holding.begin(ME, NOW, 10, [NOW - timedelta(hours=1), soon, NOW + timedelta(hours=1)])
    assert NOW < hold.due_at < soon
    assert hold.next_at == hold.due_at
    assert holding.begin(ME, NOW, 10, [NOW + timedelta(seconds=1)]).due_at == NOW
    assert holding.begin(ME, NOW, 10, [NOW + timedelta(minutes=1)]).due_at == NOW + timedelta(seconds=10)


def test_only_who_made_it_can_undo_it_and_others_learn_nothing_of_it() -> None:
    hold = holding.begin(ME, NOW, 10)
    with pytest.raises(NotFound):
        holding.undo(hold, OTHER, NOW)
    assert holding.undo(hold, ME, NOW).status == "undone"


def test_until_it_is_carried_out_it_can_be_undone_also_when_a_worker_is_late() -> None:
    late = NOW + timedelta(minutes=5)
    hold = holding.begin(ME, NOW, 10)
    assert holding.undo(hold, ME, late).status == "undone"
    with pytest.raises(Conflict, match="too late"):
        holding.undo(holding.carried_out(hold, late), ME, late)


def test_what_breaks_is_tried_again_ever_later_and_given_up_in_the_end() -> None:
    hold, now, pauses = holding.begin(ME, NOW, 10), NOW + timedelta(seconds=10), []
    while hold.status == "held":
        assert holding.is_due(hold, now)
        hold = holding.broke(hold, now)
        pauses.append((hold.next_at - now).total_seconds())
        now = hold.next_at
    assert hold.status == "given_up"
    assert hold.tries == MOST_TRIES
    assert pauses[: MOST_TRIES - 1] == [5, 10, 20, 40]


class Life(RuleBasedStateMachine):
    """Undoing, carrying out and breaking in any order and at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.hold = holding.begin(ME, NOW, 10)
        self.ends: list[str] = []

    @rule(seconds=st.integers(0, 30))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(who=st.sampled_from([ME, OTHER]))
    def undo(self, who: str) -> None:
        try:
            self.hold = holding.undo(self.hold, who, self.now)
        except (Conflict, NotFound):
            return
        assert who == ME
        self.ends.append("undone")

    @rule()
    def carry_out(self) -> None:
        try:
            self.hold = holding.carried_out(self.hold, self.now)
        except Conflict:
            return
        assert self.now >= self.hold.due_at
        self.ends.append("carried_out")

    @rule()
    def breaks(self) -> None:
        before, self.hold = self.hold, holding.broke(self.hold, self.now)
        if before.status == "held" and self.hold.status == "given_up":
            self.ends.append("given_up")

    @invariant()
    def ends_once(self) -> None:
        assert len(self.ends) <= 1
        assert self.hold.status == (self.ends[0] if self.ends else "held")
        assert (self.hold.ended_at is None) == (self.hold.status == "held")


TestLife = Life.TestCase
