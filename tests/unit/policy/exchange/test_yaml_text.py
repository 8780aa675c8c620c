"""Writing a policy as YAML loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import parse_policy
from headgate.policy.core.source import read_yaml
from headgate.policy.exchange import write_yaml
from headgate.policy.exchange.yaml_text import flow
from tests.unit.policy.exchange.alike import meaning
from tests.unit.policy.samples import DISCOUNT

SHIPPED = sorted((Path(__file__).parents[4] / "packs").glob("*/policies/*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_a_shipped_policy_written_and_read_is_the_same(file: Path) -> None:
    table = parse_policy(file.read_text(), file.name)
    assert meaning(parse_policy(write_yaml(table), file.name)) == meaning(table)


def test_a_name_that_yaml_takes_for_a_truth_value_stays_a_name() -> None:
    text = DISCOUNT.replace("id: large", "id: 'true'").replace("rows: [large]", "rows: ['true']")
    table = parse_policy(text, "a.yaml")
    assert [r.id for r in parse_policy(write_yaml(table), "a.yaml").rows] == ["gold_large", "true", "small"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-1000, max_value=1000)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc #:-{}[]'\",", max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_any_value_is_read_back_as_it_was(value: object) -> None:
    assert read_yaml(f"x: {flow(value)}\n", "x.yaml").plain() == {"x": value}
