"""Masters and what stands around them keep the order of the log, whatever a runner happens to hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger import CONTROL_LANE, StoredEvent
from headgate.process.barriers import segments, up_to_barrier

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def event(seq: int, lane: int) -> StoredEvent:
    return StoredEvent(seq, "s", f"e-{seq}", "t", "x", "k", lane, NOW, NOW, {}, "a", "")


def events(text: str) -> list[StoredEvent]:
    """`m` is a master, a digit an event of that lane, a space a number that is not at hand."""
    lanes = {"m": CONTROL_LANE}
    return [event(n, lanes.get(c, int(c) if c.isdigit() else 0)) for n, c in enumerate(text, 1) if c != " "]


def kept(text: str, master: int | None = None, elsewhere: int | None = None) -> list[int]:
    return [e.seq for e in up_to_barrier(events(text), master, elsewhere)]


@pytest.mark.parametrize(
    ("text", "master", "elsewhere", "applied"),
    [
        ("", None, None, []),
        ("123", None, None, [1, 2, 3]),
        ("12 3", 3, None, [1, 2]),  # a master that somebody else holds, or that waits for another try
        ("12", 3, None, [1, 2]),
        (" 12", 1, None, []),
        ("1m2m", None, None, [1, 2, 3, 4]),
        ("1m2m", None, 3, [1, 2, 3]),  # something of another lane has to come before the second master
        ("1m2m", None, 1, [1]),
        ("1m2", None, 9, [1, 2, 3]),
        ("123", None, 1, [1, 2, 3]),  # only masters wait for other lanes
        ("m m1", 2, None, [1]),  # masters keep their own order, too
        (" 1m2", 1, 9, []),
    ],
)
def test_a_fetch_is_cut_where_the_order_would_break(
    text: str, master: int | None, elsewhere: int | None, applied: list[int]
) -> None:
    assert kept(text, master, elsewhere) == applied


@pytest.mark.parametrize(
    ("text", "runs"),
    [("", []), ("12", [[1, 2]]), ("m", [[1]]), ("1m2", [[1], [2], [3]]), ("12mm34", [[1, 2], [3, 4], [5, 6]])],
)
def test_masters_and_others_are_applied_in_runs(text: str, runs: list[list[int]]) -> None:
    assert [[e.seq for e in run] for run in segments(events(text))] == runs


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12), st.sets(st.integers(0, 3)), st.booleans())
def test_any_share_of_the_lanes_keeps_masters_and_others_in_order(
    log: list[tuple[int, bool]], lanes: set[int], control: bool
) -> None:
    """Whoever holds what: nothing passes a master, no master passes anything, and the whole log can be finished."""
    waiting = [event(n, CONTROL_LANE if master else lane) for n, (lane, master) in enumerate(log, 1)]
    mine = lanes | ({CONTROL_LANE} if control else set())
    fetched = [e for e in waiting if e.lane in mine]
    others = [e for e in waiting if e.lane not in mine]
    master = next((e.seq for e in others if e.lane == CONTROL_LANE), None)
    elsewhere = next((e.seq for e in others if e.lane != CONTROL_LANE), None)
    applied = up_to_barrier(fetched, master, elsewhere)
    assert applied == fetched[: len(applied)]
    left = [e for e in waiting if e not in applied]
    for done in applied:
        for behind in left:
            if behind.seq < done.seq:
                assert CONTROL_LANE not in (done.lane, behind.lane)
    if waiting and waiting[0].lane in mine:
        assert applied, "who holds the first event can always go on"
