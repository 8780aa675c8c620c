"""Canonical JSON: one text per value, the same on every machine, and readable back without loss."""

from __future__ import annotations

import enum
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import canonical, canonical_text, decimal_text, digest, instant_text, loads

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


class Colour(enum.Enum):
    RED = "red"


@given(values)
def test_anyone_can_make_the_same_bytes_with_the_standard_library(value: object) -> None:
    # Both sort by code point; RFC 8785 sorts by UTF-16 unit, which differs only beyond the basic plane.
    standard = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == standard.encode()


@given(values)
def test_values_come_back_as_they_were(value: object) -> None:
    assert loads(canonical(value)) == value


@given(st.dictionaries(texts, plain, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.50"), '"1.50"'),
        (Decimal("1E+3"), '"1000"'),
        (Decimal("1E-7"), '"0.0000001"'),
        (date(2026, 3, 1), '"2026-03-01"'),
        (datetime(2026, 3, 1, 9, tzinfo=UTC), '"2026-03-01T09:00:00.000000Z"'),
        (UUID(int=5), '"00000000-0000-0000-0000-000000000005"'),
        (Colour.RED, '"red"'),
        (b"\x00\xff", '"00ff"'),
        ((1, 2), "[1,2]"),
        (frozenset({"b", "a"}), '["a","b"]'),
    ],
)
def test_the_kinds_of_values_we_store_have_one_text(value: object, text: str) -> None:
    assert canonical_text(value) == text


def test_equal_instants_have_equal_text_whatever_their_zone() -> None:
    berlin = timezone(timedelta(hours=1))
    assert instant_text(datetime(2026, 3, 1, 10, tzinfo=berlin)) == instant_text(datetime(2026, 3, 1, 9, tzinfo=UTC))


def test_a_time_without_a_zone_has_no_text() -> None:
    with pytest.raises(TypeError, match="time zone"):
        instant_text(datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(TypeError):
        canonical({"at": datetime(2026, 3, 1)})  # noqa: DTZ001


@pytest.mark.parametrize("value", [object(), {1: "a"}, 1j, 2**70, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_a_decimal_has_no_exponent_and_keeps_its_precision(value: Decimal) -> None:
    text = decimal_text(value)
    assert "E" not in text
    assert Decimal(text).as_tuple() == value.as_tuple() or Decimal(text) == value


def test_fractions_are_read_exactly() -> None:
    assert loads('{"a": 0.1}') == {"a": Decimal("0.1")}
    assert str(loads("1.10")) == "1.10"
    assert isinstance(loads("3"), int)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        loads(text)


def test_the_digest_follows_the_content_and_nothing_else() -> None:
    assert digest({"a": 1, "b": Decimal("2.0")}) == digest({"b": Decimal("2.0"), "a": 1})
    assert digest({"a": Decimal("2.0")}) != digest({"a": Decimal("2.00")})
    assert digest({}).hex() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
