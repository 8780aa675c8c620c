"""The lints find every gap, overlap and dead row there is, and show an input that proves it."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy import Issue, lint, parse_policy
from headgate.policy.core import regions
from headgate.policy.core.reading import read_table
from headgate.policy.core.regions import Grid
from tests.unit.policy.samples import DISCOUNT, compiled, row, table

NUMBER = "{name: x, type: number}"
INPUTS = ", ".join(
    [NUMBER, "{name: t, type: enum, values: [a, b, c]}", "{name: n, type: integer, min: 0, nullable: true}"]
)

# Every class of input that cells over the constants 0 … 3 can tell apart, so trying all of them is exhaustive.
X = [Decimal(v) for v in ("-1", "0", "0.5", "1", "1.5", "2", "2.5", "3", "4")]
EVERYTHING = [dict(zip("xtn", facts, strict=True)) for facts in itertools.product(X, "abc", [0, 1, 2, 3, 4, None])]


def found(text: str, rule: str, severity: str = "error") -> list[Issue]:
    return [i for i in lint(parse_policy(text, "sample.yaml")) if i.rule == rule and i.severity == severity]


def numbers(low: int = 0, *, null: bool = False) -> st.SearchStrategy[str]:
    points = st.integers(low, 3)
    plain = st.one_of(
        points.map(str),
        st.tuples(st.sampled_from(["<", "<=", ">", ">=", "!="]), points).map(lambda p: f"{p[0]} {p[1]}"),
        st.tuples(st.sampled_from("[("), points, points, st.sampled_from("])")).map(
            lambda p: f"{p[0]}{p[1]}..{p[2]}{p[3]}"
        ),
        *([st.just("null"), st.just("!= null")] if null else []),
    )
    return st.lists(plain, min_size=1, max_size=2).map(", ".join)


WORDS = st.lists(st.sampled_from("abc"), min_size=1, max_size=2).map(lambda w: ", ".join(f"'{x}'" for x in w))
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"x": numbers(), "t": WORDS, "n": numbers(null=True)}), min_size=1, max_size=5
)


def random_table(hit: str, rows: list[dict[str, str]]) -> str:
    return table(
        hit, INPUTS, "".join(row(f"r{i}", ", ".join(f'{k}: "{v}"' for k, v in w.items())) for i, w in enumerate(rows))
    )


def accepted(text: str) -> list[set[int]]:
    """By brute force: which rows accept each of all inputs."""
    policy = compiled(text.replace("hit: first", "hit: collect").replace("hit: unique", "hit: collect"))
    return [{int(r[1:]) for r in policy.evaluate(facts).rows} for facts in EVERYTHING]


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_gap_is_reported_exactly_when_there_is_one(rows: list[dict[str, str]]) -> None:
    text = random_table("first", rows)
    reported = found(text, "gaps")
    assert bool(reported) == any(not a for a in accepted(text))
    hole = Grid(read_table(parse_policy(text)).axes, len(rows)).find(none_of=(1 << len(rows)) - 1)
    assert (hole is None) == (not reported)
    if hole is not None:
        assert compiled(text.replace("hit: first", "hit: collect")).evaluate(hole).rows == ()


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_an_overlap_is_reported_exactly_when_there_is_one(rows: list[dict[str, str]]) -> None:
    text = random_table("unique", rows)
    pairs = {pair for a in accepted(text) for pair in itertools.combinations(sorted(a), 2)}
    reported = {(int(i.message.split("row r")[1][0]), int(i.row[1:])) for i in found(text, "overlaps")}
    assert reported == pairs


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_dead_row_is_reported_exactly_when_there_is_one(rows: list[dict[str, str]]) -> None:
    text = random_table("first", rows)
    alive = {min(a) for a in accepted(text) if a}
    assert {int(i.row[1:]) for i in found(text, "unreachable")} == set(range(len(rows))) - alive


def test_a_gap_is_told_with_an_input_that_hits_it() -> None:
    rows = row("low", 'x: "< 10"') + row("high", 'x: "> 10"')
    (issue,) = found(table("first", NUMBER, rows), "gaps")
    assert issue.message == "no row fits x 10"
    rows = row("low", 'x: "< 10"') + row("high", 'x: ">= 10.01"')
    (issue,) = found(table("unique", NUMBER, rows), "gaps")
    assert issue.message in ("no row fits x 10", "no row fits x 10.005")


def test_whole_numbers_leave_no_gap_between_neighbours() -> None:
    rows = row("none", 'x: "0"') + row("some", 'x: ">= 1"')
    assert not found(table("first", "{name: x, type: integer, min: 0}", rows), "gaps")
    assert found(table("first", "{name: x, type: number, min: 0}", rows), "gaps")[0].message == "no row fits x 0.5"


def test_neighbouring_days_leave_no_gap() -> None:
    rows = row("until", "on: \"<= d('2026-03-01')\"") + row("from", "on: \">= d('2026-03-02')\"")
    assert not found(table("first", "{name: on, type: date}", rows), "gaps")
    later = rows.replace("03-02", "03-03")
    assert found(table("first", "{name: on, type: date}", later), "gaps")[0].message == "no row fits on 2026-03-02"


def test_an_unknown_value_is_a_gap_of_its_own() -> None:
    rows = row("a", 'x: ">= 0"') + row("b", 'x: "< 0"')
    nullable = "{name: x, type: number, nullable: true}"
    assert found(table("first", nullable, rows), "gaps")[0].message == "no row fits x unknown"


def test_texts_need_a_row_for_any_other() -> None:
    rows = row("a", "x: \"'gold', 'silver'\"")
    assert found(table("first", "{name: x, type: string}", rows), "gaps")[0].message == "no row fits x other"
    rows += row("b", "x: \"not('gold', 'silver')\"")
    assert not found(table("first", "{name: x, type: string}", rows), "gaps")


@pytest.mark.parametrize("more", ["default: {out: y}\n"])
def test_a_default_closes_every_gap(more: str) -> None:
    assert not found(table("first", NUMBER, row("a", 'x: "> 1"'), more), "gaps")


def test_an_overlap_names_both_rows_file_line_and_an_input() -> None:
    rows = row("low", 'x: "<= 10"') + row("high", 'x: ">= 10"')
    (issue,) = found(table("unique", NUMBER, rows), "overlaps")
    assert str(issue) == (
        "sample.yaml:10: row high: overlaps row low: both fit x 10. Let one leave out x 10, or use hit: first."
    )


def test_a_dead_row_names_the_rows_that_cover_it() -> None:
    rows = row("low", 'x: "< 5"') + row("high", 'x: ">= 5"') + row("middle", 'x: "[4..6]"')
    (issue,) = found(table("first", NUMBER, rows), "unreachable")
    assert (issue.row, issue.line) == ("middle", 11)
    assert "low, high before it already accept all that it accepts" in issue.message


def test_a_row_that_nothing_fits_names_the_column() -> None:
    rows = row("never", 'x: "[6..4]"') + row("always", "")
    (issue,) = found(table("collect", NUMBER, rows), "unreachable")
    assert (issue.row, issue.column) == ("never", "x")
    negative = row("never", 'x: "< 0"') + row("always", "")
    assert found(table("first", "{name: x, type: number, min: 0}", negative), "unreachable")


def test_a_lower_ranking_row_is_dead_behind_a_higher_one() -> None:
    outputs = "{name: out, type: enum, values: [hold, pass]}"
    rows = row("pass", 'x: "> 5"', "pass") + row("hold", 'x: "> 1"', "hold") + row("rest", "", "pass")
    assert [i.row for i in found(table("priority", NUMBER, rows, outputs=outputs), "unreachable")] == ["pass"]


def test_expressions_leave_a_note_and_no_false_alarm() -> None:
    inputs = f"{NUMBER}, {{name: y, type: number}}"
    rows = row("over", 'x: "> y"') + row("within", 'x: "<= y"')
    assert not found(table("first", inputs, rows), "gaps")
    (note,) = found(table("first", inputs, rows), "gaps", "note")
    assert "only rows with expressions fit" in note.message
    (note,) = found(table("unique", inputs, rows), "overlaps", "note")
    assert "may overlap row over" in note.message
    assert not found(table("unique", inputs, rows), "overlaps")
    assert not found(table("first", inputs, rows), "unreachable")


def test_a_gap_that_expressions_leave_open_is_found_when_the_example_proves_it() -> None:
    inputs = f"{NUMBER}, {{name: y, type: number}}"
    assert found(table("first", inputs, row("over", 'x: "> y"')), "gaps")[0].message.startswith("no row fits x 0")


def test_a_table_too_large_to_decide_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each node of a graph asks for an odd or even number of its edges; that no choice suits all is hard to see.
    monkeypatch.setattr(regions, "MAX_WORK", 50_000)
    nodes = 30
    edges = [(a, b) for a in range(nodes) for b in {(a + 1) % nodes, (a * 7 + 11) % nodes} - {a}]
    cells = []
    for node in range(nodes):
        own = [i for i, edge in enumerate(edges) if node in edge]
        odd = [a for a in itertools.product(["true", "false"], repeat=len(own)) if a.count("true") % 2 != (node == 0)]
        cells += [", ".join(f'c{e}: "{a}"' for e, a in zip(own, answers, strict=True)) for answers in odd]
    inputs = ", ".join(f"{{name: c{i}, type: bool}}" for i in range(len(edges)))
    text = table("first", inputs, "".join(row(f"r{n}", when) for n, when in enumerate(cells)))
    assert "too large to decide" in found(text, "gaps", "note")[0].message
    assert "too large to decide" in found(text, "unreachable", "note")[0].message


def test_hundreds_of_rows_are_decided() -> None:
    rows = "".join(row(f"r{i}", f'x: "[{i}..{i + 1})", t: "\'a\'"') for i in range(200))
    inputs = f"{NUMBER}, {{name: t, type: enum, values: [a, b]}}"
    text = table("unique", inputs, rows, "default: {out: y}\n")
    assert not found(text, "overlaps")
    assert len(found(text.replace('x: "[7..8)"', 'x: "[7..8]"'), "overlaps")) == 1


def test_a_policy_without_tests_is_not_ready() -> None:
    (issue,) = found(table("first", NUMBER, row("a", "")), "missing_tests")
    assert "ships without tests" in issue.message


def test_a_policy_shows_an_allowed_and_a_denied_case() -> None:
    rows = row("a", 'x: "> 1"', "yes") + row("b", 'x: "<= 1"', "no")
    tests = "tests:\n  - {given: {x: 2}, expect: {out: 'yes'}}\n"
    (issue,) = found(table("first", NUMBER, rows, tests), "missing_tests")
    assert "all tests come out the same" in issue.message
    (warning,) = found(table("first", NUMBER, rows, tests), "missing_tests", "warning")
    assert warning.row == "b"
    tests += "  - {given: {x: 1}, expect: {out: 'no'}}\n"
    assert not found(table("first", NUMBER, rows, tests), "missing_tests")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("expect: {outcome: hold}", "expect: {outcome: pass}"), "test 2 fails: expected outcome pass, got hold"),
        (("rows: [large]", "rows: [small]"), "test 3 fails: expected rows small, got large"),
        (("expect: {rate: 2}", "expect: {rate: 2.01}"), "test 3 fails: expected rate 2.01, got 2"),
        (("expect: {rate: 2}", "expect: {rate: lots}"), "test 3 fails: rate: 'lots' is not of type percent"),
        (("{amount: 2000, tier: silver, new: true}", "{amount: 2000}"), "needs tier, new"),
        (("tier: silver, new: true}", "tier: bronze, new: true}"), "is not one of gold, silver"),
    ],
)
def test_a_failing_test_tells_what_came_instead(change: tuple[str, str], told: str) -> None:
    (issue,) = found(DISCOUNT.replace(*change), "failing_tests")
    assert told in issue.message
    assert issue.line > 25


def test_a_test_of_a_collecting_policy_compares_entry_by_entry() -> None:
    rows = row("a", 'x: "> 1"', "one") + row("b", 'x: "> 2"', "two")
    tests = """tests:
  - {given: {x: 0}, expect: {list: []}}
  - {given: {x: 3}, expect: {list: [{out: one}]}}
  - {given: {x: 3}, expect: {list: [{out: one}, {out: three}]}}
"""
    told = [i.message for i in found(table("collect", NUMBER, rows, tests), "failing_tests")]
    assert told == [
        "test 2 fails: expected 1 entries, got 2 (a, b)",
        "test 3 fails: entry 2: expected out three, got two",
    ]


def test_a_test_with_an_unknown_name_is_reported() -> None:
    text = DISCOUNT.replace(
        "{amount: 2000, tier: silver, new: true}, expect: {rate: 2}", "{amout: 2000}, expect: {rat: 2}"
    )
    told = [i.message for i in found(text, "unknown_fields")]
    assert told == ["test 3 gives amout, which is not an input", "test 3 expects rat, which is not an output"]


def test_a_sound_policy_has_no_issues() -> None:
    assert lint(parse_policy(DISCOUNT, "discount.yaml")) == []


def test_what_cannot_be_understood_is_told_before_anything_else() -> None:
    text = table("first", NUMBER, row("a", 'y: "> 1"') + row("b", "x: \"'z'\""))
    assert [(i.rule, i.row) for i in lint(parse_policy(text))] == [("unknown_fields", "a"), ("types", "b")]
