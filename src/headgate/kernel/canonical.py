"""Canonical JSON and its digest.

The bytes are those of RFC 8785 for the values Headgate stores: keys sorted, no white space, UTF-8, and no
floats: an amount is a string, an integer or a `Decimal`, which is written as a string. Anyone can make the same bytes
with `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from headgate.kernel.months import Months, months_text

Verbatim: TypeAlias = orjson.Fragment
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def _plain(value: object) -> object:
    if isinstance(value, Decimal):  # by far the most common; written out, for a call costs as much as the rest
        text = str(value)
        return text if "E" not in text else format(value, "f")
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (UUID, Enum)):
        return str(value.value if isinstance(value, Enum) else value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (tuple, frozenset, set)):
        return sorted(value) if isinstance(value, (frozenset, set)) else list(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, Months):
        return months_text(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


def canonical(value: Any) -> bytes:
    """The canonical JSON bytes of a value. Raises TypeError for types with no canonical form."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def verbatim(value: Any) -> Verbatim:
    """A value as canonical JSON already, to stand within others without being written anew each time."""
    return orjson.Fragment(canonical(value))


def canonical_text(value: Any) -> str:
    """`canonical` as text, for a JSON column or parameter."""
    return canonical(value).decode()


def as_plain(value: Any) -> Any:
    """A value as its canonical JSON reads back: amounts and instants are text, tuples are lists."""
    return orjson.loads(canonical(value))


def digest(value: Any) -> bytes:
    """SHA-256 of the canonical bytes (32 bytes)."""
    return hashlib.sha256(canonical(value)).digest()


def decimal_text(value: Decimal) -> str:
    """A Decimal in plain notation, never with an exponent; trailing zeros are kept, for they carry precision."""
    text = str(value)
    return format(value, "f") if "E" in text else text


@lru_cache(maxsize=4096)  # a batch writes its own instant and each order's many times
def instant_text(value: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC with microseconds and `Z`, so equal instants have equal text."""
    if value.tzinfo is None:
        raise TypeError("a datetime without a time zone has no canonical form")
    at = value if value.tzinfo is UTC else value.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def duration_text(value: timedelta) -> str:
    """A duration as ISO 8601 in days, hours, minutes and seconds, so equal durations have equal text: `P1DT2H30M`."""
    if not value:
        return "PT0S"
    sign, length = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    second = f"{seconds}.{length.microseconds:06d}".rstrip("0") if length.microseconds else str(seconds)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (second, "S")) if n not in (0, "0"))
    return f"{sign}P{f'{length.days}D' if length.days else ''}{f'T{time}' if time else ''}"


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


# `json.loads` would build one anew for each text, which for an order takes as long as reading it.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def loads(raw: bytes | str) -> Any:
    """Parse JSON with every non-integer number as `Decimal`; NaN and Infinity are refused (ValueError)."""
    return _DECODER.decode(raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass"))
