"""Cursor paging: a page knows the keys of its last row, so rows that arrive meanwhile are not skipped or repeated."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from headgate.kernel.canonical import canonical, loads
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

PAGE_LIMIT = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page; empty on the last one."""

    items: tuple[T, ...]
    next_cursor: str = ""


def encode_cursor(*keys: str) -> str:
    """The sort keys of a row as one opaque text, safe in a URL."""
    return base64.urlsafe_b64encode(canonical(list(keys))).decode().rstrip("=")


def decode_cursor(cursor: str, size: int) -> tuple[str, ...]:
    """The sort keys again; as many empty texts for an empty cursor. Raises `Invalid` for anything else than our own."""
    if not cursor:
        return ("",) * size
    try:
        keys = loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        keys = None
    if (
        not isinstance(keys, list)
        or len(keys) != size
        or not all(isinstance(key, str) and "\0" not in key for key in keys)
    ):
        raise invalid(
            "cursor", cursor, "is not a cursor of this list", "Use next_cursor of the page before, or leave it out."
        )
    return tuple(keys)


def page_size(limit: int) -> int:
    """The limit itself. Raises `Invalid` outside 1 to 500."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid("limit", limit, phrase("is not between 1 and %(page_limit)s", page_limit=PAGE_LIMIT))
    return limit


def page_of(rows: Sequence[T], limit: int, keys: Callable[[T], Sequence[str]]) -> Page[T]:
    """A page of at most `limit` rows out of a query that asked for one row more."""
    if len(rows) <= limit:
        return Page(tuple(rows))
    kept = tuple(rows[:limit])
    return Page(kept, encode_cursor(*keys(kept[-1])))
