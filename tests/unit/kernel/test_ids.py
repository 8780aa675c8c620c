"""Identifiers: time-ordered, repeatable, spread over lanes the same way everywhere."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.ids import derive_id, lane_of, new_id

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
instants = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(instants, st.lists(st.text(max_size=8), max_size=3))
def test_a_derived_id_is_a_uuid_of_version_7_and_the_same_each_time(at: datetime, parts: list[str]) -> None:
    made = derive_id(at, *parts)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made == derive_id(at, *parts)


def test_a_derived_id_is_the_same_on_every_machine() -> None:
    assert str(derive_id(AT, "case", "order_to_release", "order:O-1")) == "019cadc6-9a80-7fb7-83c8-c89c38bbcc4f"


def test_parts_do_not_run_into_each_other() -> None:
    assert derive_id(AT, "ab", "c") != derive_id(AT, "a", "bc")
    assert derive_id(AT, 1, 23) != derive_id(AT, 12, 3)


def test_ids_sort_by_time() -> None:
    times = [AT + timedelta(milliseconds=step) for step in range(50)]
    made = [new_id(at) for at in times]
    assert made == sorted(made)
    assert [i.int >> 80 for i in made] == [int(at.timestamp() * 1000) for at in times]


def test_fresh_ids_differ() -> None:
    assert len({new_id(AT) for _ in range(1000)}) == 1000


def test_a_lane_is_the_same_on_every_machine() -> None:
    assert [lane_of(f"order:O-{n}", 16) for n in range(6)] == [15, 0, 11, 0, 6, 10]


@given(st.text(), st.integers(1, 256))
def test_a_lane_is_one_of_those_there_are(key: str, lanes: int) -> None:
    assert 0 <= lane_of(key, lanes) < lanes


def test_keys_spread_over_all_lanes() -> None:
    counts = Counter(lane_of(f"order:WEB1-{n}", 16) for n in range(16_000))
    assert len(counts) == 16
    assert max(counts.values()) < 2 * min(counts.values())
