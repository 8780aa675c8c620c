"""Merkle trees as RFC 9162 section 2.1 defines them: SHA-256, leaf prefix 0x00, node prefix 0x01."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves' data; the hash of nothing for an empty list (section 2.1.1)."""
    if not leaves:
        return EMPTY
    return _levels(leaves)[-1][0]


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The sibling hashes from leaf `index` up to the root (section 2.1.3.1). Raises IndexError outside the list."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    path: list[bytes] = []
    for level in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index >>= 1
    return path


def verify_inclusion(data: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether `path` proves `data` to be leaf `index` of the tree of `size` leaves with that root (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last = index, size - 1
    running = leaf_hash(data)
    for sibling in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            running = node_hash(sibling, running)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            running = node_hash(running, sibling)
        first >>= 1
        last >>= 1
    return last == 0 and running == expected_root


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Hashes level by level, leaves first; a node without a sibling moves up unchanged, which is the RFC's split."""
    levels = [[leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels
