"""Faults of fields are told in plain words, with how to mend them, whatever the schema's library calls them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from headgate.api.field_words import field_words

_OBJECT = ("is not an object", 'Send names with their values in braces, such as {"code": "P-1"}.')
_INSTANT = ("is not a date and time with its zone", "Write it 2026-01-31T10:00:00Z.")


class Part(BaseModel):
    """Something inside."""

    code: str


class Asked(BaseModel):
    """A request with a field of each kind."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field("", min_length=1, max_length=5)
    shape: str = Field("A1", pattern=r"^[A-Z]\d$")
    count: int = Field(1, ge=1, le=9)
    price: Decimal = Field(Decimal(1), max_digits=5, decimal_places=2)
    kind: Literal["one", "two"] = "one"
    flag: bool = False
    day: date | None = None
    at: AwareDatetime | None = None
    who: UUID | None = None
    names: list[str] = Field([], max_length=2)
    facts: dict[str, Any] = {}
    part: Part = Part(code="x")

    @field_validator("text")
    @classmethod
    def no_digits(cls, value: str) -> str:
        """A check of ours."""
        if value.isdigit():
            raise ValueError("Has digits only")
        return value


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"text": ""}, ("is empty", "Write something.")),
        ({"text": "abcdef"}, ("is longer than 5 characters", "Send at most 5.")),
        ({"text": 5}, ("is not text", 'Send it in quotes, such as "P-1".')),
        ({"text": "12"}, ("has digits only", "")),
        ({"shape": "a"}, ("is not written as it has to be", r"It has to match ^[A-Z]\d$.")),
        ({"count": "x"}, ("is not a whole number", "Send digits only, such as 5.")),
        ({"count": 0}, ("is below 1", "Send 1 or more.")),
        ({"count": 10}, ("is above 9", "Send 9 or less.")),
        (
            {"price": "1,5"},
            ("is not a number", "Send it with a point and without a thousands separator, such as 1250.50."),
        ),
        ({"price": "1.555"}, ("has more than 2 digits after the point", "Round it.")),
        ({"kind": "three"}, ("is not one of what may be sent", "Send 'one' or 'two'.")),
        ({"flag": "perhaps"}, ("is neither true nor false", "Send true or false.")),
        ({"day": "31.1.2026"}, ("is not a date", "Write it 2026-01-31.")),
        ({"at": "2026-01-31T10:00:00"}, _INSTANT),
        ({"who": "me"}, ("is not an id", "Send all 36 characters of it, as they were given.")),
        ({"names": "a"}, ("is not a list", 'Send it in brackets, such as ["P-1", "P-2"].')),
        ({"names": ["a", "b", "c"]}, ("has more than 2 entries", "Send at most 2.")),
        ({"facts": 5}, _OBJECT),
        ({"part": []}, _OBJECT),
        ({"part": {}}, ("is missing", "Send it.")),
        ({"more": 1}, ("is not a field of this request", "Remove it.")),
    ],
)
def test_a_fault_is_told_in_plain_words(sent: dict[str, object], told: tuple[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate(sent)
    error = caught.value.errors()[0]
    assert field_words(error["type"], error.get("ctx") or {}, error["msg"]) == told


def test_a_fault_that_is_not_known_keeps_its_own_words() -> None:
    assert field_words("something_new", {}, "Is not what it seems") == ("is not what it seems", "")
    assert field_words("something_new", {}, "") == ("is not valid", "")
