from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.delivery.core.breaker import (
    CLOSED,
    FAILURES_TO_OPEN,
    LONGEST,
    SHORTEST,
    Breaker,
    allowed,
    failed,
    succeeded,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def opened(times: int = 1) -> Breaker:
    breaker = CLOSED
    for _ in range(FAILURES_TO_OPEN):
        breaker = failed(breaker, "answered 500", NOW)
    for _ in range(times - 1):
        assert breaker.until is not None
        _, probing = allowed(breaker, 1, 0, breaker.until)
        breaker = failed(probing, "answered 500", NOW)
    return breaker


def test_a_few_failures_in_a_row_open_it_and_a_success_between_them_does_not_count() -> None:
    breaker = CLOSED
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = failed(breaker, "x", NOW)
    assert breaker.state == "closed"
    assert failed(succeeded(breaker), "x", NOW).state == "closed"
    assert failed(breaker, "answered 500", NOW) == Breaker("open", 5, 1, NOW + SHORTEST, "answered 500")


def test_an_open_one_lets_one_probe_through_when_its_time_is_up() -> None:
    breaker = opened()
    assert breaker.until is not None
    assert allowed(breaker, 5, 0, breaker.until - timedelta(seconds=1)) == (0, breaker)
    granted, probing = allowed(breaker, 5, 0, breaker.until)
    assert (granted, probing.state) == (1, "half_open")
    assert allowed(probing, 5, 1, breaker.until)[0] == 0  # one at a time
    assert allowed(probing, 5, 0, breaker.until)[0] == 1  # the first was lost with its worker
    assert allowed(breaker, 5, 1, breaker.until)[0] == 0  # messages from before are still under way
    assert allowed(breaker, 0, 0, breaker.until) == (0, breaker)


def test_each_probe_that_fails_doubles_the_pause() -> None:
    pauses = [opened(times).until for times in range(1, 9)]
    assert [p - NOW for p in pauses if p] == [min(SHORTEST * 2**n, LONGEST) for n in range(8)]
    assert succeeded(opened(4)) == CLOSED


def test_failures_that_were_under_way_do_not_lengthen_the_pause() -> None:
    breaker = opened()
    assert failed(breaker, "late", NOW + timedelta(seconds=10)).until == breaker.until


def test_a_clock_that_is_set_back_does_not_keep_it_open() -> None:
    breaker = opened()
    assert allowed(breaker, 1, 0, NOW - timedelta(hours=5))[0] == 1


moves = st.lists(st.tuples(st.sampled_from(["ask", "ok", "fail"]), st.integers(-4000, 4000)), max_size=60)


@given(moves)
def test_whatever_happens_it_lets_something_through_again_within_the_longest_pause(
    happened: list[tuple[str, int]],
) -> None:
    breaker, now = CLOSED, NOW
    for what, seconds in happened:
        now += timedelta(seconds=seconds)
        if what == "ask":
            granted, breaker = allowed(breaker, 3, 0, now)
            assert granted in (0, 1, 3)
            assert granted <= 1 or breaker.state == "closed"
        else:
            breaker = succeeded(breaker) if what == "ok" else failed(breaker, "x", now)
        assert (breaker.state == "open") <= (breaker.until is not None)
        assert breaker.state != "closed" or breaker.failures < FAILURES_TO_OPEN
    assert 1 in (allowed(breaker, 1, 0, now)[0], allowed(breaker, 1, 0, now + LONGEST)[0])
