"""Process files: what is read, and that every complaint names the file and the line."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from headgate.kernel.errors import Invalid
from headgate.process.core.definition import Condition, EventRule, Transition, needed
from headgate.process.core.parse import parse_definition, read_definition
from headgate.process.core.rules import RULES

PACKS = Path(__file__).parents[3] / "packs"

GOOD = """\
process: repair
version: 3
title: Repair of a thing
subject: thing
owner: workshop
events:
  thing.broken: {key: "thing:{thing}", subject: "{thing}", starts: true}
  thing.scrapped: {key: "thing:{thing}", subject: "{thing}"}
anywhere:
  thing.scrapped: {to: gone}
stages:
  - id: looking
    title: Looking at it
    enter:
      - {id: look, run: thing.look, closely: true}
    go:
      - {when: {look.broken: [yes, partly], look.parts: 2}, to: mending}
      - {to: gone}
  - id: mending
    title: Mending
    exception: true
    owner: foreman
    sla: {hours: 8.5, warn: 0.5}
    enter:
      - {task: "Mend {subject}", role: mechanic}
    on:
      thing.broken: {refuse: "{thing} is being mended"}
      thing.scrapped: [{when: {look.broken: partly}, refuse: "it can be mended"}]
  - {id: gone, title: Gone, final: scrapped}
"""


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def problems(text: str) -> list[tuple[int, str]]:
    """Line and message of everything that is wrong."""
    with pytest.raises(Invalid) as caught:
        parse_definition(text, "repair.yaml")
    found = []
    for problem in caught.value.problems:
        place = re.fullmatch(r"repair\.yaml:(\d+)", problem.field)
        assert place, problem.field
        found.append((int(place[1]), problem.message))
    return found


def line_of(part: str, text: str = GOOD) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_definition_is_read() -> None:
    found = parse_definition(GOOD, "repair.yaml")
    assert (found.process, found.version, found.subject, found.owner) == ("repair", 3, "thing", "workshop")
    assert found.initial == "looking"
    assert found.events["thing.broken"] == EventRule("thing:{thing}", "{thing}", starts=True)
    (look,) = found.stages["looking"].enter
    assert (look.id, look.kind, look.name, look.args) == ("look", "run", "thing.look", {"closely": True})
    first = found.stages["looking"].go[0]
    assert first.when == (Condition(("look", "broken"), ("yes", "partly")), Condition(("look", "parts"), (2,)))
    mending = found.stages["mending"]
    assert mending.sla is not None
    assert (mending.sla.hours, mending.sla.warn) == (Decimal("8.5"), Decimal("0.5"))
    assert (mending.owner, mending.exception, found.stages["gone"].final) == ("foreman", True, "scrapped")


def test_what_a_stage_says_comes_before_what_holds_anywhere() -> None:
    found = parse_definition(GOOD, "repair.yaml")
    own, anywhere = found.stages["mending"].on["thing.scrapped"]
    assert own.refuse == "it can be mended"
    assert anywhere == Transition("gone")
    assert found.stages["gone"].on["thing.scrapped"] == (Transition("gone"),)


def test_a_step_without_an_id_is_named_after_what_it_does() -> None:
    text = changed("{id: look, run: thing.look, closely: true}", "{run: thing.look}")
    assert parse_definition(text, "repair.yaml").stages["looking"].enter[0].id == "look"


def test_the_digest_follows_the_text() -> None:
    assert parse_definition(GOOD, "a").digest == parse_definition(GOOD, "b").digest
    assert parse_definition(GOOD + "# why\n", "a").digest != parse_definition(GOOD, "a").digest


@pytest.mark.parametrize("file", sorted(PACKS.glob("*/processes/*.yaml")), ids=lambda file: file.stem)
def test_what_is_shipped_can_be_installed(file: Path) -> None:
    found = parse_definition(file.read_text(encoding="utf-8"), file.name)
    assert found.process == file.stem
    assert all(stage.title for stage in found.stages.values())


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("version: 3", "version: 0", "version", "whole number from 1"),
        ("version: 3", "version: true", "version", "whole number from 1"),
        ("title: Repair of a thing", "title: ''", "title", "'title' should be text"),
        ("subject: thing\n", "", "process", "'subject' is missing"),
        ("owner: workshop", "colour: blue", "colour", "'colour' is not a known key"),
        ("    go:\n", "    goto:\n", "goto", "'goto' is not a known key"),
        ("starts: true", "starts: often", "often", "'starts' should be true or false"),
        ("exception: true", "exception: 1", "exception", "'exception' should be true or false"),
        ("hours: 8.5", "hours: 0", "hours", "'hours' should be a positive number"),
        ("{hours: 8.5, warn: 0.5}", "{warn: 0.5}", "warn", "'hours' is missing"),
        ("warn: 0.5", "warn: 2", "warn", "is a share of the hours"),
        ("{task: ", "{tusk: ", "tusk", "exactly one kind of step"),
        ("{to: gone}\n  - id", "{when: {a: 1}}\n  - id", "when: {a", "neither where to go nor what to do"),
        ("look.parts: 2", "look.parts: {a: 1}", "parts", "compares with plain values"),
        ("id: mending", "id: looking", "Mending", "stage 'looking' stands twice"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(old: str, new: str, line: str, message: str) -> None:
    text = changed(old, new)
    ((at, said),) = problems(text)
    assert message in said
    assert abs(at - line_of(line, text)) <= 1


@pytest.mark.parametrize("text", ["", "[]", "just text", "a: [", "process: x\nversion: 1\ntitle: X\nsubject: x\n"])
def test_a_file_that_is_no_definition_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"repair\.yaml"):
        parse_definition(text, "repair.yaml")


TWO = "{{parallel: two, branches: {{a: [{{{}}}], b: [{{{}}}]}}}}"
MENDING = """\
      - {task: "Mend {subject}", role: mechanic}
    on:
      thing.broken: {refuse: "{thing} is being mended"}
"""

# One faulty text per rule: what is changed, the rule that has to find it, at which line, with which words.
FAULTS = [
    ("keys", '{key: "thing:{thing}", subject: "{thing}", starts: true}',
     '{key: "thing", subject: "{thing}", starts: true}', "thing.broken: {key", "names no field"),
    ("keys", '{key: "thing:{thing}", subject: "{thing}", starts: true}',
     '{key: "thing:{Thing}", subject: "{thing}", starts: true}', "thing.broken: {key", "names no field"),
    ("targets", "{to: gone}\n  - id", "{to: heaven}\n  - id", "id: looking", "leads to 'heaven'"),
    ("targets", "thing.broken: {refuse", "thing.stolen: {refuse", "id: mending", "waits for 'thing.stolen'"),
    ("targets", ", starts: true", "", "id: looking", "no event starts this process"),
    ("dead_stages", "to: mending", "to: gone", "id: mending", "can never be reached"),
    ("no_exit", ", final: scrapped", "", "id: gone", "has no way out"),
    ("no_exit", "{id: gone, title: Gone, final: scrapped}",
     "{id: gone, title: Gone, final: scrapped, go: [{to: looking}]}", "id: gone", "is final but moves on"),
    ("endless", "{id: gone, title: Gone, final: scrapped}",
     "{id: gone, title: Gone, go: [{when: {look.on: true}, to: gone}]}", "id: gone",
     "loops without waiting: gone → gone"),
    ("endless", "{to: gone}\n  - id", "{to: looking}\n  - id", "id: looking",
     "loops without waiting: looking → looking"),
    ("endless", MENDING,
     "      - {emit: thing.broken}\n    on:\n      thing.broken: {to: looking}\n", "id: looking",
     "loops without waiting: looking → mending → looking"),
    ("own_events", "  thing.scrapped: {key",
     "  task.completed: {key: 'a:{thing}', subject: '{thing}'}\n  thing.scrapped: {key",
     "task.completed: {key", "'task.completed' has a meaning of its own"),
    ("paths", "look.broken: [yes", "lok.broken: [yes", "id: looking", "no step keeps anything as lok"),
    ("paths", "closely: true", "closely: $case.partnr", "id: looking", "case never has a field partnr"),
    ("branches", '{task: "Mend {subject}", role: mechanic}', "{wait: thing.scrapped}", "id: mending",
     "waits for 'thing.scrapped' outside a branch"),
    ("branches", "{to: gone}\n  - id", "{do: [{subcase: wash}], to: mending}\n  - id", "id: looking",
     "'wash' waits, but stands under 'do'"),
    ("branches", '{task: "Mend {subject}", role: mechanic}',
     TWO.format("run: x.y", "run: z.y"), "id: mending",
     "branches 'a' and 'b' of 'two' both have a step 'y'"),
    ("branches", '{task: "Mend {subject}", role: mechanic}',
     TWO.format("run: x", "run: z").replace("b:", "B:"), "id: mending",
     "'B' is no name for a branch"),
    ("branches", '{task: "Mend {subject}", role: mechanic}',
     TWO.format("approve: x", "run: z"), "id: mending",
     "'x' lacks 'binds'"),
    ("branches", '{task: "Mend {subject}", role: mechanic}', "{subcase: wash, on_failure: cry}", "id: mending",
     "'on_failure' of step 'wash'"),
    ("branches", '{task: "Mend {subject}", role: mechanic}', "{subcase: wash}", "id: mending",
     "does not say what follows when 'wash' has ended"),
    ("final_stages", "{id: gone, title: Gone, final: scrapped}",
     "{id: gone, title: Gone, final: scrapped, sla: {hours: 1}}", "id: gone", "is final but has a clock"),
    ("final_stages", "{id: gone, title: Gone, final: scrapped}",
     "{id: gone, title: Gone, final: scrapped, enter: [{id: mourn, task: Mourn}]}", "id: gone", "'mourn' opens work"),
    ("final_stages", "{to: gone}\n  - id", "{do: [{id: mourn, task: Mourn}], to: gone}\n  - id", "id: looking",
     "'mourn' opens work"),
    ("names", "{id: look, run", "{id: approval, run", "id: looking", "'approval' has a meaning of its own"),
    ("settable", '{task: "Mend {subject}", role: mechanic}', "{set: {stage: gone}}", "id: mending", "sets 'stage'"),
    ("approvals", '{task: "Mend {subject}", role: mechanic}',
     "{id: ask, approve: matrix, each: $look.asks, stake: $look.stake, requested_by: $look.by}", "id: mending",
     "lacks 'binds'"),
    ("approvals", "{to: gone}\n  - id",
     "{do: [{id: ask, approve: matrix}], to: mending}\n  - id", "id: looking", "'ask' stands under 'do'"),
    ("timers", '{task: "Mend {subject}", role: mechanic}', "{timer: nap, hours: 4}", "id: mending",
     "nothing waits for 'timer.nap'"),
    ("timers", '{task: "Mend {subject}", role: mechanic}', "{timer: nap}", "id: mending", "'nap' has no time"),
    ("timers", '{task: "Mend {subject}", role: mechanic}', "{timer: sla.warn, hours: 4}", "id: mending",
     "'sla.warn' has a meaning of its own"),
    ("timers", "      thing.broken: {refuse", "      timer.nap: {to: gone}\n      thing.broken: {refuse", "id: mending",
     "which no step sets"),
    ("service_levels", "sla: {hours: 8.5, warn: 0.5}",
     "sla: {hours: 8.5, pause: [{because: rest, on: thing.lost, until: thing.broken}]}", "id: mending",
     "its clock listens to 'thing.lost'"),
    ("compensations", '{task: "Mend {subject}", role: mechanic}', "{roll_back: ordered}", "id: mending",
     "takes back 'ordered'"),
    ("compensations", '{task: "Mend {subject}", role: mechanic}',
     "{id: ordered, command: shop, compensate: {payload: {a: 1}}}", "id: mending", "names no type of command"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new", "line", "words"), FAULTS)
def test_every_rule_finds_its_fault_and_says_where(rule: str, old: str, new: str, line: str, words: str) -> None:
    text = changed(old, new)
    found = [(at, said) for at, said in problems(text) if words in said]
    assert found
    assert {at for at, _ in found} == {line_of(line, text)}
    check = next(r for r in RULES if r.__module__.rsplit(".", 1)[-1] == rule)
    assert any(words in f.message for f in check(read_definition(text, "repair.yaml")))


def test_every_rule_has_a_fault_to_find() -> None:
    assert {r.__module__.rsplit(".", 1)[-1] for r in RULES} == {fault[0] for fault in FAULTS}


def test_a_sound_definition_passes_every_rule() -> None:
    definition = parse_definition(GOOD, "repair.yaml")
    assert [finding for rule in RULES for finding in rule(definition)] == []


def test_an_approval_says_what_follows_from_every_answer() -> None:
    ask = (
        "{id: ask, approve: matrix, each: $look.asks, binds: $look.digest, stake: $look.stake, requested_by: $look.by}"
    )
    found = problems(changed('{task: "Mend {subject}", role: mechanic}', ask))
    answers = ("approved", "edited", "expired", "rejected", "returned")
    assert sorted(said for _, said in found) == [
        f"asks for approval but does not say what follows 'approval.{answer}'" for answer in answers
    ]


def test_what_was_installed_is_read_even_if_a_rule_came_later() -> None:
    text = changed(", final: scrapped", "")
    with pytest.raises(Invalid):
        parse_definition(text, "repair.yaml")
    assert read_definition(text, "repair.yaml").process == "repair"


PARALLEL = changed(
    '      - {task: "Mend {subject}", role: mechanic}\n',
    """\
      - parallel: works
        join: 2
        branches:
          body: [{task: "Beat {subject}", role: mechanic, id: beat}]
          paint:
            - {wait: thing.broken, where: {colour: red}}
            - parallel: coats
              join: any
              branches: {first: [{timer: dry, hours: 2}], second: [{run: paint.look, id: again}]}
          papers: [{subcase: inspection, each: $look.parts, take: {grade: grade.value}}]
    go:
      - {when: {works.outcome: [joined, failed]}, to: gone}
""",
)


def test_a_parallel_step_is_read_with_its_branches() -> None:
    definition = parse_definition(PARALLEL, "repair.yaml")
    (works,) = definition.stages["mending"].enter
    assert (works.kind, works.id, needed(works)) == ("parallel", "works", 2)
    assert {name: [s.kind for s in steps] for name, steps in works.branches.items()} == {
        "body": ["task"],
        "paint": ["wait", "parallel"],
        "papers": ["subcase"],
    }
    coats = works.branches["paint"][1]
    assert needed(coats) == 1
    assert definition.children == {"inspection"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("join: 2", "join: 4", "'join' is no way"),
        ("join: 2", "join: most", "'join' is no way"),
        ("join: 2", "join: true", "'join' is no way"),
        ("join: 2", "hurry: 2", "'hurry' is not a known key"),
        ("{first: [{timer: dry, hours: 2}], second: [{run: paint.look, id: again}]}", "{first: [{run: a}]}",
         "fewer than two branches"),
        ('[{task: "Beat {subject}", role: mechanic, id: beat}]', "[]", "branch 'body' has no steps"),
    ],
)  # fmt: skip
def test_a_parallel_step_that_makes_no_sense_is_refused_at_its_line(old: str, new: str, words: str) -> None:
    ((line, said),) = problems(changed(old, new, PARALLEL))
    assert words in said
    assert line > 20


def test_an_argument_that_later_became_a_kind_of_step_stays_an_argument() -> None:
    definition = parse_definition(changed("closely: true", "wait: 3, subcase: no", GOOD), "repair.yaml")
    (look,) = definition.stages["looking"].enter
    assert (look.kind, look.args) == ("run", {"wait": 3, "subcase": "no"})
