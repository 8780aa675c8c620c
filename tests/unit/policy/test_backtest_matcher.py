"""Answering in groups is answering one by one, whatever the table and the facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import as_plain
from headgate.kernel.errors import Invalid
from headgate.policy import CompiledPolicy, NoRowMatched, compile_policy, parse_policy
from headgate.policy.backtest.core.matcher import Answer, Matcher, ask

HEAD = """
policy: tried
version: 1
title: Tried
owner: finance
hit: {hit}
inputs:
  - {{name: pct, type: percent}}
  - {{name: amount, type: number, min: 0, max: 1000}}
  - {{name: count, type: integer}}
  - {{name: known, type: bool}}
  - {{name: tier, type: string}}
  - {{name: grade, type: enum, values: [a, b, c]}}
  - {{name: on, type: date, nullable: true}}
  - {{name: tags, type: list}}
outputs:
  - {{name: outcome, type: enum, values: [reject, hold, pass]}}
  - {{name: due, type: number, nullable: true}}
"""
ROWS = """
rows:
  - {id: r1, when: {pct: "[2..5)", tier: "'gold'"}, then: {outcome: hold, due: 1}}
  - {id: r2, when: {pct: ">= 5", known: "true"}, then: {outcome: reject, due: "= amount * 2"}}
  - {id: r3, when: {amount: "> 2 * pct"}, then: {outcome: hold}}
  - {id: r4, when: {on: "null", grade: "'a', 'b'"}, then: {outcome: pass}}
  - {id: r5, when: {tags: "contains($, 'x')"}, then: {outcome: pass, due: 3}}
  - {id: r6, when: {count: "< 0"}, then: {outcome: reject}}
default: {then: {outcome: pass, due: "= pct + 1"}}
"""
PLAIN = """
rows:
  - {id: p1, when: {pct: "> 3", known: "true"}, then: {outcome: hold, due: 7}}
  - {id: p2, when: {tier: "'gold', 'silver'"}, then: {outcome: pass}}
  - {id: p3, when: {grade: "'c'"}, then: {outcome: reject}}
"""
NAMES = ("pct", "amount", "count", "known", "tier", "grade", "on", "tags")


def table(rows: str, hit: str) -> CompiledPolicy:
    return compile_policy(parse_policy(HEAD.format(hit=hit) + rows, "tried.yaml"))


TABLES = [table(rows, hit) for rows in (ROWS, PLAIN) for hit in ("first", "unique", "priority", "collect")]
numbers = st.decimals(-20, 1200, places=2, allow_nan=False).map(str)
facts = st.tuples(
    st.sampled_from(["0", "1.99", "2", "3", "3.00", "4.9999", "5", "5.1", "-7"]) | numbers,
    st.sampled_from(["0", "4", "10", "999.99", "1000", "1000.01", "-1"]) | numbers,
    st.sampled_from(["0", "-1", "7", "1.5"]),
    st.booleans(),
    st.sampled_from(["gold", "silver", "bronze", ""]),
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from([None, "2026-03-01", "2026-13-01"]),
    st.sampled_from([[], ["x"], ["y", "x"]]),
)


def alone(policy: CompiledPolicy, values: tuple[Any, ...]) -> Answer:
    """What the table itself says, asked once."""
    try:
        found = policy.evaluate(dict(zip(NAMES, values, strict=True)))
    except NoRowMatched:
        return Answer(refused="no row fits, and there is no default")
    except Invalid as error:
        return Answer(refused=error.message)
    return Answer(tuple(found.rows), as_plain(found.outputs))


@given(st.lists(facts, min_size=1, max_size=25))
def test_groups_answer_as_each_table_does_alone(many: list[tuple[Any, ...]]) -> None:
    matcher = Matcher(TABLES, NAMES)
    for values in many:
        for policy, answer in zip(TABLES, matcher.answers(values), strict=True):
            expected = alone(policy, values)
            if expected.refused.startswith("policy tried"):
                # Which facts it speaks of may be those of the first of the group; that it refuses may not differ.
                assert answer.refused
            else:
                assert answer == expected


def test_a_table_that_reads_what_was_not_recorded_says_which_and_the_others_go_on() -> None:
    matcher = Matcher([TABLES[4], TABLES[0]], ("pct", "known", "tier", "grade"))
    wider = table(PLAIN, "first")
    both = Matcher([wider], NAMES)
    assert matcher.answers(("4", True, "gold", "a"))[0].missing == ("amount", "count", "on", "tags")
    assert both.answers(("4", "1", "0", True, "gold", "a", None, []))[0].rows == ("p1",)


def test_equal_facts_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def counted(policy: CompiledPolicy, given: Any) -> Answer:
        calls.append(given)
        return ask(policy, given)

    monkeypatch.setattr("headgate.policy.backtest.core.matcher.ask", counted)
    matcher = Matcher([table(PLAIN, "first")], NAMES)
    for n in range(500):
        matcher.answers((str(Decimal(n) / 100), str(n), "1", True, f"tier-{n}", "a", None, []))
    assert 1 <= len(calls) <= 2, "above 3 %, and not"
