"""Merkle trees as RFC 9162 section 2.1 defines them: SHA-256, leaf prefix 0x00, node prefix 0x01.

A tree is never held as a whole. A proof names ranges of leaves; each range is a row of complete subtrees (`subtrees`),
whose roots are asked for by `Node` and put together again (`range_root`). Whoever keeps the roots of large complete
subtrees can so prove things about a long log from a few reads.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

# A complete subtree: `(level, position)` covers the leaves from position·2^level up to (position + 1)·2^level.
Node = tuple[int, int]
# Leaves from the first up to but not including the second.
Range = tuple[int, int]

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


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots are the inclusion path of leaf `index` in the tree of `size` leaves, from the leaf up.

    Raises IndexError outside the tree (section 2.1.3.1).
    """
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} among {size}")
    first, end, path = 0, size, []
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose roots prove that the tree of `old` leaves is the beginning of that of `new` (section 2.1.4.1).

    Empty where nothing is to be proved: equal sizes, and an empty old tree. Raises IndexError for old above new.
    """
    if not 0 <= old <= new:
        raise IndexError(f"a tree of {old} leaves cannot be the beginning of one of {new}")
    if old in (0, new):
        return []
    first, end, path, whole = 0, new, [], True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first, whole = middle, False
    if not whole:
        path.append((first, end))
    return path[::-1]


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `path` proves that the tree with `old_root` is the beginning of that with `new_root` (2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old_running = new_running = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old_running, new_running = node_hash(step, old_running), node_hash(step, new_running)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            new_running = node_hash(new_running, step)
        first >>= 1
        last >>= 1
    return last == 0 and old_running == old_root and new_running == new_root


def subtrees(first: int, end: int) -> Iterator[Node]:
    """The complete subtrees that make up a range, left to right; `first` must be where a subtree that large begins."""
    while first < end:
        level = (end - first).bit_length() - 1
        yield level, first >> level
        first += 1 << level


def range_root(span: Range, hashes: Mapping[Node, bytes]) -> bytes:
    """The root over a range, from the roots of its complete subtrees. Raises KeyError where one is missing."""
    return folded([hashes[node] for node in subtrees(*span)])


def folded(peaks: Sequence[bytes]) -> bytes:
    """The root over neighbouring complete subtrees, largest first; the hash of nothing for none."""
    if not peaks:
        return EMPTY
    running = peaks[-1]
    for peak in peaks[-2::-1]:
        running = node_hash(peak, running)
    return running


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of leaf or node hashes."""
    sha256 = hashlib.sha256
    level = list(hashes)
    while len(level) > 1:
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
    return level[0]


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """The hashes of many leaves."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def cover(chosen: Sequence[int], size: int) -> list[Range]:
    """The ranges whose roots, with the chosen leaves (sorted, each once), give the root of the tree of `size` leaves.

    Left to right. For many leaves at once it takes far fewer hashes than a path for each (see `ledger/verifier.py`).
    """
    found: list[Range] = []

    def visit(first: int, end: int, at: int, upto: int) -> None:
        """`chosen[at:upto]` are those within the range."""
        if at == upto:
            found.append((first, end))
        elif end - first > upto - at:
            middle = first + _split(end - first)
            cut = bisect_left(chosen, middle, at, upto)
            visit(first, middle, at, cut)
            visit(middle, end, cut, upto)

    if size:
        visit(0, size, 0, len(chosen))
    return found


def _split(size: int) -> int:
    """The largest power of two below `size`: how many leaves stand left of the root."""
    return 1 << (size - 1).bit_length() - 1


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
