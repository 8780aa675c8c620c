"""Every stored checkpoint compared with the entries and with its signature: part of an audit verification."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from psycopg import Connection

from headgate.ledger.checkpoint_reading import Rewritten, StoredCheckpoint, all_checkpoints, audit_keys, check_stored
from headgate.ledger.core import merkle
from headgate.ledger.core.checkpoint import VerifyKey
from headgate.ledger.core.integrity import Finding
from headgate.ledger.proofs import HASHES, PAGE, STEP
from headgate.ledger.verify import ContentCheck, ContentResult


def _check_all(conn: Connection[Any]) -> ContentResult:
    """Every checkpoint against the entries, read again from the first one, and against its signature."""
    checkpoints = all_checkpoints(conn)
    keys = [found.key for found in audit_keys(conn)]
    findings: list[Finding] = []
    waiting = iter(checkpoints)
    checkpoint = next(waiting, None)
    tree = _Tree()
    with conn.cursor(binary=True) as cursor:
        while checkpoint is not None:
            rows = cursor.execute(HASHES, {"first": tree.size, "end": tree.size + PAGE}).fetchall()
            hashes = merkle.leaf_hashes(hash_ for (hash_,) in rows)
            while checkpoint is not None and checkpoint.size <= tree.size + len(hashes):
                findings += _faults(checkpoint, keys, tree.root_with(hashes[: checkpoint.size - tree.size]))
                checkpoint = next(waiting, None)
            if checkpoint is None:
                break
            if len(hashes) < PAGE:
                left = [checkpoint, *waiting]
                findings += [Finding("checkpoints", c.size, "entries are missing", str(c.size), "fewer") for c in left]
                break
            tree.add(hashes)
    return ContentResult(len(checkpoints), tuple(islice(findings, 100)))


def _faults(checkpoint: StoredCheckpoint, keys: Sequence[VerifyKey], root: bytes) -> Iterator[Finding]:
    if root != checkpoint.root:
        yield Finding(
            "checkpoints",
            checkpoint.size,
            "the entries are not those that were signed",
            checkpoint.root.hex(),
            root.hex(),
        )
    try:
        check_stored(checkpoint, keys)
    except Rewritten as error:
        yield Finding("checkpoints", checkpoint.size, error.message, "its signature", "none that fits")


class _Tree:
    """The roots of the complete subtrees over what was added so far, in pieces of 65,536 leaves."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, hashes: Sequence[bytes]) -> None:
        """Add a whole piece."""
        level, root = 2 * STEP, merkle.complete_root(hashes)
        while self._peaks and self._peaks[-1][0] == level:
            root = merkle.node_hash(self._peaks.pop()[1], root)
            level += 1
        self._peaks.append((level, root))
        self.size += len(hashes)

    def root_with(self, more: Sequence[bytes]) -> bytes:
        """The root if these came next."""
        parts = [
            merkle.complete_root(more[position << level : (position + 1) << level])
            for level, position in merkle.subtrees(0, len(more))
        ]
        return merkle.folded([root for _, root in self._peaks] + parts)


CHECKPOINTS_CHECK: Final = ContentCheck("checkpoints", _check_all)
