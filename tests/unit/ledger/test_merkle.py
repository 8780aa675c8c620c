"""The reference data of Certificate Transparency's own tests (the same tree heads in every implementation)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.core.merkle import EMPTY, inclusion_proof, leaf_hash, node_hash, root, verify_inclusion

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def split_root(leaves: list[bytes]) -> bytes:
    """The RFC's own recursive definition, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(split_root(leaves[:k]), split_root(leaves[k:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_tree_heads_are_those_of_the_reference_data(size):
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing():
    assert root([]) == EMPTY
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_known_inclusion_path_is_produced():
    """The path of leaf 0 in the tree of eight, from the same reference data."""
    assert [step.hex() for step in inclusion_proof(0, LEAVES)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_roots_and_proofs_agree_with_the_definition_for_any_size(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    expected = split_root(leaves)
    assert root(leaves) == expected
    assert verify_inclusion(leaves[index], index, len(leaves), inclusion_proof(index, leaves), expected)


@given(st.integers(2, 40), st.data())
def test_a_proof_of_something_else_does_not_verify(size, data):
    leaves = [bytes([n]) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    path = inclusion_proof(index, leaves)
    head = root(leaves)
    assert not verify_inclusion(leaves[other], index, size, path, head)
    assert not verify_inclusion(leaves[index], other, size, path, head)
    assert not verify_inclusion(leaves[index], index, size, path[:-1], head)
    assert not verify_inclusion(leaves[index], index, size, [*path, head], head)
    assert not verify_inclusion(leaves[index], index, size, path, leaf_hash(head))
    assert not verify_inclusion(leaves[index], size, size, path, head)


def test_a_leaf_outside_the_tree_has_no_proof():
    with pytest.raises(IndexError):
        inclusion_proof(8, LEAVES)
