"""Token buckets: the long run keeps to the rate, whatever the steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.buckets import Buckets, Rate

RATE = Rate(10, 20)


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    buckets = Buckets()
    assert [buckets.take("a", RATE, 1, 0.0) for _ in range(20)] == [0.0] * 20
    assert buckets.take("a", RATE, 1, 0.0) == 0.1
    assert buckets.take("a", RATE, 1, 0.1) == 0.0
    assert buckets.take("a", RATE, 1, 0.1) > 0


def test_a_large_batch_passes_whole_and_its_debt_is_waited_off() -> None:
    buckets = Buckets()
    assert buckets.take("a", RATE, 120, 0.0) == 0.0
    assert buckets.wait("a", RATE, 0.0) == 10.1
    assert buckets.take("a", RATE, 1, 10.0) > 0
    assert buckets.take("a", RATE, 1, 10.2) == 0.0


def test_keys_do_not_share_and_a_refusal_takes_nothing() -> None:
    buckets = Buckets()
    buckets.charge("a", RATE, 30, 0.0)
    before = buckets.wait("a", RATE, 0.0)
    for _ in range(50):
        buckets.take("a", RATE, 5, 0.0)
    assert buckets.wait("a", RATE, 0.0) == before
    assert buckets.take("b", RATE, 1, 0.0) == 0.0


def test_a_clock_that_stands_or_goes_back_gives_nothing_away() -> None:
    buckets = Buckets()
    buckets.charge("a", RATE, 30, 100.0)
    assert buckets.wait("a", RATE, 50.0) > 0


def test_memory_is_bounded_whoever_comes() -> None:
    buckets = Buckets(most=100)
    for number in range(10_000):
        buckets.take(number, RATE, 1, 0.0)
    assert len(buckets) == 100


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 15)), max_size=60))
def test_what_passes_is_never_more_than_burst_and_rate_and_one_last_batch(steps: list[tuple[float, int]]) -> None:
    buckets, at, passed = Buckets(), 0.0, 0
    for pause, cost in steps:
        at += pause
        if buckets.take("a", RATE, cost, at) == 0.0:
            passed += cost
        assert passed <= RATE.burst + RATE.per_second * at + 15 + 1e-6


@given(st.floats(0.1, 1000), st.floats(0.1, 1000), st.floats(0, 5000))
def test_after_the_wait_it_may_go(per_second: float, burst: float, cost: float) -> None:
    rate, buckets = Rate(per_second, burst), Buckets()
    buckets.charge("a", rate, cost, 0.0)
    assert buckets.take("a", rate, 1, buckets.wait("a", rate, 0.0) + 1e-6) == 0.0
