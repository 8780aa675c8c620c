"""Gathering rows into documents, whatever order they stand in."""

from __future__ import annotations

from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.imports.core.mapping import MAX_ROWS_PER_DOCUMENT
from headgate.connectors.imports.core.rows import Group, MemoryBuffer, Row, Unreadable, group_rows, index_groups
from headgate.connectors.imports.spill import SpillingBuffer

KEY = itemgetter(0)


def grouped(keys, buffer):
    rows = [Unreadable(n, "broken", "") if key is None else Row(n, [key]) for n, key in enumerate(keys, 1)]
    index = index_groups(rows, KEY)
    return index, list(group_rows(rows, KEY, index, buffer))


def test_rows_that_stand_together_are_handed_over_one_group_after_the_other():
    index, groups = grouped("aabbb", MemoryBuffer())
    assert index.split == {}
    assert [(g.key, [r.number for r in g.rows]) for g in groups] == [("a", [1, 2]), ("b", [3, 4, 5])]


def test_a_key_that_appears_again_later_is_one_group_after_its_last_row():
    index, groups = grouped("abbac", MemoryBuffer())
    assert index.split == {"a": 4}
    assert [(g.key, [r.number for r in g.rows]) for g in groups] == [("b", [2, 3]), ("a", [1, 4]), ("c", [5])]


def test_an_unreadable_record_does_not_split_a_group():
    index, groups = grouped(["a", None, "a"], MemoryBuffer())
    assert index.split == {}
    assert [type(g) for g in groups] == [Unreadable, Group]
    assert [r.number for r in groups[1].rows] == [1, 3]


@pytest.mark.parametrize("others", [[], ["b"]])
def test_a_document_with_too_many_rows_comes_in_parts_that_know_where_they_start(others):
    keys = [*others, *["a"] * (MAX_ROWS_PER_DOCUMENT + 5), *others]
    _, groups = grouped(keys, MemoryBuffer())
    parts = [(g.start, len(g.rows)) for g in groups if g.key == "a"]
    assert parts == [(0, MAX_ROWS_PER_DOCUMENT), (MAX_ROWS_PER_DOCUMENT, 5)]


@given(st.lists(st.sampled_from([*"abcdef", None]), max_size=60), st.integers(1, 8))
def test_in_any_order_every_row_is_in_exactly_one_group_of_its_key_in_file_order(keys, limit):
    with SpillingBuffer(limit) as spilling:
        _, groups = grouped(keys, spilling)
    _, plain = grouped(keys, MemoryBuffer())
    assert [(g.key, g.rows) if isinstance(g, Group) else g for g in groups] == [
        (g.key, g.rows) if isinstance(g, Group) else g for g in plain
    ]
    whole = [g for g in groups if isinstance(g, Group)]
    assert sorted(n for g in whole for n in (r.number for r in g.rows)) == [n for n, k in enumerate(keys, 1) if k]
    assert len({g.key for g in whole}) == len(whole)
    for group in whole:
        assert [r.number for r in group.rows] == [n for n, k in enumerate(keys, 1) if k == group.key]


def test_rows_of_split_keys_beyond_the_limit_leave_memory_and_come_back_whole():
    with SpillingBuffer(10) as buffer:
        for number in range(100):
            buffer.add(("k", str(number % 2)), Row(number, [str(number), "ü\n"]))
        assert buffer.in_memory < 10
        assert [r.number for r in buffer.take(("k", "1"))] == list(range(1, 100, 2))
        assert buffer.take(("k", "0"))[3] == Row(6, ["6", "ü\n"])
        assert buffer.take(("k", "0")) == []
