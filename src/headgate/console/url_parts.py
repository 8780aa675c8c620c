"""What addresses are made of.

A tenant's codes may hold any character, a slash too, so a code becomes one path segment by the escapes of RFC 6901
(`~0` for `~`, `~1` for `/`) before percent-encoding; routes turn it back with `code_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode


def segment(code: object) -> str:
    """A code as one path segment."""
    return quote(str(code).replace("~", "~0").replace("/", "~1"), safe="~")


def code_of(segment: str) -> str:
    """The code a (percent-decoded) path segment stands for; the opposite of `segment`."""
    return segment.replace("~1", "/").replace("~0", "~")


def query(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The path with the parameters that are not empty."""
    kept = [(name, value) for name, value in parameters if value]
    return f"{path}?{urlencode(kept)}" if kept else path
