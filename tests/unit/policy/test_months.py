"""Columns of years and months: cells, facts, arithmetic, lints, and that they never meet days unnoticed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import Invalid
from headgate.kernel.months import Months
from headgate.policy import lint, parse_policy
from headgate.policy.backtest.core.matcher import Matcher, ask
from headgate.policy.core.times import BadTime, months_of, read_duration, time_literal
from headgate.policy.lint.wording import literal
from tests.unit.policy.samples import compiled, row, table

TERM = "{name: term, type: months}"
INSTANT = "{name: at, type: datetime}"
APART = "a month has no fixed number of days"


def terms(*rows: str, inputs: str = TERM, hit: str = "first", outputs: str = "{name: out, type: string}") -> str:
    return table(hit, inputs, "".join(rows), outputs=outputs)


def messages(text: str, rule: str) -> list[str]:
    return [issue.message for issue in lint(parse_policy(text)) if issue.rule == rule]


def test_months_compare_by_how_many_they_are_and_are_explained_in_words() -> None:
    rows = row("short", "term: \"< duration('P1Y6M')\"", "s")
    policy = compiled(
        terms(rows, row("range", "term: \"[duration('P18M')..duration('P3Y')]\"", "r"), row("long", "", "l"))
    )
    assert policy.evaluate({"term": "P17M"}).rows == ("short",)
    assert policy.evaluate({"term": "P1Y6M"}).rows == ("range",)
    assert policy.evaluate({"term": Months(36)}).rows == ("range",)
    found = policy.evaluate({"term": "P37M"})
    assert found.rows == ("long",)
    assert found.as_json()["inputs"] == {"term": "P3Y1M"}
    assert policy.evaluate({"term": "P18M"}).reasons == ("term is 1 year 6 months",)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("< duration('P30D')", f"term is of type months, the cell compares it with a duration: {APART}"),
        ("[duration('P1M')..duration('P30D')]", f"the range goes from days to months: {APART}"),
        ("$ < wait", f"< compares a duration of months with a duration: {APART}"),
        ("$ > term + wait", f"[+] does not go between a duration of days and one of months: {APART}"),
        ("> 6", "term is of type months, the cell compares it with a number"),
        ("$ > 6", "> compares a duration of months with a number"),
        ("duration('P1Y2D')", "'P1Y2D' is not a duration"),
        ("contains($, 'x')", "term is of type months; use comparisons"),
    ],
)
def test_a_cell_that_mixes_months_with_something_else_is_refused_with_the_reason(cell: str, told: str) -> None:
    inputs = f"{TERM}, {{name: wait, type: duration}}"
    with pytest.raises(Invalid, match=told):
        compiled(terms(row("a", f'term: "{cell}"'), inputs=inputs))


def test_days_are_refused_as_months_and_months_as_days() -> None:
    policy = compiled(terms(row("a", ""), inputs=f"{TERM}, {{name: wait, type: duration}}"))
    with pytest.raises(Invalid, match=r"sample\.term: is not a duration of years and months.*P1Y6M"):
        policy.evaluate({"term": "P30D", "wait": "P1D"})
    with pytest.raises(Invalid, match=r"sample\.wait: is not a duration"):
        policy.evaluate({"term": "P1M", "wait": "P1M"})
    with pytest.raises(Invalid, match=f"wait is of type duration, .* years and months: {APART}"):
        compiled(terms(row("a", "wait: \"> duration('P1M')\""), inputs="{name: wait, type: duration}"))
    with pytest.raises(BadTime, match="days do not add up to months; use type duration"):
        months_of("P30D")
    with pytest.raises(BadTime, match="use days, or type months"):
        read_duration("P2M")


@pytest.mark.parametrize(
    ("formula", "kind", "came"),
    [
        ("start + term", "date", date(2026, 2, 28)),
        ("term + start", "date", date(2026, 2, 28)),
        ("start - duration('P1Y')", "date", date(2025, 1, 31)),
        ("at + term", "datetime", "2026-02-28T10:00:00.000000Z"),
        ("2 * term - duration('P1M')", "months", Months(1)),
        ("term * 1.9", "months", Months(1)),
        ("term * -1.9", "months", Months(-1)),
        ("term > duration('P2M') ? term : duration('P2M')", "months", Months(2)),
    ],
)
def test_months_are_added_multiplied_and_chosen(formula: str, kind: str, came: object) -> None:
    inputs = f"{TERM}, {{name: start, type: date}}, {{name: at, type: datetime}}"
    text = terms(row("a", "", f'"= {formula}"'), inputs=inputs, outputs=f"{{name: out, type: {kind}}}")
    found = compiled(text).evaluate({"term": "P1M", "start": "2026-01-31", "at": "2026-01-31T10:00:00Z"})
    assert came in (found.outputs["out"], found.as_json()["outputs"]["out"])


def test_a_formula_that_gives_days_for_months_is_refused() -> None:
    inputs = "{name: a, type: date}, {name: b, type: date}"
    text = terms(row("a", "", '"= b - a"'), inputs=inputs, outputs="{name: out, type: months}")
    with pytest.raises(Invalid, match="gives a duration, out is of type months"):
        compiled(text)


def test_months_beyond_what_can_be_written_are_refused_in_words() -> None:
    text = terms(row("a", "", '"= term * 1000000"'), outputs="{name: out, type: months}")
    with pytest.raises(Invalid, match="is beyond the range of dates"):
        compiled(text).evaluate({"term": "P999999999Y"})


def test_neighbouring_months_leave_no_gap_and_a_gap_is_told_with_the_cell_that_closes_it() -> None:
    closed = terms(row("a", "term: \"<= duration('P1Y')\""), row("b", "term: \">= duration('P13M')\""))
    assert messages(closed, "gaps") == []
    open_ = terms(row("a", "term: \"<= duration('P1Y')\""), row("b", "term: \">= duration('P2Y')\""))
    (gap,) = [i for i in lint(parse_policy(open_)) if i.rule == "gaps"]
    assert gap.message == "no row fits term 1 year 1 month"
    assert "(duration('P1Y')..duration('P2Y'))" in gap.fix


def test_an_overlap_of_months_is_told_with_a_length_that_hits_both() -> None:
    text = terms(
        row("a", "term: \"<= duration('P12M')\"", "x"), row("b", "term: \">= duration('P1Y')\"", "y"), hit="unique"
    )
    assert messages(text, "overlaps") == ["overlaps row a: both fit term 1 year"]


LENGTHS = [Months(n) for n in range(25)]
ENDS = st.sampled_from(LENGTHS)
CELLS = st.one_of(
    st.builds(lambda op, end: f"{op} {time_literal(end)}", st.sampled_from(["<", "<=", ">", ">=", "=="]), ENDS),
    st.builds(
        lambda one, two, opening, closing: (
            f"{opening}{time_literal(min(one, two))}..{time_literal(max(one, two))}{closing}"
        ),
        ENDS,
        ENDS,
        st.sampled_from("[("),
        st.sampled_from(")]"),
    ),
)


@given(st.lists(CELLS, min_size=1, max_size=4))
def test_gaps_and_overlaps_of_months_are_found_exactly(cells: list[str]) -> None:
    inputs = "{name: term, type: months, min: P0M, max: P2Y}"
    rows = [row(f"r{n}", f'term: "{cell}"', f"v{n}") for n, cell in enumerate(cells)]
    collected = compiled(terms(*rows, inputs=inputs, hit="rule_order"))
    fits = [len(collected.evaluate({"term": each}).rows) for each in LENGTHS]
    text = terms(*rows, inputs=inputs, hit="unique")
    assert bool(messages(text, "gaps")) == (0 in fits)
    assert bool(messages(text, "overlaps")) == (max(fits) > 1)


def test_a_literal_is_written_as_a_cell_reads_it() -> None:
    assert literal(Months(18)) == time_literal(Months(18)) == "duration('P1Y6M')"


def test_defaults_and_ends_of_a_column_hold() -> None:
    policy = compiled(terms(row("a", ""), inputs="{name: term, type: months, min: P1M, max: P5Y, default: P1Y}"))
    assert policy.evaluate({}).inputs == {"term": Months(12)}
    with pytest.raises(Invalid, match="is not between 1 month and 5 years"):
        policy.evaluate({"term": "P6Y"})


@pytest.mark.parametrize("bounds", ["", ", min: P1M, max: P30Y"])
def test_a_backtest_answers_recorded_months_as_the_policy_does(bounds: str) -> None:
    inputs = f"{{name: term, type: months, nullable: true{bounds}}}, {{name: wait, type: duration}}, {INSTANT}"
    text = terms(
        row("a", "term: \"< duration('P1Y')\", wait: \"> duration('P1D')\""),
        row("b", "term: \"null, > duration('P18M')\", at: \"< d('2026-03-01T00:00:00Z')\""),
        row("c", ""),
        inputs=inputs,
    )
    policy = compiled(text)
    names = ("term", "wait", "at")
    matcher = Matcher([policy], names)
    for term in (None, "P11M", "P12M", "P1Y7M", "P40Y", "P3D", 5):
        for wait in ("P1D", "PT25H", "P1M"):
            for at in ("2026-02-01T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z"):
                facts: dict[str, Any] = {"term": term, "wait": wait, "at": at}
                assert matcher.answers(list(facts.values())) == (ask(policy, facts),)
