"""Signed tree heads and the keys that sign them, as they are stored, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.ledger.core.checkpoint import VerifyKey, parse_note, signers
from headgate.ledger.repo import audit as repo

REFUSED: Final = "audit.checkpoint_refused"
_CHECKPOINT: Final = "size, root, head, note, key_id, at"
_LATEST: Final = f"select {_CHECKPOINT} from audit_checkpoints order by size desc, at desc limit 1"
_LIST: Final = f"""
select {_CHECKPOINT} from audit_checkpoints where size < %(before)s order by size desc, at desc limit %(limit)s
"""
_GET: Final = f"select {_CHECKPOINT} from audit_checkpoints where size = %(size)s order by at desc limit 1"
_ALL: Final = f"select {_CHECKPOINT} from audit_checkpoints order by size, at"
_KEYS: Final = "select name, public, created_at from audit_keys order by created_at desc, key_id"
_ALARMED: Final = f"""
select at, body from audit_entries where action = '{REFUSED}' order by seq desc limit 1
"""


class Rewritten(Conflict):
    """The chain is not the one that was signed before. No checkpoint is made; restore the entries from a backup."""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed tree head. `note` is the signed text; `head` the hash of entry `size`."""

    size: int
    root: bytes
    head: bytes
    note: str
    key_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditKey:
    """A public key that signs or signed checkpoints, since when, and whether it is the one in use."""

    key: VerifyKey
    created_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """How far checkpoints are: entries signed, entries in all, when last; `alarm` says why none can be made."""

    size: int
    entries: int
    at: datetime | None
    alarm: str


def latest_checkpoint(conn: Connection[Any]) -> StoredCheckpoint | None:
    """The newest checkpoint, if there is one."""
    row = conn.execute(_LATEST).fetchone()
    return None if row is None else StoredCheckpoint(*row)


def checkpoint_of_size(conn: Connection[Any], size: int) -> StoredCheckpoint:
    """The checkpoint over the first `size` entries. Raises `NotFound`."""
    row = conn.execute(_GET, {"size": size}).fetchone()
    if row is None:
        raise NotFound(f"there is no checkpoint of {size} entries; see headgate audit checkpoints")
    return StoredCheckpoint(*row)


def checkpoint_list(conn: Connection[Any], *, before: int = 2**63 - 1, limit: int = 50) -> list[StoredCheckpoint]:
    """Checkpoints, largest first, with fewer than `before` entries."""
    return [StoredCheckpoint(*row) for row in conn.execute(_LIST, {"before": before, "limit": limit})]


def audit_keys(conn: Connection[Any]) -> list[AuditKey]:
    """The tenant's checkpoint keys, newest first; hand them to whoever verifies, before they need them."""
    rows = conn.execute(_KEYS).fetchall()
    return [AuditKey(VerifyKey(name, bytes(public)), at, place == 0) for place, (name, public, at) in enumerate(rows)]


def checkpoint_state(conn: Connection[Any]) -> CheckpointState:
    """Where checkpoints stand, for health and for screens."""
    latest = latest_checkpoint(conn)
    end, _, _ = conn.execute(repo.CHAIN_END).fetchone() or (0, None, None)
    row = conn.execute(_ALARMED).fetchone()
    standing = row is not None and (latest is None or row[0] > latest.at)
    alarm = "the history is not the one that was signed before; no checkpoint is made" if standing else ""
    return CheckpointState(latest.size if latest else 0, end, latest.at if latest else None, alarm)


def all_checkpoints(conn: Connection[Any]) -> list[StoredCheckpoint]:
    """Every checkpoint, smallest first."""
    return [StoredCheckpoint(*row) for row in conn.execute(_ALL)]


def check_stored(checkpoint: StoredCheckpoint, keys: Sequence[VerifyKey]) -> None:
    """Raise `Rewritten` when a stored checkpoint does not say what its signed note says."""
    try:
        note = parse_note(checkpoint.note)
        by = signers(note, keys)
    except Invalid as error:
        raise Rewritten(f"the checkpoint of {checkpoint.size} entries was altered: {error.message}") from error
    if not by or (note.checkpoint.size, note.checkpoint.root) != (checkpoint.size, checkpoint.root):
        raise Rewritten(f"the checkpoint of {checkpoint.size} entries is not what was signed")
