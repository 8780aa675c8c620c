"""Types of path and query parameters, and of the plain values that bodies and answers share."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Header, Path, Query
from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from headgate.kernel.canonical import decimal_text, instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid

LIMIT = 200
MOST_SEQ = 2**63 - 1
# PostgreSQL cannot hold NUL; everything else that is not a known code is simply not found.
_NO_NUL = r"^[^\u0000]*$"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


def _instant(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise PydanticCustomError("instant", "is not an RFC 3339 time such as 2026-03-01T09:30:00Z")
    try:
        return parse_instant("", value.upper())
    except Invalid as error:
        raise PydanticCustomError("instant", "{reason}", {"reason": error.problems[0].message}) from None


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01T09:30:00.000000Z"]}),
]
"""An instant, RFC 3339 in UTC."""

Amount = Annotated[
    Decimal,
    PlainSerializer(decimal_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["1234.50"]}),
]
"""An exact number, as text, in plain notation."""

PositiveAmount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$"), Field(examples=["42.10"])]
"""An exact number that is not negative, as text."""


def whole(value: object) -> object:
    """JSON Schema counts 3.0 as an integer, so a `Decimal` without a fraction is one."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


Version = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(whole)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=300, pattern=_NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=4000, pattern=_NO_NUL)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

Cursor = Annotated[
    str, Query(max_length=512, pattern=r"^[A-Za-z0-9_-]*$", description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=LIMIT, description="How many at most.")]
Filter = Annotated[str, Query(max_length=64, pattern=_NO_NUL)]
Search = Annotated[str, Query(max_length=100, pattern=_NO_NUL)]
CodePath = Annotated[str, Path(min_length=1, max_length=64, pattern=_NO_NUL)]
SeqPath = Annotated[int, Path(ge=1, le=MOST_SEQ)]
PolicyPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
VersionPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]*$",
        description="Makes a repeat of this request answer the same instead of acting again.",
    ),
]


def compact(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is None or empty."""
    return {k: v for k, v in values.items() if v not in (None, "", [], {})}
