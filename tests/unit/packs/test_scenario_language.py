"""The scenario language: what is read, what is refused with file and line, and how things are compared."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import pytest

from headgate.kernel.canonical import loads
from headgate.kernel.errors import Invalid
from headgate.packs.core.metrics import parse_metric
from headgate.packs.scenarios import observe
from headgate.packs.scenarios.core.match import match, match_rows
from headgate.packs.scenarios.core.parse import is_story, parse_story
from headgate.packs.scenarios.core.sections import ROWS
from headgate.packs.scenarios.core.times import day, instant, span
from headgate.policy.core.source import Node, read_yaml
from tests.unit.process.test_schema import plain

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(f for f in ROOT.glob("packs/*/scenarios/*.yaml") if is_story(f.read_text(), f.name))
BERLIN = ZoneInfo("Europe/Berlin")
GOOD = """\
scenarios:
  - name: one
    events:
      - {send: order.submitted, data: {order: O-1}}
      - {by: carl, approves: O-1, reason: fine}
      - {after: 3 business days}
    expected: {cases: [{subject: O-1}]}
"""


def node(text: str) -> Node:
    return read_yaml(text, "x.yaml")


def test_a_story_knows_its_lines() -> None:
    story = parse_story(GOOD, "s.yaml")
    (scenario,) = story.scenarios
    assert (scenario.name, scenario.line, scenario.at) == ("one", 2, "2026-03-02 10:00")
    assert [(a.kind, a.name, a.line) for a in scenario.acts] == [
        ("send", "order.submitted", 4),
        ("decide", "approve", 5),
        ("wait", "3 business days", 6),
    ]


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("reason: fine", "reasons: fine"), 5, "'reasons' is not a known key"),
        (("reason: fine", "reasons: fine"), 5, "Did you mean 'reason'?"),
        (("approves: O-1, ", ""), 5, "is nothing that can happen"),
        (("approves: O-1,", "approves: O-1, rejects: O-1,"), 5, "more than one outcome"),
        (("by: carl, ", ""), 5, "'by' is missing"),
        (("by: carl, approves: O-1, reason: fine", "asks: O-1"), 5, "'by' is missing"),
        (("approves: O-1, reason: fine", "asks: O-1, answered: O-1"), 5, "more than one thing"),
        (("by: carl, approves: O-1, reason: fine", "fails: O-1, kind: order.release"), 5, "'kind' is not a known key"),
        (("{cases:", "{case:"), 7, "'case' is not a known key"),
        (("    expected: {cases: [{subject: O-1}]}\n", ""), 2, "cannot fail"),
        (("name: one", "title: one"), 2, "'title' is not a known key"),
        (("data: {order: O-1}", "data: [1]"), 4, "should be a mapping"),
        (("{after: 3 business days}", "{after: true}"), 6, "'after' should be text"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(change: tuple[str, str], line: int, message: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_story(GOOD.replace(*change), "s.yaml")
    assert f"s.yaml:{line}" in error.value.message
    assert message in error.value.message


def test_two_of_one_name_and_none_at_all_are_refused() -> None:
    with pytest.raises(Invalid, match="stands twice"):
        parse_story(GOOD + GOOD.split("\n", 1)[1], "s.yaml")
    with pytest.raises(Invalid, match="missing or empty"):
        parse_story("scenarios: []", "s.yaml")


def test_other_samples_are_told_from_scenarios() -> None:
    assert is_story(GOOD, "s.yaml")
    assert not is_story("pairs: []", "s.yaml")


@pytest.mark.parametrize(
    ("expected", "actual", "fits"),
    [
        ("'40'", Decimal("40.00"), True),
        ("40", "40.000", True),
        ("40", 41, False),
        ("true", True, True),
        ("true", "true", False),
        ("~", None, True),
        ("''", None, True),
        ("[a, b]", ["a", "b"], True),
        ("[b, a]", ["a", "b"], False),
        ("{a: 1}", {"a": 1, "b": 2}, True),
        ("{a.b: 1}", {"a": {"b": 1}}, True),
        ("{a: {c: 1}}", {"a": {"b": 1}}, False),
        ("{$contains: Off}", "it is off", True),
        ("{$matches: '^O-[0-9]+$'}", "O-12", True),
        ("{$matches: '['}", "x", False),
        ("{$above: 5}", "5", False),
        ("{$at_least: 5}", "5.0", True),
        ("{$below: 5}", None, False),
        ("{$one_of: [a, b]}", "b", True),
        ("{$has: [b]}", ["a", "b"], True),
        ("{$has: [{x: 1}]}", [{"x": 1, "y": 2}], True),
        ("{$any: true}", [], False),
        ("{$none: true}", [], True),
        ("{$nonsense: 1}", 1, False),
    ],
)
def test_values_are_compared_by_what_they_say(expected: str, actual: object, fits: bool) -> None:
    assert (match(node(expected), actual, "x") == []) is fits


def rows(expected: str, *actual: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(m.where, m.expected, m.got) for m in match_rows(node(expected), actual, "tasks")]


def test_each_expected_row_stands_for_one_that_came() -> None:
    ana, ben = {"subject": "O-1", "role": "ana"}, {"subject": "O-1", "role": "ben"}
    assert rows("[{role: ben}]", ana, ben) == []
    assert rows("[{role: ana}, {role: ana}]", ana)[0][2] == "nothing"
    assert rows("[]", ana) == [("tasks", "none", "O-1 ana")]
    assert rows("{$exactly: [{role: ana}]}", ana, ben) == [("tasks", "no others", "O-1 ben")]
    assert rows("[{subject: O-1, role: cem}]", ana) == [("tasks[0].role", "cem", "ana")]


def test_spans_and_days() -> None:
    assert span("3 business days") == (Decimal(24), timedelta())
    assert span("90 minutes") == (None, timedelta(minutes=90))
    for wrong in ("3", "soon", "3 moons", "-1 days", "9999999 days"):
        with pytest.raises(Invalid):
            span(wrong)
    assert instant("2026-03-02 10:00", BERLIN) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert day("$today", now, BERLIN) == "2026-03-03"
    assert day("$today+30 days", now, BERLIN) == "2026-04-02"
    assert day("$todayish", now, BERLIN) is None


METRIC = (
    "metric: a_share\nversion: 1\ntitle: T\nowner: o\nunit: percent\nformula: 100 * a / b\nover: case\ngrain: week\n"
)


def test_a_metric_is_read_and_what_is_wrong_has_its_line() -> None:
    assert parse_metric(METRIC, "m.yaml").formula == "100 * a / b"
    for change, line in (
        (("version: 1", "version: 0"), 2),
        (("percent", "furlongs"), 5),
        (("100 * a / b", "__import__('os'); x"), 6),
        (("100 * a / b", "((a)"), 6),
        (("grain: week", "grain: week\ncolour: red"), 9),
    ):
        with pytest.raises(Invalid, match=f"m.yaml:{line}"):
            parse_metric(METRIC.replace(*change), "m.yaml")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("cases: [{subject: D-1, stge: draft}]", "'stge' is nothing that a row of 'cases' has"),
        ("tasks: {$exactly: [{rôle: desk}]}", "Did you mean 'role'"),
        ("emitted: [{subject: D-1, colour: {$none: true}}]", "Rows of emitted have data, subject, type."),
    ],
)
def test_a_key_that_no_row_has_is_refused_with_its_line(row: str, says: str) -> None:
    text = f"title: T\nscenarios:\n  - name: one\n    events: [{{send: a.b}}]\n    expected:\n      {row}\n"
    with pytest.raises(Invalid) as refused:
        parse_story(text, "s.yaml")
    assert "s.yaml:6" in str(refused.value)
    assert says.rstrip(".") in str(refused.value)


def test_the_schema_knows_the_same_keys_of_rows_as_the_parser() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "scenarios.schema.json").read_text()
    found = loads(text)["$defs"]
    for section, keys in ROWS.items():
        pattern = found[section]["oneOf"][0]["items"]["propertyNames"]["pattern"]
        assert set(pattern.removeprefix("^(").partition(")")[0].split("|")) == keys


def test_a_row_may_name_every_column_that_is_observed_and_no_other() -> None:
    for section, keys in ROWS.items():
        query = getattr(observe, section.upper())
        outer = re.sub(r"\((?:[^()]|\([^()]*\))*\)", "", re.sub(r"\((?:[^()]|\([^()]*\))*\)", "", query))
        columns = outer.partition("select")[2].partition("from")[0].split(",")
        assert {each.split()[-1].rpartition(".")[2] for each in columns} == keys


def test_the_schema_of_the_reference_names_what_the_parser_knows() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "scenarios.schema.json").read_text()
    for name in ("people", "agreements", "defaults", "approves", "refused", "explained", "quarantine", "emitted"):
        assert f'"{name}"' in text


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_story_fits_the_schema_that_editors_use(file: Path) -> None:
    text = (ROOT / "docs" / "reference" / "scenarios.schema.json").read_text()
    found = jsonschema_rs.validator_for(loads(text)).iter_errors(plain(read_yaml(file.read_text(), file.name).plain()))
    assert [f"{list(error.instance_path)}: {error.message}"[:300] for error in found] == []
