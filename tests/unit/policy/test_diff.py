"""Two versions compared as tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import parse_policy
from headgate.policy.core.diff import TableDiff, diff_lines, diff_tables
from headgate.policy.core.document import read_document, write_document

TEXT = """\
policy: limits
version: 1
title: What may pass
owner: finance
hit: first
inputs:
  - {name: amount, type: money, label: Amount}
  - {name: tier, type: enum, values: [gold, silver]}
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: small, when: {amount: "<= 100"}, then: {outcome: pass}, because: small}
  - {id: gold, when: {tier: "'gold'", amount: "<= 500"}, then: {outcome: pass}}
  - {id: large, when: {amount: "> 1000"}, then: {outcome: hold}}
  - {id: odd, when: {amount: "> 2000"}, then: {outcome: hold}}
default: {outcome: hold}
tests:
  - {name: small passes, given: {amount: 100, tier: gold}, expect: {outcome: pass}}
  - {given: {amount: 5000, tier: gold}, expect: {outcome: hold}, rows: [large]}
"""


def changed(*pairs: tuple[str, str]) -> TableDiff:
    text = TEXT.replace("version: 1", "version: 2")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return diff_tables(parse_policy(TEXT), parse_policy(text))


def test_two_alike_do_not_differ() -> None:
    diff = changed()
    assert diff.same
    assert diff_lines(diff) == []
    assert (diff.before, diff.after) == (1, 2)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('"<= 100"', '"<= 80"', ["~ row small, when amount: <= 100 → <= 80"]),
        ("tier: \"'gold'\", ", "", ["~ row gold, when tier: 'gold' → any"]),
        ("because: small", "because: tiny", ["~ row small, because: small → tiny"]),
        ("{outcome: pass}, because", "{outcome: hold}, because", ["~ row small, then outcome: pass → hold"]),
        ("hit: first", "hit: unique", ["~ hit: first → unique"]),
        ("title: What may pass", "title: Limits", ["~ title: What may pass → Limits"]),
        ("label: Amount", "label: Sum", ["~ input amount, label: Amount → Sum"]),
        ("label: Amount", "label: Amount, min: 0", ["~ input amount, minimum: nothing → 0"]),
        ("[gold, silver]", "[gold]", ["~ input tier, values: gold, silver → gold"]),
        ("default: {outcome: hold}", "default: {outcome: pass}", ["~ row default, then outcome: hold → pass"]),
        ("default: {outcome: hold}\n", "", ["- row default: then outcome hold"]),
        ("rows: [large]", "rows: [odd]", ["~ test given amount: 5000, tier: gold, rows: large → odd"]),
        ("name: small passes", "name: passes", ["+ test passes", "- test small passes"]),
        ("id: odd", "id: strange", ["~ row strange, id: odd → strange"]),
    ],
)  # fmt: skip
def test_a_change_is_told_in_a_line(old: str, new: str, lines: list[str]) -> None:
    assert sorted(diff_lines(changed((old, new)))) == sorted(lines)


def test_a_row_that_moves_is_moved_and_the_others_are_not() -> None:
    gold = '  - {id: gold, when: {tier: "\'gold\'", amount: "<= 500"}, then: {outcome: pass}}\n'
    diff = changed((gold, ""), ("default:", gold + "default:"))
    assert [(r.id, r.was, r.now, r.kind) for r in diff.rows if r.moved] == [("gold", 2, 4, "same")]
    assert diff_lines(diff) == ["> row gold: place 2 → 4"]
    assert diff.counts() == {"added": 0, "removed": 0, "changed": 0, "moved": 1}


def test_a_row_that_is_gone_stands_where_it_was() -> None:
    diff = changed(('  - {id: large, when: {amount: "> 1000"}, then: {outcome: hold}}\n', ""))
    assert [(r.id, r.kind) for r in diff.rows] == [
        ("small", "same"),
        ("gold", "same"),
        ("large", "removed"),
        ("odd", "same"),
        ("default", "same"),
    ]


def test_a_column_that_comes_shows_in_every_row() -> None:
    diff = changed(
        ("  - {name: tier", "  - {name: region, type: string}\n  - {name: tier"),
        ('{amount: "> 1000"', "{region: \"'EU'\""),
    )
    assert [(c.name, c.kind) for c in diff.columns] == [
        ("amount", "same"),
        ("region", "added"),
        ("tier", "same"),
        ("outcome", "same"),
    ]
    large = next(r for r in diff.rows if r.id == "large")
    assert [(c.column, c.before, c.after) for c in large.cells if c.differs] == [
        ("amount", "> 1000", ""),
        ("region", "", "'EU'"),
    ]


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_what_is_not_called_moved_or_gone_kept_its_order(order: list[int], gone: set[int]) -> None:
    document = read_document(TEXT)
    rows = document["rows"]
    document["rows"] = [rows[i] for i in order if i not in gone] or [rows[0]]
    diff = diff_tables(parse_policy(TEXT), parse_policy(write_document(document)))
    stayed = [r.was for r in diff.rows if r.id != "default" and not r.moved and r.now is not None]
    assert stayed == sorted(stayed, key=lambda place: place or 0)
    assert {r.id for r in diff.rows} == {r["id"] for r in rows} | {"default"}


def test_any_two_shipped_policies_can_be_compared() -> None:
    files = sorted((Path(__file__).parents[3] / "packs").glob("*/policies/*.yaml"))
    tables = [parse_policy(f.read_text(encoding="utf-8")) for f in files]
    for before in tables:
        for after in tables:
            diff = diff_tables(before, after)
            assert diff.same is (before is after)
            assert bool(diff_lines(diff)) is not diff.same
