"""The trees of credit accounts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.channel.credit.core.tree import MAX_DEPTH, roots, tree_problems

codes = st.sampled_from("ABCDEFGH")


def test_a_parent_must_be_known_or_come_along() -> None:
    assert tree_problems([("items[0]", "C", "P"), ("items[1]", "P", "")], {}) == []
    assert [p.field for p in tree_problems([("items[0]", "C", "P")], {"X": ""})] == ["items[0].parent"]


def test_a_circle_is_told_for_each_of_its_accounts() -> None:
    wanted = [("items[0]", "A", "B"), ("items[1]", "B", "A")]
    assert [p.field for p in tree_problems(wanted, {})] == ["items[0].parent", "items[1].parent"]


def test_a_tree_has_at_most_sixteen_levels() -> None:
    chain = [(f"items[{n}]", f"N{n}", f"N{n - 1}" if n else "") for n in range(MAX_DEPTH + 1)]
    assert tree_problems(chain[:-1], {}) == []
    assert [p.field for p in tree_problems(chain, {})] == [f"items[{MAX_DEPTH}].parent"]


@given(st.lists(st.tuples(codes, codes | st.just("")), max_size=30))
def test_changes_that_pass_one_after_the_other_always_leave_trees(changes: list[tuple[str, str]]) -> None:
    parents: dict[str, str] = {}
    for account, parent in changes:
        if not tree_problems([("", account, parent)], parents):
            parents[account] = parent
    found = roots(parents)
    assert found.keys() == parents.keys()
    assert all(parents[root] == "" for root in found.values())
    assert all(found[a] == (found[p] if p else a) for a, p in parents.items())
