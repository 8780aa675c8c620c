"""Facts are what their column says, or are refused with input, value and remedy; what is left out has its default."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import duration_text
from headgate.kernel.errors import Invalid
from headgate.kernel.money import Money
from headgate.policy import NoRowMatched, lint, parse_policy
from headgate.policy.core.times import BadTime, read_duration, time_literal
from tests.unit.policy.samples import compiled, row, table

INSTANT = "{name: at, type: datetime}"
DAYS = "{name: a, type: date}, {name: b, type: date}"
LENGTH = "{name: wait, type: duration}"


def test_an_instant_is_compared_as_one_whatever_its_zone() -> None:
    rows = row("before", "at: \"< d('2026-03-01T08:00:00Z')\"", "early") + row("then", "", "late")
    policy = compiled(table("first", INSTANT, rows))
    assert policy.evaluate({"at": "2026-03-01T09:59:59+02:00"}).rows == ("before",)
    assert policy.evaluate({"at": datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))}).rows == ("then",)
    found = policy.evaluate({"at": "2026-03-01T10:00+02:00"})
    assert found.as_json()["inputs"] == {"at": "2026-03-01T08:00:00.000000Z"}
    assert json.loads(found.as_text()) == found.as_json()


@pytest.mark.parametrize("value", ["2026-03-01T10:00:00", "2026-03-01", "soon", datetime(2026, 3, 1), 5, True])  # noqa: DTZ001 - it is what must be refused
def test_an_instant_without_its_zone_is_refused(value: object) -> None:
    policy = compiled(table("first", INSTANT, row("a", "")))
    with pytest.raises(Invalid, match=r"sample\.at: is not a date and time with its zone.*2026-01-31T10:00:00Z"):
        policy.evaluate({"at": value})


def test_an_instant_is_not_a_date() -> None:
    policy = compiled(table("first", "{name: on, type: date}", row("a", "")))
    with pytest.raises(Invalid, match=r"sample\.on: is not a date"):
        policy.evaluate({"on": datetime(2026, 3, 1, tzinfo=UTC)})


def test_durations_compare_by_length() -> None:
    rows = row("short", "wait: \"<= duration('PT48H')\"", "ok") + row("long", "", "late")
    policy = compiled(table("first", LENGTH, rows))
    assert policy.evaluate({"wait": "P2D"}).rows == ("short",)
    assert policy.evaluate({"wait": timedelta(days=2, microseconds=1)}).rows == ("long",)
    assert policy.evaluate({"wait": "P2DT0.5S"}).as_json()["inputs"] == {"wait": "P2DT0.5S"}


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P", "PT", "1D", "P1.5D", "PT1.0000001S", "P99999999D", "٣", ""])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="is not a duration"):
        read_duration(text)


def test_months_are_no_duration_and_the_message_says_why() -> None:
    with pytest.raises(BadTime, match="months and years have no fixed length; use days"):
        read_duration("P2M")


@given(st.timedeltas(min_value=timedelta(days=-9_999_999), max_value=timedelta(days=9_999_999)))
def test_a_duration_is_read_back_as_it_was_written(length: timedelta) -> None:
    assert read_duration(duration_text(length)) == length


def test_a_value_is_written_as_a_cell_reads_it() -> None:
    assert time_literal(date(2026, 1, 31)) == "d('2026-01-31')"
    assert time_literal(datetime(2026, 1, 31, 10, tzinfo=UTC)) == "d('2026-01-31T10:00:00Z')"
    assert time_literal(timedelta(hours=4)) == "duration('PT4H')"


@pytest.mark.parametrize(
    ("inputs", "formula", "kind", "facts", "came"),
    [
        ("{name: on, type: date}", "on + duration('P30D')", "date", {"on": "2026-01-31"}, date(2026, 3, 2)),
        (INSTANT, "at + duration('PT90M')", "datetime", {"at": "2026-01-31T23:00:00Z"}, "2026-02-01T00:30:00.000000Z"),
        (
            "{name: a, type: date}, {name: b, type: date}",
            "b - a",
            "duration",
            {"a": "2026-01-31", "b": "2026-02-02"},
            "P2D",
        ),
        (LENGTH, "2 * wait - duration('PT1H')", "duration", {"wait": "PT90M"}, "PT2H"),
    ],
)
def test_times_are_added_and_subtracted(
    inputs: str, formula: str, kind: str, facts: dict[str, object], came: object
) -> None:
    text = table("first", inputs, row("a", "", f'"= {formula}"'), outputs=f"{{name: out, type: {kind}}}")
    found = compiled(text).evaluate(facts)
    assert came in (found.outputs["out"], found.as_json()["outputs"]["out"])


def test_a_date_beyond_the_calendar_is_refused_in_words() -> None:
    text = table(
        "first",
        "{name: on, type: date}",
        row("a", "", "\"= on + duration('P9999999D')\""),
        outputs="{name: out, type: date}",
    )
    with pytest.raises(Invalid, match=r"row a, column out: .* is beyond the range of dates"):
        compiled(text).evaluate({"on": "2026-01-31"})


def test_money_knows_its_currency() -> None:
    policy = compiled(table("first", "{name: price, type: money, currency: EUR}", row("a", "")))
    assert policy.evaluate({"price": Money(Decimal("12.50"), "EUR")}).inputs == {"price": Decimal("12.5")}
    assert policy.evaluate({"price": "12.50"}).inputs == {"price": Decimal("12.5")}
    with pytest.raises(Invalid, match=r"sample\.price: is not an amount in EUR.*Convert it to EUR first"):
        policy.evaluate({"price": Money(Decimal(12), "USD")})


def test_money_is_no_percentage_and_no_bare_number() -> None:
    for kind in ("percent", "number", "integer"):
        policy = compiled(table("first", f"{{name: x, type: {kind}}}", row("a", "")))
        with pytest.raises(Invalid, match=rf"sample\.x: is not a plain {kind}"):
            policy.evaluate({"x": Money(Decimal(12), "EUR")})
    policy = compiled(table("first", "{name: x, type: money}", row("a", "")))
    with pytest.raises(Invalid, match="the policy declares no currency"):
        policy.evaluate({"x": Money(Decimal(12), "EUR")})


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("{name: x, type: money, currency: EURO}", "currency 'EURO' is not an ISO 4217 code"),
        ("{name: x, type: percent, currency: EUR}", "currency is for type money"),
        ("{name: x, type: number, values: [1, a]}", "values are not all numbers"),
        ("{name: x, type: bool, values: ['a']}", "values are for type enum"),
        ("{name: x, type: date, min: 31.01.2026}", "min: '31.01.2026' is not a date; write it 2026-01-31"),
        ("{name: x, type: duration, min: P2D, max: P1D}", "min is above max"),
        ("{name: x, type: string, from: risk}", "from 'risk' is not another policy's output"),
        ("{name: x, type: string, from: risk.level, default: a}", "x comes from another policy, so it has no default"),
    ],
)
def test_a_column_that_makes_no_sense_is_named(column: str, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_policy(table("first", column, row("a", "")))
    assert any(told in str(p) for p in caught.value.problems), caught.value.problems


def test_only_the_listed_numbers_are_taken_and_they_are_all_there_is() -> None:
    rows = row("a", 'x: "10"') + row("b", 'x: "20, 30"')
    text = table("unique", "{name: x, type: integer, values: [10, 20, 30]}", rows)
    assert not [i for i in lint(parse_policy(text)) if i.rule in ("gaps", "overlaps")]
    assert compiled(text).evaluate({"x": 30}).rows == ("b",)
    with pytest.raises(Invalid, match=r"sample\.x: is not one of 10, 20, 30"):
        compiled(text).evaluate({"x": 15})


def test_a_list_may_hold_what_is_listed() -> None:
    policy = compiled(table("first", "{name: x, type: list, values: [red, blue]}", row("a", "")))
    assert policy.evaluate({"x": ["red"]}).inputs == {"x": ("red",)}
    with pytest.raises(Invalid, match=r"sample\.x: is not one of red, blue.*Write it red"):
        policy.evaluate({"x": ["Red"]})


def test_dates_and_durations_have_ends() -> None:
    policy = compiled(table("first", "{name: x, type: date, min: 2026-01-01, max: 2026-12-31}", row("a", "")))
    assert policy.evaluate({"x": "2026-12-31"}).rows == ("a",)
    with pytest.raises(Invalid, match=r"sample\.x: is not between 2026-01-01 and 2026-12-31"):
        policy.evaluate({"x": "2027-01-01"})


def test_what_is_outside_an_enum_is_told_with_the_nearest_value() -> None:
    policy = compiled(table("first", "{name: t, type: enum, values: [gold, silver]}", row("a", "")))
    with pytest.raises(Invalid, match=r"sample\.t: is not one of gold, silver.*Write it gold"):
        policy.evaluate({"t": " Gold"})


def test_an_absent_fact_has_its_default() -> None:
    inputs = "{name: x, type: integer, default: 7}, {name: n, type: number, nullable: true, default: null}"
    policy = compiled(table("first", inputs, row("a", 'x: "7"') + row("b", "")))
    assert policy.evaluate({}).inputs == {"x": 7, "n": None}
    assert policy.evaluate({"x": None}).inputs == {"x": 7, "n": None}
    assert policy.evaluate({"x": 8, "n": 1}).rows == ("b",)


def test_a_default_does_not_hide_what_else_is_missing() -> None:
    policy = compiled(table("first", "{name: x, type: integer, default: 7}, {name: y, type: bool}", row("a", "")))
    with pytest.raises(Invalid, match="needs y"):
        policy.evaluate({})


def test_a_default_that_its_column_does_not_allow_is_an_issue() -> None:
    text = table("first", "{name: x, type: integer, max: 5, default: 7}", row("a", ""))
    (issue,) = [i for i in lint(parse_policy(text)) if i.rule == "types"]
    assert issue.message == "its default is not between -∞ and 5"
    assert (issue.column, issue.line) == ("x", 6)


def test_a_list_may_be_a_default() -> None:
    policy = compiled(table("first", "{name: x, type: list, default: [a]}", row("a", "")))
    assert policy.evaluate({}).inputs == {"x": ("a",)}


def test_an_output_left_out_has_its_default_and_so_has_a_table_nothing_fits() -> None:
    outputs = "{name: out, type: enum, values: [hold, pass], default: hold}, {name: fee, type: number, default: 0}"
    rows = '  - {id: a, when: {x: "> 5"}, then: {out: pass}}\n'
    policy = compiled(table("first", "{name: x, type: number}", rows, outputs=outputs))
    assert policy.evaluate({"x": 6}).outputs == {"out": "pass", "fee": Decimal(0)}
    found = policy.evaluate({"x": 1})
    assert (found.rows, found.outputs) == (("default",), {"out": "hold", "fee": Decimal(0)})


def test_defaults_of_some_outputs_close_no_gap() -> None:
    outputs = "{name: out, type: string}, {name: fee, type: number, default: 0}"
    rows = '  - {id: a, when: {x: "> 5"}, then: {out: pass}}\n'
    policy = compiled(table("first", "{name: x, type: number}", rows, outputs=outputs))
    with pytest.raises(NoRowMatched):
        policy.evaluate({"x": 1})


def test_instants_and_durations_have_gaps_like_numbers() -> None:
    rows = row("a", "wait: \"<= duration('P1D')\"") + row("b", "wait: \"> duration('PT25H')\"")
    (gap,) = [i for i in lint(parse_policy(table("first", LENGTH, rows))) if i.rule == "gaps"]
    assert gap.message == "no row fits wait P1DT1M"
    rows = row("a", "at: \"< d('2026-03-01T08:00:00Z')\"") + row("b", "at: \"> d('2026-03-01T08:00:00Z')\"")
    (gap,) = [i for i in lint(parse_policy(table("first", INSTANT, rows))) if i.rule == "gaps"]
    assert gap.message == "no row fits at 2026-03-01T08:00:00.000000Z"
