"""Process files held against the policies they ask: what a decision does not give is not read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.policy import PolicyTable, parse_policy
from headgate.process.core.deciding import policy_signatures
from headgate.process.core.lint import Known, LintIssue, lint_process

PACKS = Path(__file__).parents[3] / "packs"
CARE = """\
policy: care
version: 1
title: What is to be done
owner: workshop
hit: {hit}
inputs:
  - {{name: cost, type: money, min: 0}}
  - {{name: colour, type: string, default: red}}
outputs:
  - {{name: outcome, type: enum, values: [mend, leave]}}
  - {{name: limit, type: money}}
  - {{name: day, type: date}}
  - {{name: until, type: datetime}}
  - {{name: swift, type: bool}}
  - {{name: parts, type: list}}
rows:
  - id: any
    when: {{cost: ">= 0"}}
    then: {{outcome: mend, limit: 1, day: "2026-01-01", until: "2026-01-01T00:00:00Z", swift: true, parts: [a]}}
"""
GOOD = """\
process: repair
version: 1
title: Repair
subject: thing
owner: workshop
events:
  thing.brought: {key: "thing:{thing}", subject: "{thing}", starts: true}
stages:
  - id: looking
    title: Looking
    enter:
      - {id: care, decide: care, with: {cost: 5, colour: blue, size: 2}}
      - set: {stake: $care.limit}
      - {timer: late, at: $care.until}
    go:
      - {when: {care.outcome: mend, care.swift: true}, to: mended}
      - {to: left}
    on:
      timer.late: {to: left}
  - {id: mended, title: Mended, final: mended}
  - {id: left, title: Left, final: left}
"""


def table(hit: str = "first") -> PolicyTable:
    return parse_policy(CARE.format(hit=hit), "care.yaml")


def remarks(old: str, new: str, hit: str = "first") -> list[LintIssue]:
    assert old in GOOD
    known = Known(decides=policy_signatures([table(hit)]))
    return lint_process(GOOD.replace(old, new, 1), "repair.yaml", known)


def test_a_file_that_reads_what_its_policy_gives_has_no_remark_and_may_tell_it_more_than_it_asks() -> None:
    assert remarks("Repair", "Repair") == []


@pytest.mark.parametrize(
    ("old", "new", "at", "code", "said"),
    [
        (
            "care.outcome: mend",
            "care.outcom: mend",
            "care.outcom",
            "policy-outputs",
            "reads 'care.outcom', but policy care gives no outcom. Did you mean outcome?",
        ),
        (
            "care.outcome: mend",
            "care.outcome: mended",
            "care.outcome",
            "policy-outputs",
            "is mended, which policy care never gives. It gives one of mend, leave",
        ),
        ("care.swift: true", "care.swift: soon", "care.swift", "policy-outputs", "It gives true or false"),
        (
            "stake: $care.limit",
            "stake: $care.limits",
            "$care.limits",
            "policy-outputs",
            "gives no limits. Did you mean limit?",
        ),
        (
            "stake: $care.limit",
            "stake: $care.parts",
            "$care.parts",
            "policy-outputs",
            "is a list, and stake of a set step is a number",
        ),
        (
            "at: $care.until",
            "at: $care.day",
            "$care.day",
            "policy-outputs",
            "is a text, and at of a timer step is a point in time",
        ),
        (
            "{cost: 5, ",
            "{costs: 5, ",
            "care",
            "policy-inputs",
            "asks 'care' without cost, which it needs. Did you mean",
        ),
        ("cost: 5, ", "", "care", "policy-inputs", "Add cost: … under 'with'"),
    ],
)
def test_what_does_not_fit_is_told_at_its_line_with_the_nearest_name(
    old: str, new: str, at: str, code: str, said: str
) -> None:
    (issue,) = remarks(old, new)
    lines = GOOD.replace(old, new, 1).splitlines()
    assert said in str(issue)
    assert (issue.code, issue.severity) == (code, "error")
    assert lines[issue.line - 1][issue.column - 1 :].startswith(at)


@pytest.mark.parametrize(
    ("hit", "given", "read"),
    [
        ("collect", {"list"}, "gives no outcome. It gives list"),
        ("collect\naggregate: sum", {"list", "limit"}, "It gives limit, list"),
        ("collect\naggregate: count", {"list", "count"}, "It gives count, list"),
    ],
)
def test_a_policy_that_collects_gives_a_list_and_what_it_adds_up(hit: str, given: set[str], read: str) -> None:
    assert set(policy_signatures([table(hit)])["care"].gives) == given
    assert any(read in str(issue) for issue in remarks("Repair", "Repair", hit))


def test_facts_that_are_passed_on_as_a_whole_are_not_counted() -> None:
    assert remarks("with: {cost: 5, colour: blue, size: 2}", "with: $event") == []


def test_a_chained_policy_needs_what_the_policies_before_it_need() -> None:
    after = CARE.replace("policy: care", "policy: after").format(hit="first")
    chained = after.replace("{name: cost, type: money, min: 0}", "{name: base, type: money, from: care.limit}")
    chained = chained.replace("when: {cost:", "when: {base:")
    both = policy_signatures([table(), parse_policy(chained, "after.yaml")])
    alone = policy_signatures([parse_policy(chained, "after.yaml")])
    assert set(both["after"].takes) == {"cost", "colour"}
    assert set(alone["after"].takes) == {"colour"}


def test_shipped_processes_read_what_the_policies_of_their_pack_give() -> None:
    asked = 0
    for folder in sorted(each.parent for each in PACKS.glob("*/policies")):
        tables = [parse_policy(f.read_text(encoding="utf-8"), f.name) for f in (folder / "policies").glob("*.yaml")]
        known = Known(decides=policy_signatures(tables))
        for file in sorted((folder / "processes").glob("*.yaml")):
            text = file.read_text(encoding="utf-8")
            asked += text.count("decide: ")
            assert [str(i) for i in lint_process(text, file.name, known)] == []
    assert asked > 0
