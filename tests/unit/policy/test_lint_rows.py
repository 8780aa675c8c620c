"""How rows stand to each other under a hit policy: contradictions, rows that change nothing, what stays open."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.kernel.errors import Invalid
from headgate.policy import Issue, lint, parse_policy
from tests.unit.policy.samples import compiled, row, table
from tests.unit.policy.test_lint import EVERYTHING, INPUTS, NUMBER, ROWS

LIST = "{name: tags, type: list}"


def found(text: str, rule: str) -> list[Issue]:
    return [i for i in lint(parse_policy(text, "sample.yaml")) if i.rule == rule]


def random_table(hit: str, rows: list[dict[str, str]], outs: list[str]) -> str:
    cells = [", ".join(f'{k}: "{v}"' for k, v in when.items()) for when in rows]
    return table(hit, INPUTS, "".join(row(f"r{i}", w, o) for i, (w, o) in enumerate(zip(cells, outs, strict=False))))


OUTS = st.lists(st.sampled_from("xy"), min_size=5, max_size=5)


def decided(text: str) -> Sequence[object]:
    """By brute force: the outcome for each of all inputs, None where no row fits or rows contradict each other."""
    policy = compiled(text)
    outcomes: list[object] = []
    for facts in EVERYTHING:
        try:
            outcomes.append(str(policy.evaluate(facts).outputs))
        except Invalid:
            outcomes.append(None)
    return outcomes


@settings(max_examples=40, deadline=None)
@given(ROWS, OUTS)
def test_a_contradiction_is_reported_exactly_when_there_is_one(rows: list[dict[str, str]], outs: list[str]) -> None:
    every = compiled(random_table("collect", rows, outs))
    met = [{int(r[1:]) for r in every.evaluate(facts).rows} for facts in EVERYTHING]
    pairs = {p for m in met for p in itertools.combinations(sorted(m), 2) if outs[p[0]] != outs[p[1]]}
    issues = found(random_table("any", rows, outs), "overlaps")
    assert {(int(i.message.split("row r")[1][0]), int(i.row[1:])) for i in issues} == pairs


def without(rows: list[dict[str, str]], outs: list[str], hit: str, left_out: list[int]) -> Sequence[object]:
    kept = [i for i in range(len(rows)) if i not in left_out]
    if not kept:
        return []
    cells = [", ".join(f'{k}: "{v}"' for k, v in rows[i].items()) for i in kept]
    return decided(table(hit, INPUTS, "".join(row(f"r{i}", w, outs[i]) for i, w in zip(kept, cells, strict=True))))


@settings(max_examples=60, deadline=None)
@given(ROWS, OUTS, st.sampled_from(["first", "any"]))
def test_redundant_rows_can_all_go_and_nothing_changes(rows: list[dict[str, str]], outs: list[str], hit: str) -> None:
    text = random_table(hit, rows, outs)
    told = [int(i.row[1:]) for i in found(text, "redundant")]
    if told and not (hit == "any" and found(text, "overlaps")):
        assert without(rows, outs, hit, told) == decided(text)


@settings(max_examples=60, deadline=None)
@given(ROWS, OUTS)
def test_a_row_that_changes_nothing_is_reported(rows: list[dict[str, str]], outs: list[str]) -> None:
    text = random_table("first", rows, outs)
    dead = {int(i.row[1:]) for i in found(text, "unreachable")}
    told = {int(i.row[1:]) for i in found(text, "redundant")}
    whole = decided(text)
    useless = {i for i in range(len(rows)) if len(rows) > 1 and without(rows, outs, "first", [i]) == whole}
    assert told <= useless
    assert bool(useless - dead) == bool(told)


def test_a_contradiction_under_any_names_rows_output_and_an_input() -> None:
    rows = row("a", 'x: "> 5"', "one") + row("b", 'x: "> 8"', "two")
    (issue,) = found(table("any", NUMBER, rows), "overlaps")
    assert issue.message == "contradicts row a: both fit x 9, and out is one there, two here"
    assert (issue.severity, issue.row, issue.column, issue.line) == ("error", "b", "out", 10)
    assert not found(table("any", NUMBER, rows.replace("two", "one")), "overlaps")


def test_formulas_that_may_differ_are_a_note() -> None:
    rows = row("a", "", '"= x * 2"') + row("b", "", '"= x + x"')
    (issue,) = found(table("any", NUMBER, rows, outputs="{name: out, type: number}"), "overlaps")
    assert (issue.severity, issue.message[:22]) == ("note", "may contradict row a a")


def test_a_row_that_later_ones_repeat_changes_nothing() -> None:
    rows = row("low", 'x: "< 5"', "a") + row("mid", 'x: "< 9"', "a") + row("rest", "", "b")
    (issue,) = found(table("first", NUMBER, rows), "redundant")
    assert issue.row == "low"
    assert issue.message == "changes nothing: without it, mid would decide the same"
    other = rows.replace('when: {x: "< 5"}', 'because: told apart, when: {x: "< 5"}')
    assert not found(table("first", NUMBER, other), "redundant")


def test_a_row_that_says_what_the_default_says_changes_nothing() -> None:
    rows = row("low", 'x: "< 5"', "a") + row("high", 'x: "> 5"', "b")
    assert not found(table("first", NUMBER, rows, "default: {out: a}\n"), "redundant")
    told = rows.replace("id: low,", "id: low, because: small,")
    (issue,) = found(table("first", NUMBER, told, "default: {then: {out: a}, because: small}\n"), "redundant")
    assert (issue.row, issue.message) == ("low", "changes nothing: without it, the default would decide the same")


def test_a_row_written_twice_counts_twice() -> None:
    rows = row("a", 'x: "> 5"', "y") + row("b", 'x: "> 5"', "y") + row("c", 'x: ">5"', "z")
    for hit in ("collect", "rule_order"):
        (issue,) = found(table(hit, NUMBER, rows), "redundant")
        assert (issue.row, issue.message) == ("b", "says the same as row a, and both count")


def test_a_cell_that_is_an_expression_is_said_to_be_undecided() -> None:
    inputs = f"{NUMBER}, {{name: y, type: number}}"
    rows = row("over", 'x: "> y"') + row("rest", "")
    (issue,) = found(table("first", inputs, rows), "undecided")
    assert issue.message.startswith("not decided: the cell is an expression (> y), so gaps")
    assert (issue.severity, issue.row, issue.column, issue.line) == ("note", "over", "x", 9)
    assert not found(table("collect", inputs, rows), "undecided")


@pytest.mark.parametrize(
    ("column", "rows", "fix"),
    [
        (NUMBER, row("a", 'x: "< 50000"'), 'x ">= 50000"'),
        (NUMBER, row("a", 'x: "< 10, > 20"'), 'x "[10..20]"'),
        ("{name: x, type: integer, min: 0}", row("a", 'x: "> 3"'), 'x "<= 3"'),
        ("{name: x, type: enum, values: [a, b]}", row("a", "x: \"'b'\""), "x \"'a'\""),
        ("{name: x, type: string}", row("a", "x: \"'b', 'c'\""), "x \"not('b', 'c')\""),
        ("{name: x, type: bool}", row("a", 'x: "true"'), 'x "false"'),
        ("{name: x, type: number, nullable: true}", row("a", 'x: "!= null"'), 'x "null"'),
        ("{name: x, type: date}", row("a", "x: \"< d('2026-03-01')\""), "x \">= d('2026-03-01')\""),
        ("{name: x, type: duration}", row("a", "x: \"<= duration('P1D')\""), "x \"> duration('P1D')\""),
        (f"{NUMBER}, {{name: t, type: bool}}", row("a", 'x: "< 5"') + row("b", 't: "true"'), 'x ">= 5", t "false"'),
        (LIST, row("a", "tags: \"contains($, 'new')\""), "tags \"not contains($, 'new')\""),
    ],
)
def test_a_gap_says_which_row_would_close_it_and_it_does(column: str, rows: str, fix: str) -> None:
    (issue,) = [i for i in found(table("first", column, rows), "gaps") if i.severity == "error"][:1]
    assert issue.fix == f"Add a row for {fix}, or a default."
    when = ", ".join(f"{part}" for part in fix.replace(' "', ': "').split(", ") if part)
    closed = rows + row("closing", when)
    before = len(found(table("first", column, rows), "gaps"))
    assert len(found(table("first", column, closed), "gaps")) == before - 1


def test_a_boundary_that_two_slabs_both_leave_out_or_both_take_is_named() -> None:
    rows = row("low", 'x: "< 10"') + row("high", 'x: "> 10"')
    (gap,) = found(table("unique", NUMBER, rows), "gaps")
    assert gap.fix == 'Let a row beside it include x 10. Or add a row for x "10", or a default.'
    both = rows.replace('"< 10"', '"[0..10]"').replace('"> 10"', '"[10..20]"') + row("rest", 'x: "< 0, > 20"')
    (overlap,) = found(table("unique", NUMBER, both), "overlaps")
    assert overlap.fix == "Let one leave out x 10, or use hit: first."
    (overlap,) = found(table("unique", NUMBER, both.replace("[10..20]", "[9..20]")), "overlaps")
    assert overlap.fix == "Narrow one, or use hit: first."


def test_several_gaps_are_told_one_by_one_up_to_a_few() -> None:
    inner = ", ".join(f"[{10 * n}..{10 * n + 5})" for n in range(3))
    gaps = found(table("first", NUMBER, row("a", f'x: "{inner}"')), "gaps")
    assert sorted(i.fix for i in gaps) == [
        'Add a row for x "< 0", or a default.',
        'Add a row for x ">= 25", or a default.',
        'Add a row for x "[15..20)", or a default.',
        'Add a row for x "[5..10)", or a default.',
    ]
    inner = ", ".join(f"[{10 * n}..{10 * n + 5})" for n in range(9))
    gaps = found(table("first", NUMBER, row("a", f'x: "{inner}"')), "gaps")
    assert [i.severity for i in gaps].count("error") == 5
    assert "more than 5 gaps" in gaps[-1].message or "more than 5 gaps" in gaps[0].message


def test_lists_are_decided_by_what_they_hold() -> None:
    both = row("both", "tags: \"contains($, 'a') and contains($, 'b')\"")
    one = row("one", "tags: \"contains($, 'a') and not contains($, 'b')\"") + row(
        "two", "tags: \"not(contains($, 'a'))\""
    )
    text = table("unique", LIST, both + one)
    assert not [i for i in lint(parse_policy(text)) if i.rule in ("gaps", "overlaps", "undecided")]
    policy = compiled(text)
    assert [policy.evaluate({"tags": t}).rows for t in (["b", "a"], ["a"], ["c"], [])] == [
        ("both",),
        ("one",),
        ("two",),
        ("two",),
    ]
    (overlap,) = found(table("unique", LIST, both + row("any", "tags: \"contains($, 'a')\"")), "overlaps")
    assert overlap.message == "overlaps row both: both fit tags a, b"
    (gap,) = found(table("unique", LIST, both + one.split("  - {id: two")[0]), "gaps")
    assert gap.message == "no row fits tags none"


def test_a_list_cell_that_is_more_than_that_is_left_to_the_engine() -> None:
    rows = row("a", "tags: \"contains($, 'a') or contains($, 'b')\"") + row("c", 'tags: "len($) == 0"') + row("b", "")
    text = table("first", LIST, rows)
    assert [i.row for i in found(text, "undecided")] == ["a", "c"]
    assert [compiled(text).evaluate({"tags": t}).rows for t in (["b"], [], ["z"])] == [("a",), ("c",), ("b",)]


def test_a_list_cell_asks_for_what_the_list_may_hold() -> None:
    text = table("first", "{name: tags, type: list, values: [red, blue]}", row("a", "tags: \"contains($, 'green')\""))
    (issue,) = found(text, "types")
    assert "'green' is not one of red, blue" in issue.message
