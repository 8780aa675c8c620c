from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.delivery.core.pace import (
    LONGEST_RETRY_AFTER,
    LONGEST_SECONDS,
    Bucket,
    backoff,
    give_back,
    next_token,
    retry_after,
    take,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
chances = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (10_000, 3600)])
def test_the_ceiling_doubles_up_to_an_hour(attempt: int, seconds: int) -> None:
    assert backoff(attempt, 1.0) == timedelta(seconds=seconds)
    assert backoff(attempt, 0.0) == timedelta()


@given(st.integers(-5, 10**9), chances)
def test_a_pause_is_never_negative_nor_longer_than_the_longest(attempt: int, chance: float) -> None:
    assert timedelta() <= backoff(attempt, chance) <= timedelta(seconds=LONGEST_SECONDS)


@given(st.integers(1, 100), chances, chances)
def test_a_pause_follows_chance_over_its_whole_range(attempt: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert backoff(attempt, low) <= backoff(attempt, high) <= backoff(attempt + 1, high)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", timedelta()),
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("99999999999999999999999", LONGEST_RETRY_AFTER),
        ("Mon, 02 Mar 2026 09:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 08:00:00 GMT", timedelta()),
        ("Mon, 02 Mar 2099 08:00:00 GMT", LONGEST_RETRY_AFTER),
        ("Mon, 02 Mar 2026 09:05:00 -0000", timedelta(minutes=5)),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
    ],
)
def test_a_wish_for_a_pause_is_read_or_left(value: str, expected: timedelta | None) -> None:
    assert retry_after(value, NOW) == expected


@given(st.text(max_size=60))
def test_no_header_breaks_the_reader(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or timedelta() <= found <= LONGEST_RETRY_AFTER


# What happens to a bucket: seconds that pass (clocks go back, too) and messages that want to go.
steps = st.lists(st.tuples(st.integers(-3600, 3600), st.integers(0, 50)), max_size=40)


@given(steps, st.floats(0.01, 1000), st.integers(1, 100))
def test_never_more_than_the_burst_and_what_time_has_added(
    moves: list[tuple[int, int]], rate: float, burst: int
) -> None:
    bucket, now, passed, gone = Bucket(float(burst), NOW), NOW, 0, 0
    for seconds, wanted in moves:
        now += timedelta(seconds=seconds)
        passed += max(seconds, 0)
        granted, bucket = take(bucket, rate, burst, wanted, now)
        gone += granted
        assert 0 <= granted <= wanted
        assert 0 <= bucket.tokens <= burst
        assert bucket.at == now
        assert gone <= burst + passed * rate + 1e-3


@given(st.floats(0.01, 100), st.integers(1, 20))
def test_after_the_time_it_names_a_message_may_go(rate: float, burst: int) -> None:
    _, empty = take(Bucket(float(burst), NOW), rate, burst, burst, NOW)
    at = next_token(empty, rate, NOW)
    assert at > NOW
    granted, _ = take(empty, rate, burst, 1, at + timedelta(microseconds=1))
    assert granted == 1


def test_without_a_rate_everything_goes() -> None:
    granted, bucket = take(Bucket(0.0, NOW), None, 5, 1000, NOW)
    assert (granted, bucket.tokens) == (1000, 5.0)
    assert next_token(Bucket(0.0, NOW), None, NOW) == NOW


def test_what_was_granted_and_not_used_comes_back_up_to_the_burst() -> None:
    assert give_back(Bucket(1.0, NOW), 3, 1).tokens == 2.0
    assert give_back(Bucket(2.5, NOW), 3, 4).tokens == 3.0
