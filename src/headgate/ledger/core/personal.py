"""Personal values kept apart from what is hashed.

What is stored and hashed holds a marker `$pd:<commitment>.<n>` in the place of each personal value. The commitment is
SHA-256 of a random salt of 32 bytes followed by the canonical JSON of the values by path: one for all values of an
event or entry. It stands in URL-safe Base64 without padding; `n` counts the paths in alphabetical order, in base 36.
Salt and values (the opening) are kept in a table of their own. When an opening is deleted the marker stays, every hash
over it still fits, and without the salt nobody can find the values by trying.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from headgate.kernel.canonical import canonical

SALT_BYTES: Final = 32
ERASED: Final = "[erased]"
_MARK: Final = "$pd:"
_MARKER: Final = re.compile(r"\$pd:([A-Za-z0-9_-]{43})\.([0-9a-z])")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a commitment was made of: a salt, and the values by path as canonical JSON."""

    commitment: bytes
    salt: bytes
    content: str


def commit(
    data: Mapping[str, Any], paths: Sequence[str], salt: Callable[[], bytes]
) -> tuple[dict[str, Any], Opening | None]:
    """The data with its personal values replaced by markers, and the opening; the data as it is where there are none.

    `paths` are dotted names, at most 36. Empty texts, values that are no text, and markers stay as they are.
    """
    values: dict[str, str] = {}
    for path in paths:
        value = _value(data, path)
        if isinstance(value, str) and value and not _MARKER.fullmatch(value):
            values[path] = value
    if not values:
        return dict(data), None
    opening = seal(values, salt())
    return _replaced(data, markers(opening.commitment, values)), opening


def seal(values: Mapping[str, str], salt: bytes) -> Opening:
    """The opening of these values under a salt."""
    content = canonical(values)
    return Opening(hashlib.sha256(salt + content).digest(), salt, content.decode())


def markers(commitment: bytes, paths: Iterable[str]) -> dict[str, str]:
    """The marker of each path."""
    name = base64.urlsafe_b64encode(commitment).decode().rstrip("=")
    return {path: f"{_MARK}{name}.{_DIGITS[place]}" for place, path in enumerate(sorted(paths))}


def aligned(data: Mapping[str, Any], paths: Sequence[str], first: Mapping[str, Any], opening: Opening | None) -> str:
    """The canonical text of data in which values stand as the markers that `first` has for the same values.

    `opening` is that of `first`, None once it is erased: then nobody can tell the values apart, and they count as the
    same. So a repeat of an event is told from another one under its id.
    """
    known = dict(orjson.loads(opening.content)) if opening else None
    same = {}
    for path in paths:
        marker, value = _value(first, path), _value(data, path)
        marked = isinstance(marker, str) and _MARKER.fullmatch(marker)
        if marked and isinstance(value, str) and value and (known is None or known.get(path) == value):
            same[path] = str(marker)
    return canonical(_replaced(data, same)).decode()


def commitments_in(text: str) -> set[bytes]:
    """The commitments that a text speaks of, such as the JSON of an event or an order."""
    if _MARK not in text:
        return set()
    return {base64.urlsafe_b64decode(found[1] + "=") for found in _MARKER.finditer(text)}


def revealed(value: Any, openings: Mapping[bytes, str]) -> Any:
    """A JSON value with markers replaced: by what `openings` (contents by commitment) hold, or by `[erased]`."""
    if isinstance(value, str):
        return _MARKER.sub(lambda found: _opened(found, openings), value) if _MARK in value else value
    if isinstance(value, Mapping):
        return {name: revealed(inner, openings) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [revealed(inner, openings) for inner in value]
    return value


def revealed_text(text: str, openings: Mapping[bytes, str]) -> str:
    """JSON text with markers replaced within its strings."""
    return _MARKER.sub(lambda found: json.dumps(_opened(found, openings), ensure_ascii=False)[1:-1], text)


def _opened(found: re.Match[str], openings: Mapping[bytes, str]) -> str:
    content = openings.get(base64.urlsafe_b64decode(found[1] + "="))
    if content is None:
        return ERASED
    values = orjson.loads(content)
    place = _DIGITS.index(found[2])
    names = sorted(values)
    return str(values[names[place]]) if place < len(names) else ERASED


def _value(data: Mapping[str, Any], path: str) -> Any:
    value: Any = data
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _replaced(data: Mapping[str, Any], by_path: Mapping[str, str]) -> dict[str, Any]:
    """A copy with other values at these paths; what is not on their way is shared."""
    copy = dict(data)
    for path, value in by_path.items():
        *parents, last = path.split(".")
        inner = copy
        for name in parents:
            inner[name] = dict(inner[name])
            inner = inner[name]
        inner[last] = value
    return copy
