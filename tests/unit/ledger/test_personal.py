"""Values put aside: what stays tells nothing, what was put aside brings them back, erasing it changes no byte."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import canonical_text
from headgate.ledger.core.personal import ERASED, aligned, commit, commitments_in, revealed, revealed_text

PATHS: tuple[str, ...] = ("ship_to.name", "ship_to.street", "note")
DATA: dict[str, Any] = {"order": "O-1", "ship_to": {"name": "Jané Doe", "street": 'A "5"', "country": "AT"}, "note": ""}


def salt(text="s"):
    return lambda: text.encode().ljust(32, b"\0")


def test_values_give_way_to_markers_and_nothing_else_changes():
    held, opening = commit(DATA, PATHS, salt())
    assert opening is not None
    text = canonical_text(held)
    assert "Jan" not in text
    assert (held["order"], held["ship_to"]["country"], held["note"]) == ("O-1", "AT", "")
    assert json.loads(opening.content) == {"ship_to.name": "Jané Doe", "ship_to.street": 'A "5"'}
    assert opening.commitment == hashlib.sha256(opening.salt + opening.content.encode()).digest()
    assert commitments_in(text) == {opening.commitment}
    assert DATA["ship_to"]["name"] == "Jané Doe", "the caller's data is not changed"
    assert len(held["ship_to"]["name"]) <= 64, "so that it fits where a short text is asked for"


def test_the_values_come_back_until_they_are_erased():
    held, opening = commit(DATA, PATHS, salt())
    assert opening is not None
    known = {opening.commitment: opening.content}
    assert revealed(held, known) == DATA
    assert json.loads(revealed_text(canonical_text(held), known)) == DATA
    gone = revealed(held, {})
    assert gone["ship_to"] == {"name": ERASED, "street": ERASED, "country": "AT"}
    assert json.loads(revealed_text(canonical_text(held), {})) == gone


def test_the_same_values_look_different_under_another_salt():
    one, two = (commit(DATA, PATHS, salt(text))[0] for text in "ab")
    assert one["ship_to"]["name"] != two["ship_to"]["name"]


@pytest.mark.parametrize("data", [{}, {"ship_to": None}, {"ship_to": "x"}, {"ship_to": {"name": 5}}, {"note": None}])
def test_data_without_personal_values_is_left_alone(data):
    assert commit(data, PATHS, salt()) == (data, None)


def test_a_marker_is_not_put_aside_again():
    held, _ = commit(DATA, PATHS, salt())
    assert commit(held, PATHS, salt("other")) == (held, None)


def test_a_repeat_is_told_from_another_event_under_its_id():
    held, opening = commit(DATA, PATHS, salt())
    stored = canonical_text(held)
    other = {**DATA, "ship_to": {**DATA["ship_to"], "name": "John Roe"}}
    assert aligned(DATA, PATHS, held, opening) == stored
    assert aligned(other, PATHS, held, opening) != stored
    assert aligned({**DATA, "order": "O-2"}, PATHS, held, opening) != stored
    assert aligned(other, PATHS, held, None) == stored, "erased values cannot be told apart"


values = st.text(min_size=1, max_size=20).filter(lambda t: not t.startswith("$pd:"))


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), values | st.integers() | st.none(), max_size=3),
    st.binary(min_size=32, max_size=32),
)
def test_whatever_is_put_aside_comes_back(data, random):
    try:
        canonical_text(data)
    except TypeError:  # half of a surrogate pair cannot come in
        return
    held, opening = commit(data, ("a", "c"), lambda: random)
    assert revealed(held, {opening.commitment: opening.content} if opening else {}) == data
