"""Cursors and pages."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.channel.masters import decode_cursor, encode_cursor, page_of, page_size
from headgate.kernel.errors import Invalid

keys = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=4)


@given(keys)
def test_a_cursor_gives_its_keys_back_and_is_safe_in_a_url(parts: list[str]) -> None:
    cursor = encode_cursor(*parts)
    assert decode_cursor(cursor, len(parts)) == tuple(parts)
    assert all(c.isascii() and (c.isalnum() or c in "-_") for c in cursor)


@given(st.text(max_size=40))
def test_anything_else_is_refused_by_name(text: str) -> None:
    try:
        found: tuple[str, ...] = decode_cursor(text, 2)
    except Invalid as error:
        found = (error.problems[0].field, error.problems[0].message)
    assert len(found) == 2


@pytest.mark.parametrize("raw", [b"[1,2]", b'["a"]', b'{"a":1}', b'["a","\\u0000"]', b"[" * 100_000, b"\xff"])
def test_a_forged_cursor_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        decode_cursor(base64.urlsafe_b64encode(raw).decode().rstrip("="), 2)


def test_no_cursor_starts_at_the_beginning() -> None:
    assert decode_cursor("", 3) == ("", "", "")


def test_a_page_has_a_cursor_only_when_more_follows() -> None:
    assert page_of(["a", "b"], 2, lambda row: (row,)).next_cursor == ""
    page = page_of(["a", "b", "c"], 2, lambda row: (row,))
    assert (page.items, decode_cursor(page.next_cursor, 1)) == (("a", "b"), ("b",))


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_page_sizes_are_bounded(limit: int) -> None:
    with pytest.raises(Invalid):
        page_size(limit)
