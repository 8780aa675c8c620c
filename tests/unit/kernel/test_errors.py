"""Errors: one tree, stable codes, messages that name the field and the fix."""

from __future__ import annotations

from decimal import Decimal

import pytest

from headgate.kernel import errors
from headgate.kernel.errors import (
    Busy,
    Conflict,
    DutyConflict,
    Forbidden,
    HeadgateError,
    Invalid,
    Problem,
    Refused,
    Stale,
    invalid,
    refused,
    shorten,
)

TREE = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, HeadgateError)]


def test_every_error_has_its_own_code_and_says_when_it_is_raised() -> None:
    assert len({found.code for found in TREE}) == len(TREE) > 8
    assert all(found.__doc__ for found in TREE)


def test_who_catches_the_general_catches_the_special() -> None:
    assert issubclass(Stale, Conflict)
    assert issubclass(DutyConflict, Forbidden)
    assert all(issubclass(found, HeadgateError) for found in TREE)


def test_a_problem_reads_as_a_sentence() -> None:
    assert str(Problem("quantity", "-1", "is not above zero", "Send 1 or more.")) == (
        "quantity: is not above zero (got -1). Send 1 or more."
    )
    assert str(Problem("partner", "", "is missing")) == "partner: is missing."


@pytest.mark.parametrize(("make", "kind"), [(invalid, Invalid), (refused, Refused)])
def test_an_error_about_a_field_carries_its_problem(make: object, kind: type[HeadgateError]) -> None:
    error = make("lines[0].price", Decimal("1.5"), "is too low", "Raise it.")  # type: ignore[operator]
    assert isinstance(error, kind)
    assert error.problems == (Problem("lines[0].price", "1.5", "is too low", "Raise it."),)
    assert error.message == str(error) == "lines[0].price: is too low (got 1.5). Raise it."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "text"),
        (None, "None"),
        ([1], "[1]"),
        (Decimal("NaN"), "NaN"),
        ("x" * 81, "x" * 79 + "…"),
        pytest.param(10**5000, "a number too long to show", id="an integer of 5001 digits"),
    ],
)
def test_a_value_is_shown_short(value: object, shown: str) -> None:
    assert shorten(value) == shown


def test_busy_says_when_to_come_back() -> None:
    assert Busy("later", retry_after=7).retry_after == 7
