"""Process files held against what their actions take and give: every remark with its place and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from headgate.process.core.lint import Known, LintIssue, lint_process
from headgate.process.core.signature import (
    REQUEST,
    Signature,
    instant,
    listing,
    maybe,
    misfits,
    number,
    record,
    text,
    truth,
)
from headgate.wiring import known_actions

PACKS = Path(__file__).parents[3] / "packs"
ACTIONS = {
    "thing.look": Signature(
        "looks at it",
        takes={"closely": maybe(truth()), "with": text("", "eyes", "lens")},
        gives={
            "outcome": text("", "mend", "leave"),
            "broken": truth(),
            "cost": number(),
            "due": maybe(instant()),
            "parts": listing(),
            "found": record(name=text(), size=record()),
            "open": record(),
            **{name: maybe(slot) for name, slot in REQUEST.items()},
        },
    ),
    "thing.mend": Signature("mends it", takes={"cost": number()}),
    "thing.undo": Signature("undoes it", takes={"why": text()}),
}
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
      - {id: look, run: thing.look, with: eyes, closely: true}
      - set: {stake: $look.cost, exceptions: $look.parts}
      - {timer: late, at: $look.due}
    go:
      - {when: {look.outcome: mend, look.broken: true}, to: mending}
      - {to: left}
    on:
      timer.late: {to: left}
  - id: mending
    title: Mending
    enter:
      - {id: mend, run: thing.mend, cost: $look.cost, compensate: {run: thing.undo, why: $look.found.name}}
      - id: told
        command: erp
        type: mended
        payload: {what: $look.found.name, size: $look.found.size.cm, x: $look.open.y}
    go:
      - {to: left}
  - {id: left, title: Left, final: left}
"""


def remarks(old: str, new: str) -> list[LintIssue]:
    assert old in GOOD
    known = Known(frozenset(ACTIONS), signatures=ACTIONS)
    return lint_process(GOOD.replace(old, new, 1), "repair.yaml", known)


def test_a_file_that_keeps_to_what_its_actions_say_has_no_remark() -> None:
    assert remarks("Repair", "Repair") == []


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("with: eyes", "with: ears", "ears", "passes 'ears' as with to thing.look, which takes one of eyes, lens"),
        ("with: eyes, ", "", "thing.look", "runs 'thing.look' without with, which it needs"),
        (
            "closely: true",
            "closley: true",
            "closley",
            "which does not take it. Did you mean closely?",
        ),
        ("closely: true", "closely: very", "very", "which takes true or false"),
        ("closely: true", "closely: $look.cost", "$look.cost", "thing.look gives a number there"),
        (
            "cost: $look.cost, ",
            "cost: $look.costs, ",
            "$look.costs",
            "gives no costs. Did you mean cost?",
        ),
        ("stake: $look.cost", "stake: $look.parts", "$look.parts", "is a list, and stake of a set step is a number"),
        (
            "at: $look.due",
            "at: $look.broken",
            "$look.broken",
            "and at of a timer step is a point in time",
        ),
        (
            "look.outcome: mend",
            "look.outcom: mend",
            "look.outcom",
            "gives no outcom. Did you mean outcome?",
        ),
        ("look.outcome: mend", "look.outcome: mended", "look.outcome", "is mended, which thing.look never gives"),
        ("look.broken: true", "look.broken: yes please", "look.broken", "It gives true or false"),
        (
            "what: $look.found.name",
            "what: $look.found.nam",
            "$look.found.nam",
            "no found.nam. Did you mean name?",
        ),
        ("what: $look.found.name", "what: $look.cost.eur", "$look.cost.eur", "but cost of thing.look is a number"),
        ("why: $look.found.name", "why: $look.parts", "$look.parts", "passes '$look.parts' as why to thing.undo"),
        ("why: $look.found.name", "reason: x", "reason", "passes 'reason' to thing.undo, which does not take it"),
    ],
)
def test_what_does_not_fit_is_told_at_its_line_and_column(old: str, new: str, at: str, said: str) -> None:
    found = [i for i in remarks(old, new) if said in str(i)]
    assert len(found) == 1, [str(i) for i in remarks(old, new)]
    lines = GOOD.replace(old, new, 1).splitlines()
    assert found[0].code in ("action-inputs", "action-outputs")
    assert found[0].severity == "error"
    assert lines[found[0].line - 1][found[0].column - 1 :].startswith(at)
    assert new.split("}")[0].strip() in lines[found[0].line - 1] or not new


def test_of_steps_that_bear_one_id_one_must_give_what_is_read() -> None:
    both = GOOD.replace("id: mend, run: thing.mend, cost", "id: look, run: thing.mend, cost")
    known = Known(frozenset(ACTIONS), signatures=ACTIONS)
    assert lint_process(both, "repair.yaml", known) == []


def test_nothing_is_said_of_actions_that_declare_nothing() -> None:
    known = Known(frozenset(ACTIONS), signatures={n: s for n, s in ACTIONS.items() if n != "thing.look"})
    assert lint_process(GOOD.replace("$look.cost", "$look.anything"), "repair.yaml", known) == []


def test_what_a_person_skipped_may_be_asked_for() -> None:
    assert remarks("look.broken: true", "look.status: skipped") == []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": "x", "b": True, "c": Decimal(1), "d": datetime(2026, 1, 1, tzinfo=UTC), "e": [], "f": {"g": 1}}, []),
        ({"a": UUID(int=1), "b": False, "c": "1.50", "d": "2026-01-01T00:00:00Z", "e": ("x",), "f": {"g": 2}}, []),
        ({"a": "z", "b": 1, "c": "one", "d": "soon", "e": "x", "f": []}, ["a", "b", "c", "d", "e", "f"]),
        ({"a": "x", "b": True, "c": True, "d": None, "e": [], "f": {"g": 1, "h": 2}, "i": 1}, ["i", "c", "f.h"]),
        ({"b": True, "c": 1, "e": [], "f": {}}, ["a", "f.g"]),
    ],
)
def test_values_that_were_not_declared_are_named(value: dict[str, object], told: list[str]) -> None:
    slots = {
        "a": text("", "x", str(UUID(int=1))) if value.get("a") != UUID(int=1) else text(),
        "b": truth(),
        "c": number(),
        "d": maybe(instant()),
        "e": listing(),
        "f": record(g=number()),
    }
    assert [said.split()[0] for said in misfits(slots, value)] == told


def test_every_action_of_the_product_says_what_it_takes_and_gives_and_shipped_processes_keep_to_it() -> None:
    signatures = known_actions()
    known = Known(frozenset(signatures), signatures=signatures)
    files = sorted(PACKS.glob("*/processes/*.yaml"))
    assert len(files) >= 6
    for file in files:
        assert [str(i) for i in lint_process(file.read_text(encoding="utf-8"), file.name, known)] == []
