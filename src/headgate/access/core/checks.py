"""Checks of single inputs, shared by the services of this floor."""

from __future__ import annotations

import re
from datetime import datetime

from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)


def text(field: str, value: str, longest: int) -> str:
    """A non-empty line of text, trimmed. Raises `Invalid`."""
    trimmed = value.strip()
    if not trimmed:
        raise invalid(field, value, "is empty")
    if len(trimmed) > longest:
        raise invalid(field, value, phrase("is longer than %(longest)s characters", longest=longest))
    if not trimmed.isprintable():
        raise invalid(field, value, "has characters that cannot be shown")
    return trimmed


def code(field: str, value: str) -> str:
    """A short technical name. Raises `Invalid`."""
    if not is_code(value):
        raise invalid(field, value, "is not a short name", "Use up to 63 lower-case letters, digits, dots, hyphens.")
    return value


def is_code(value: str) -> bool:
    """Whether a text could be a short technical name."""
    return _CODE.fullmatch(value) is not None


def email(value: str) -> str:
    """An e-mail address in lower case. Raises `Invalid`."""
    plain = value.strip().lower()
    if len(plain) > 254 or not _EMAIL.fullmatch(plain) or ".." in plain:
        raise invalid("email", value, "is not an e-mail address", "Write it like ana@nordwind.example.")
    return plain


def period(start: datetime | None, end: datetime | None) -> None:
    """A half-open period; open ends are None. Raises `Invalid` when it is empty or without a time zone."""
    for field, value in (("valid_from", start), ("valid_until", end)):
        if value is not None and value.tzinfo is None:
            raise invalid(field, value, "has no time zone")
    if start is not None and end is not None and end <= start:
        raise invalid("valid_until", end, "is not after valid_from")


def overlap(one: tuple[datetime | None, datetime | None], other: tuple[datetime | None, datetime | None]) -> bool:
    """Whether two half-open periods share a moment."""
    return (one[0] is None or other[1] is None or one[0] < other[1]) and (
        other[0] is None or one[1] is None or other[0] < one[1]
    )
