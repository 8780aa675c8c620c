"""Consistency, ranges and covers, against the reference data and against trees built from the RFC's own definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.core import merkle
from headgate.ledger.core.merkle import complete_root, leaf_hash, node_hash, verify_consistency, verify_inclusion
from tests.unit.ledger.test_merkle import LEAVES, ROOTS, split_root

# From Certificate Transparency's reference data: old size, new size, path.
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def roots_of(leaves, spans):
    """The root of each range, straight from the definition."""
    return [split_root(leaves[first:end]) for first, end in spans]


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_known_consistency_paths_are_produced_and_hold(old, new, path):
    made = roots_of(LEAVES, merkle.consistency_ranges(old, new))
    assert [step.hex() for step in made] == path
    roots = [bytes.fromhex(text) for text in ROOTS]
    assert verify_consistency(old, new, made, roots[old - 1], roots[new - 1])


def test_the_known_inclusion_paths_are_those_of_the_ranges():
    for size in range(1, 9):
        for index in range(size):
            spans = merkle.inclusion_ranges(index, size)
            assert roots_of(LEAVES, spans) == merkle.inclusion_proof(index, LEAVES[:size])


sized = st.integers(1, 80).flatmap(lambda new: st.tuples(st.integers(0, new), st.just(new)))


@given(sized)
def test_every_tree_is_consistent_with_its_beginnings(sizes):
    old, new = sizes
    leaves = [bytes([n]) for n in range(new)]
    path = roots_of(leaves, merkle.consistency_ranges(old, new))
    assert verify_consistency(old, new, path, split_root(leaves[:old]), split_root(leaves))


@given(sized, st.data())
def test_a_changed_leaf_a_changed_step_or_a_lost_step_is_inconsistent(sizes, data):
    old, new = sizes
    leaves = [bytes([n]) for n in range(new)]
    path = roots_of(leaves, merkle.consistency_ranges(old, new))
    if old:
        place = data.draw(st.integers(0, old - 1))
        other = [*leaves[:place], b"other", *leaves[place + 1 :]]
        assert not verify_consistency(old, new, path, split_root(other[:old]), split_root(leaves))
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        bent = [*path[:place], b"\0" * 32, *path[place + 1 :]]
        assert not verify_consistency(old, new, bent, split_root(leaves[:old]), split_root(leaves))
        assert not verify_consistency(old, new, path[:-1], split_root(leaves[:old]), split_root(leaves))
    assert not verify_consistency(old, new, [*path, b"\0" * 32], split_root(leaves[:old]), split_root(leaves))


def test_nothing_is_consistent_with_a_smaller_tree():
    assert not verify_consistency(3, 2, [], b"", b"")
    with pytest.raises(IndexError):
        merkle.consistency_ranges(3, 2)
    with pytest.raises(IndexError):
        merkle.inclusion_ranges(2, 2)


@given(st.integers(1, 90), st.data())
def test_ranges_put_together_from_complete_subtrees_have_the_roots_of_the_definition(size, data):
    leaves = [bytes([n]) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    hashes = {}
    for span in [*merkle.inclusion_ranges(index, size), (0, size)]:
        for level, place in merkle.subtrees(*span):
            covered = leaves[place << level : (place + 1) << level]
            assert len(covered) == 1 << level
            hashes[level, place] = complete_root([leaf_hash(leaf) for leaf in covered])
    path = [merkle.range_root(span, hashes) for span in merkle.inclusion_ranges(index, size)]
    root = merkle.range_root((0, size), hashes)
    assert root == split_root(leaves)
    assert verify_inclusion(leaves[index], index, size, path, root)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_a_cover_and_the_chosen_leaves_partition_the_tree(drawn):
    size, chosen = drawn
    spans = merkle.cover(sorted(chosen), size)
    covered = [place for first, end in spans for place in range(first, end)]
    assert sorted([*covered, *chosen]) == list(range(size))
    assert covered == sorted(covered)


def test_folding_puts_neighbours_together_from_the_right():
    a, b, c = (bytes([n]) * 32 for n in range(3))
    assert merkle.folded([a, b, c]) == node_hash(a, node_hash(b, c))
    assert merkle.folded([]) == merkle.EMPTY
