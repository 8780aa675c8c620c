"""Process files held against the policies that their actions ask: what an action tells and reads has to fit."""

from __future__ import annotations

import pytest

from headgate.policy import PolicyTable, parse_policy
from headgate.process.core.deciding import policy_signatures
from headgate.process.core.lint import Asked, Known, LintIssue, lint_decisions, lint_process
from headgate.process.core.parse import read_definition
from headgate.process.core.signature import Asking, Signature, listing, maybe, number, request, text, truth

CARE = """\
policy: care
version: 1
title: What is to be done
owner: workshop
hit: first
inputs:
  - {name: cost, type: money, min: 0}
  - {name: why, type: enum, values: [broken, worn]}
  - {name: colour, type: string, default: red}
outputs:
  - {name: outcome, type: enum, values: [mend, leave]}
  - {name: days, type: integer}
  - {name: note, type: string}
rows:
  - {id: any, when: {cost: ">= 0"}, then: {outcome: mend, days: 1, note: soon}}
"""
FAULTS = """\
policy: faults
version: 1
title: Faults
owner: workshop
hit: collect
inputs: [{name: cost, type: money, min: 0}]
outputs:
  - {name: level, type: integer}
  - {name: role, type: enum, values: [clerk]}
rows:
  - {id: any, when: {cost: ">= 0"}, then: {level: 1, role: clerk}}
"""
ACTIONS = {
    "thing.look": Signature(
        "looks at it",
        gives={"partner": text(), **request(cost=number())},
        asks={
            "care": Asking(
                tells={"cost": number(), "why": text("", "broken", "worn"), "size": number()},
                reads={"outcome": text("", "mend", "leave", "sell"), "days": number(), "note": maybe(text())},
            ),
            "faults": Asking(
                tells={"cost": number(), "swift": truth()},
                reads={"list": listing(level=number(), role=maybe(text("", "clerk", "boss")))},
                optional=True,
            ),
        },
    ),
    "thing.undo": Signature("undoes it", asks={"care": Asking({"cost": number(), "why": text()}, {"days": number()})}),
}
PROCESS = """\
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
      - {id: look, run: thing.look}
      - approve: faults
        each: $look.asks
        binds: $look.digest
        stake: 5
        requested_by: $look.requested_by
    on:
      approval.approved: {to: mended}
      approval.rejected: {to: mended}
      approval.returned: {to: mended}
      approval.expired: {to: mended}
      approval.edited: {to: mended}
  - {id: mended, title: Mended, final: mended}
"""


def tables(*changes: tuple[str, str]) -> list[PolicyTable]:
    """Both policies, with other words in them."""
    texts = [CARE, FAULTS]
    for old, new in changes:
        assert any(old in each for each in texts)
        texts = [each.replace(old, new) for each in texts]
    return [parse_policy(each, "policy.yaml") for each in texts]


def remarks(*changes: tuple[str, str], process: str = PROCESS) -> list[LintIssue]:
    known = Known(frozenset(ACTIONS), signatures=ACTIONS, decides=policy_signatures(tables(*changes)))
    return lint_process(process, "repair.yaml", known)


def test_policies_that_need_less_and_answer_more_than_an_action_knows_have_no_remark() -> None:
    assert remarks() == []


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (
            ("{name: colour, type: string, default: red}", "{name: colour, type: string}"),
            "policy-inputs",
            "runs 'thing.look', which asks policy care without colour, which it needs. Give colour a default",
        ),
        (
            ("{name: cost, type: money, min: 0}\n", "{name: cost, type: string}\n"),
            "policy-inputs",
            "tells policy care cost as a number, and it takes a text. Declare cost as a number",
        ),
        (
            ("values: [broken, worn]", "values: [broken]"),
            "policy-inputs",
            "may tell policy care that why is worn, which it does not allow. Add it to the values of why",
        ),
        (
            ("days", "weeks"),
            "policy-outputs",
            "reads days of policy care, which gives no days. Give it the output days, a number",
        ),
        (
            ("{name: days, type: integer}", "{name: days, type: string}"),
            "policy-outputs",
            "reads days of policy care as a number, and it gives a text",
        ),
        (
            ("{name: days, type: integer}", "{name: days, type: integer, nullable: true}"),
            "policy-outputs",
            "needs days of policy care, which may be null",
        ),
        (
            ("values: [mend, leave]", "values: [mend, leave, burn]"),
            "policy-outputs",
            "does not understand outcome burn of policy care. It understands mend, leave, sell",
        ),
        (
            ("hit: collect", "hit: first"),
            "policy-outputs",
            "reads list of policy faults, which gives no list. Let it answer with every row that fits",
        ),
        (
            ("values: [clerk]", "values: [clerk, cook]"),
            "policy-outputs",
            "does not understand list.role cook of policy faults",
        ),
    ],
    ids=["fact", "kind of a fact", "value", "output", "kind", "null", "unknown value", "one row", "value of a row"],
)
def test_what_does_not_fit_is_told_at_the_step_that_runs_the_action(
    change: tuple[str, str], code: str, said: str
) -> None:
    found = [issue for issue in remarks(change) if said in str(issue)]
    assert [(issue.code, issue.severity) for issue in found] == [(code, "error")]
    line = PROCESS.splitlines()[found[0].line - 1]
    assert line[found[0].column - 1 :].startswith("thing.look")


def test_an_output_that_an_action_can_do_without_may_be_missing() -> None:
    assert remarks(("  - {name: note, type: string}\n", ""), (", note: soon", "")) == []


def test_an_action_that_takes_a_step_back_is_looked_at_too() -> None:
    back = PROCESS.replace("run: thing.look}", "run: thing.look, compensate: thing.undo}")
    found = remarks(("{name: colour, type: string, default: red}", "{name: colour, type: string}"), process=back)
    assert any("runs 'thing.undo', which asks policy care without colour" in issue.message for issue in found)


def test_the_questions_of_an_approval_tell_what_its_policy_needs() -> None:
    found = remarks(("inputs: [", "inputs: [{name: risk, type: string}, "))
    told = [i for i in found if i.message.startswith("asks 'faults' without risk")]
    assert [(i.code, PROCESS.splitlines()[i.line - 1].strip()) for i in told] == [
        ("policy-inputs", "- approve: faults")
    ]
    assert told[0].fix == "Give risk a default: thing.look tells exception, stake, cost."


def test_a_policy_that_no_pack_brings_is_told_where_an_action_needs_it() -> None:
    known = Known(frozenset(ACTIONS), policies=frozenset({"faults"}), signatures=ACTIONS)
    (found,) = lint_process(PROCESS, "repair.yaml", known)
    assert (found.code, found.severity) == ("unknown-policy", "warning")
    assert found.message == "runs 'thing.look', which asks policy care, which is no policy of the pack"


def test_a_policy_that_is_gone_is_told_where_it_is_asked_and_needed() -> None:
    known = Known(signatures=ACTIONS, asks=Asked(gone=frozenset({"care", "faults"})))
    found = lint_decisions(read_definition(PROCESS, "repair.yaml"), PROCESS, "repair.yaml", known)
    assert [(i.code, i.message) for i in found] == [
        ("unknown-policy", "runs 'thing.look', which asks policy care, and no version of it would be in force"),
        ("unknown-policy", "asks 'faults', and no version of it would be in force"),
    ]
