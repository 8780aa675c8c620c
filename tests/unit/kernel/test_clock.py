"""Instants as senders write them, and clocks that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headgate.kernel.clock import FixedClock, SystemClock, parse_instant
from headgate.kernel.errors import Invalid

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:00:00.000Z",
        "2026-03-01T10:00:00+01:00",
        "2026-02-28T23:00:00-10:00",
        "2026-03-01 09:00:00+00:00",
    ],
)
def test_an_instant_is_read_to_utc(text: str) -> None:
    found = parse_instant("placed_at", text)
    assert found == NINE
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "2026-03-01", "2026-03-01T09:00:00", "2026-02-30T09:00:00Z", "2026-03-01T25:00:00Z", 5, None],
)
def test_what_is_no_instant_is_refused_by_field(value: object) -> None:
    with pytest.raises(Invalid) as caught:
        parse_instant("placed_at", value)
    assert caught.value.problems[0].field == "placed_at"


def test_an_instant_that_utc_cannot_hold_is_refused() -> None:
    with pytest.raises(Invalid, match="out of range"):
        parse_instant("placed_at", "0001-01-01T00:00:00+14:00")


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock(NINE)
    assert clock.now() == clock.now() == NINE
    clock.move(timedelta(hours=-1))
    assert clock.now() == NINE - timedelta(hours=1)
    clock.set(NINE)
    assert clock.now() == NINE


def test_the_system_clock_speaks_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
