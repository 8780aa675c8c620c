"""The lint of agreements, and what an author may not write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate.domain.pricing import check_term, find_conflicts, parse_tiers, term_problems
from headgate.kernel.errors import Invalid
from tests.unit.domain.examples import NOW, START, d, net, price, term, tiers


def test_two_prices_for_one_scope_and_start_are_a_tie() -> None:
    found = find_conflicts([net("B", "8"), net("A", "9")])
    assert [(item.kind, item.first.code, item.second.code) for item in found] == [("tie", "A", "B")]
    assert "partner P-1; product SKU-1" in found[0].detail


def test_a_later_start_is_reported_as_replacing_the_earlier_one() -> None:
    (found,) = find_conflicts([net("NEW", "8", valid_from=NOW), net("OLD", "9")])
    assert (found.kind, found.first.code, found.valid_from) == ("superseded", "NEW", NOW)


def test_groups_that_a_partner_may_share_are_a_possible_conflict() -> None:
    gold = net("GOLD", "8", partner=None, partner_group="gold")
    green = net("GREEN", "9", partner=None, partner_group="green")
    assert [item.kind for item in find_conflicts([gold, green])] == ["possible"]
    assert price(gold, green, groups=("gold", "green")).tie


@pytest.mark.parametrize(
    "other",
    [
        net("B", "8", valid_from=NOW + timedelta(days=30)),  # starts when the first is over
        net("B", "8", partner="P-2"),
        net("B", "8", product="SKU-2"),
        net("B", "8", min_quantity=d(10)),
        net("B", "8", currency="USD"),
        net("B", "8", kind="exception"),
        net("B", "8", retired_at=NOW),
        net("B", "9"),  # the same price
        net("B", "8", region="FR"),
    ],
)
def test_terms_that_cannot_meet_or_do_not_differ_are_no_conflict(other: object) -> None:
    until = NOW + timedelta(days=30)
    first = net("A", "9", valid_until=until, region="DE" if getattr(other, "region", None) else None)
    assert find_conflicts([first, other]) == []  # type: ignore[list-item]


def test_the_lint_agrees_with_the_resolver_on_ties() -> None:
    terms = [net("A", "9"), net("B", "8"), term("LIST")]
    assert price(*terms).tie is bool([item for item in find_conflicts(terms) if item.kind == "tie"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"method": "barter"}, "term.method"),
        ({"currency": "EURO"}, "term.currency"),
        ({"family": "tools"}, "term.family"),
        ({"value": d(-1)}, "term.value"),
        ({"method": "discount", "value": d(101)}, "term.value"),
        ({"valid_until": START}, "term.valid_until"),
        ({"max_quantity": d(0)}, "term.max_quantity"),
        ({"min_quantity": d(-1)}, "term.min_quantity"),
    ],
)
def test_a_bad_term_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    bad = term("BAD", **changes)
    assert [problem.field for problem in term_problems(bad)] == [field]
    with pytest.raises(Invalid, match=field.replace(".", r"\.")):
        check_term(bad)


def test_a_good_term_is_passed_on() -> None:
    good = term("GOOD", tier_mode="slab", tiers=tiers((1, "10"), (5, "9")))
    assert check_term(good) is good


def test_tiers_are_read_exactly_and_sorted() -> None:
    assert parse_tiers([{"from": 5, "value": "9.5"}, {"from": "1", "value": "10"}]) == tiers((1, "10"), (5, "9.5"))
    with pytest.raises(Invalid, match=r"tiers\[0\]\.value"):
        parse_tiers([{"from": 1, "value": 9.5}])
