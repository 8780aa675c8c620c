"""A policy file as values and back, without a word lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import PolicyTable, parse_policy
from headgate.policy.core.document import read_document, write_document

PACKS = Path(__file__).parents[3] / "packs"
FILES = sorted(PACKS.glob("*/policies/*.yaml"))


def bare(table: PolicyTable) -> PolicyTable:
    """Without what depends on the layout."""
    return replace(
        table,
        digest="",
        inputs=tuple(replace(c, line=0) for c in table.inputs),
        outputs=tuple(replace(c, line=0) for c in table.outputs),
        rows=tuple(replace(r, line=0, lines={}) for r in table.rows),
        default=None if table.default is None else replace(table.default, line=0, lines={}),
        tests=tuple(replace(t, line=0) for t in table.tests),
    )


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_shipped_policy_is_the_same_after_a_round_through_the_editor(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    written = write_document(read_document(text))
    assert bare(parse_policy(written)) == bare(parse_policy(text))
    assert write_document(read_document(written)) == written


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60),
    st.sampled_from(["yes", "no", "2026-01-01", "1.50", "007", "1e3", "null", "", "= a * 2", "- x", "{a}", "[1..5)"]),
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), SCALARS, max_size=6), SCALARS)
def test_any_value_comes_back_as_it_was(cells: dict[str, object], title: object) -> None:
    document = {"policy": "p", "title": title, "rows": [{"id": "a", "when": cells, "then": cells}], "future": cells}
    read = read_document(write_document(document))
    assert read == document
    pairs = zip(read["rows"][0]["when"].values(), cells.values(), strict=True)
    assert all(type(a) is type(b) or {type(a), type(b)} == {int, Decimal} for a, b in pairs)
