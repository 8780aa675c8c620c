"""Identifiers: time-ordered, and derived from what they name so that a repeat gives the same id."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from functools import lru_cache
from uuid import UUID

_VERSION = 7 << 76
_VARIANT = 2 << 62
_LOW = (1 << 62) - 1


def _uuid7(stamp: int, random74: int) -> UUID:
    return UUID(int=stamp | (random74 >> 62) << 64 | (random74 & _LOW))


def new_id(at: datetime) -> UUID:
    """A fresh UUIDv7 (RFC 9562) stamped with `at`. For edges; cores derive ids."""
    return _uuid7(_stamp(at), int.from_bytes(os.urandom(10), "big") >> 6)


def derive_id(at: datetime, *parts: object) -> UUID:
    """A UUIDv7-shaped id made from `at` and the parts: the same call gives the same id on every machine."""
    text = "\x1f".join(map(str, parts))
    return _uuid7(_stamp(at), int.from_bytes(hashlib.sha256(text.encode()).digest()[:10], "big") >> 6)


@lru_cache(maxsize=1024)  # a batch derives all its ids from one instant
def _stamp(at: datetime) -> int:
    """What all ids of an instant have in common: its milliseconds, the version and the variant."""
    return (int(at.timestamp() * 1000) & ((1 << 48) - 1)) << 80 | _VERSION | _VARIANT


def lane_of(key: str, lanes: int) -> int:
    """The lane (0 … lanes-1) of a correlation key: the same on every machine and Python version."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") % lanes
