"""Sentences that still name what only the cells of the version in force hold."""

from __future__ import annotations

import pytest

from headgate.packs import find_pack
from headgate.policy import Issue, parse_policy
from headgate.policy.lint.sentences import stale_sentences

TABLE = """\
policy: sample
version: 1
title: A sample
owner: nobody
hit: first
inputs:
  - {name: pct, type: percent}
  - {name: amount, type: money}
outputs:
  - {name: outcome, type: enum, values: [pass, hold]}
  - {name: told, type: string}
rows:
  - id: wide
    when: {pct: "(2..5]", amount: "<= 10000"}
    then: {outcome: pass, told: "Up to 5 % is yours."}
    because: "{pct} % is let through up to 5 %, for at most 10,000, as on a scale of 100 and under NET5"
  - id: other
    then: {outcome: hold, told: ""}
    because: "More than the 5 % that go through, or than 2.5 of something else"
"""
PRICES = (find_pack("order_governance") / "policies" / "price_deviation.yaml").read_text(encoding="utf-8")


def stale(*changes: tuple[str, str], text: str = TABLE) -> list[Issue]:
    after = text
    for old, new in changes:
        assert old in after
        after = after.replace(old, new)
    return list(stale_sentences(parse_policy(text, "was.yaml"), parse_policy(after, "sample.yaml")))


def places(issues: list[Issue]) -> list[tuple[str, str]]:
    return [(each.row, each.column) for each in issues]


def test_a_limit_that_is_lowered_leaves_every_sentence_behind_that_names_it() -> None:
    found = stale(("(2..5]", "(2..3]"))
    assert places(found) == [("wide", "told"), ("wide", "because"), ("other", "because")]
    assert {(each.severity, each.line > 0) for each in found} == {("warning", True)}
    assert "still names 5," in found[0].message
    assert "new in the cells: 3." in found[0].fix


def test_a_sentence_that_follows_its_cell_is_fine() -> None:
    assert stale(("(2..5]", "(2..3]"), ("5 %", "3 %")) == []


def test_numbers_that_no_cell_held_are_nobodys_business() -> None:
    assert places(stale(("(2..5]", "(2..3]"), ("5 %", "a little"))) == []
    assert stale() == []


@pytest.mark.parametrize("written", ["10,000", "10.000", "10 000", "10000", "10'000"])
def test_amounts_are_read_as_people_write_them(written: str) -> None:
    text = TABLE.replace("10,000", written)
    assert places(stale(("<= 10000", "<= 8000"), text=text)) == [("wide", "because")]


def test_a_number_that_another_row_holds_is_stale_in_the_row_that_lost_it_only() -> None:
    text = TABLE.replace("  - id: other\n", '  - id: other\n    when: {pct: "> 5"}\n')
    assert places(stale(("(2..5]", "(2..3]"), text=text)) == [("wide", "told"), ("wide", "because")]


def test_a_share_in_a_cell_is_the_per_cent_of_a_sentence() -> None:
    text = TABLE.replace("(2..5]", "(0.02..0.05]")
    assert places(stale(("(0.02..0.05]", "(0.02..0.03]"), text=text))[0] == ("wide", "told")


def test_the_limit_of_the_pack_that_lets_gold_partners_buy_lower() -> None:
    [issue] = stale(("(2..5]", "(2..3]"), text=PRICES)
    assert (issue.row, issue.column) == ("top_tier_margin", "because")
    tolerance = stale(('deviation_pct: "[-2..2]"', 'deviation_pct: "[-1..1]"'), text=PRICES)
    assert ("within_tolerance", "because") in places(tolerance)
