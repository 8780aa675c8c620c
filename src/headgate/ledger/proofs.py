"""Proofs from the Merkle tree over a tenant's entries, each from two reads however long the chain is.

The leaves are the entries' hashes, so the chain itself is the lowest level of the tree. Above it only the roots of
complete subtrees of 256, 65,536, … entries are kept (`audit_nodes`); everything between is computed again from at most
255 of them per step. Where a kept root is not there yet, it is computed from its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from headgate.kernel.errors import Conflict
from headgate.ledger.audit import audit_get
from headgate.ledger.core import merkle
from headgate.ledger.core.merkle import Node, Range

STEP: Final = 8  # levels between kept roots
PAGE: Final = 65_536

_LEAVES: Final = """
select a.seq - 1, a.hash from unnest(%(first)s::bigint[], %(end)s::bigint[]) as r(first, last)
cross join lateral (select seq, hash from audit_entries where seq > r.first and seq <= r.last) a
"""
_NODES: Final = """
select r.level, n.position, n.hash
from unnest(%(level)s::smallint[], %(first)s::bigint[], %(end)s::bigint[]) as r(level, first, last)
cross join lateral (
    select position, hash from audit_nodes where level = r.level and position >= r.first and position < r.last
) n
"""
_BUILT: Final = "select coalesce(max(position) + 1, 0) from audit_nodes where level = %(level)s"
_KEEP: Final = """
insert into audit_nodes (level, position, hash)
select %(level)s, position, hash from unnest(%(position)s::bigint[], %(hash)s::bytea[]) as n(position, hash)
on conflict (tenant_id, level, position) do nothing
"""
HASHES: Final = "select hash from audit_entries where seq > %(first)s and seq <= %(end)s order by seq"
_ROOTS: Final = """
select hash from audit_nodes where level = %(level)s and position >= %(first)s and position < %(end)s order by position
"""
_TREE_SIZE: Final = """
select coalesce(
    (select min(size) from audit_checkpoints where size >= %(seq)s), (select max(seq) from audit_entries)
)
"""


class Unbuildable(Conflict):
    """Entries are missing, so the tree over them cannot be computed. Verify the chain to learn which."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry is in the tree: RFC 9162 path from SHA-256(0x00 ‖ hash) to `root`, all in hex.

    The tree's leaves are the hashes of the entries 1 … `size`; `index` is `seq` − 1.
    """

    seq: int
    text: str
    hash: str
    first: int
    size: int
    index: int
    path: tuple[str, ...]
    root: str


def audit_proof(conn: Connection[Any], seq: int, size: int | None = None) -> InclusionProof:
    """A proof, checkable without Headgate, that an entry is in the tree of `size` entries.

    Without a size: in the first checkpoint that covers it, or in the whole chain as it stands. Raises `NotFound`.
    """
    entry = audit_get(conn, seq)
    if size is None:
        (size,) = conn.execute(_TREE_SIZE, {"seq": seq}).fetchone() or (seq,)
    spans = merkle.inclusion_ranges(seq - 1, size)
    *path, root = range_roots(conn, [*spans, (0, size)])
    steps = tuple(step.hex() for step in path)
    return InclusionProof(seq, entry.text, entry.hash, 1, size, seq - 1, steps, root.hex())


def tree_root(conn: Connection[Any], size: int) -> bytes:
    """The root over the first `size` entries."""
    return range_roots(conn, [(0, size)])[0]


def consistency_proof(conn: Connection[Any], old: int, new: int) -> list[bytes]:
    """The RFC 9162 path that shows the tree of `old` entries to be the beginning of that of `new`.

    Raises IndexError for old above new.
    """
    return range_roots(conn, merkle.consistency_ranges(old, new))


def range_roots(conn: Connection[Any], spans: Sequence[Range]) -> list[bytes]:
    """The roots over ranges of entries (from 0), whose complete subtrees are read together."""
    hashes = subtree_roots(conn, {node for span in spans for node in merkle.subtrees(*span)})
    return [merkle.range_root(span, hashes) for span in spans]


def subtree_roots(conn: Connection[Any], wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The roots of complete subtrees. Raises `Unbuildable` where an entry is missing."""
    wanted = set(wanted)
    parts = {node: _part(node) for node in wanted}
    kept = _read_nodes(conn, {part for part in parts.values() if part[0]})
    leaves: set[Range] = set()
    missing: set[Node] = set()
    for base, first, end in parts.values():
        if not base:
            leaves.add((first, end))
            continue
        missing |= {(base, position) for position in range(first, end) if (base, position) not in kept}
    leaves |= {(position << level, (position + 1) << level) for level, position in missing}
    kept |= _read_leaves(conn, leaves)
    try:
        for level, position in missing:
            span = range(position << level, (position + 1) << level)
            kept[level, position] = merkle.complete_root([kept[0, place] for place in span])
        return {
            node: merkle.complete_root([kept[base, place] for place in range(first, end)])
            for node, (base, first, end) in parts.items()
        }
    except KeyError as error:
        raise Unbuildable(f"entry {error.args[0][1] + 1} is missing; run headgate audit verify") from None


def keep_roots(conn: Connection[Any], size: int) -> None:
    """Compute and keep the roots of the complete subtrees within the first `size` entries that are not kept yet."""
    level = STEP
    while size >> level:
        complete = size >> level
        (built,) = conn.execute(_BUILT, {"level": level}).fetchone() or (0,)
        batch = PAGE >> STEP
        for first in range(built, complete, batch):
            end = min(first + batch, complete)
            below = _below(conn, level, first, end)
            if len(below) != (end - first) << STEP:
                raise Unbuildable(f"entries are missing between {(first << level) + 1} and {end << level}")
            width = 1 << STEP
            roots = [merkle.complete_root(below[i : i + width]) for i in range(0, len(below), width)]
            conn.execute(_KEEP, {"level": level, "position": list(range(first, end)), "hash": roots})
        level += STEP


def _below(conn: Connection[Any], level: int, first: int, end: int) -> list[bytes]:
    """The hashes one step below these kept roots: leaves, or other kept roots."""
    span: dict[str, object] = {"first": first << STEP, "end": end << STEP, "level": level - STEP}
    with conn.cursor(binary=True) as cursor:
        if level == STEP:
            return merkle.leaf_hashes(hash_ for (hash_,) in cursor.execute(HASHES, span))
        return [bytes(root) for (root,) in cursor.execute(_ROOTS, span)]


def _part(node: Node) -> tuple[int, int, int]:
    """The kept level at or below a node, and the positions there that make it up."""
    level, position = node
    base = level // STEP * STEP
    return base, position << (level - base), (position + 1) << (level - base)


def _read_nodes(conn: Connection[Any], parts: Iterable[tuple[int, int, int]]) -> dict[Node, bytes]:
    by_level: dict[int, list[Range]] = {}
    for level, first, end in parts:
        by_level.setdefault(level, []).append((first, end))
    asked = [(level, *span) for level, spans in by_level.items() for span in _merged(spans)]
    if not asked:
        return {}
    level_, first_, end_ = (list(column) for column in zip(*asked, strict=True))
    rows = conn.execute(_NODES, {"level": level_, "first": first_, "end": end_})
    return {(level, position): bytes(hash_) for level, position, hash_ in rows}


def _read_leaves(conn: Connection[Any], spans: Iterable[Range]) -> dict[Node, bytes]:
    merged = _merged(spans)
    if not merged:
        return {}
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_LEAVES, {"first": [a for a, _ in merged], "end": [b for _, b in merged]}).fetchall()
    return {(0, place): merkle.leaf_hash(hash_) for place, hash_ in rows}


def _merged(spans: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that touch as one."""
    found: list[Range] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return found
