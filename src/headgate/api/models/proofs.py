"""Checkpoints, keys and proofs as shown."""

from __future__ import annotations

from pydantic import Field

from headgate.api.models.common import Shape
from headgate.api.parameters import Instant


class CheckpointView(Shape):
    """A signed tree head of the audit chain."""

    size: int = Field(description="How many entries it covers.")
    root: str = Field(description="RFC 9162 root over the entries' hashes, hex.")
    at: Instant
    key_id: str
    note: str = Field(description="The signed text (C2SP tlog-checkpoint).")


class KeyView(Shape):
    """A public key that signs or signed checkpoints."""

    key: str = Field(description="name+id+key, as verifiers take it.")
    key_id: str
    since: Instant
    current: bool


class KeyList(Shape):
    """Newest first."""

    items: list[KeyView]


class TreeState(Shape):
    """How far checkpoints are. `alarm` says why none can be made; empty is well."""

    signed: int
    entries: int
    at: Instant | None
    alarm: str


class EntryProof(Shape):
    """That an entry is in a tree: RFC 9162 path from SHA-256(0x00 ‖ hash) to the root, hex."""

    seq: int
    hash: str
    size: int
    index: int
    path: list[str]
    root: str


class Consistency(Shape):
    """That the tree of `old` entries is the beginning of that of `new` (RFC 9162), hex."""

    old: int
    new: int
    path: list[str]
