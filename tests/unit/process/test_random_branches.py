"""Random definitions under random events: no branch is lost, a step joins once, and the same events lead to the same
case."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.kernel.canonical import canonical_text
from headgate.process.core.branches import live
from headgate.process.core.definition import Definition, Step, needed, within
from headgate.process.core.parse import parse_definition
from headgate.process.core.state import CaseCancelled, CaseStarted
from tests.unit.process.play import Play, outputs
from tests.unit.process.test_parallel import SCREENING

KINDS = ("task", "timer", "wait", "subcase", "run")
HEAD = """\
process: growing
version: 1
title: Growing
subject: thing
events:
  thing.asked: {key: "thing:{thing}", subject: "{thing}", starts: true}
  thing.signed: {key: "thing:{thing}", subject: "{thing}"}
stages:
  - id: gathering
    title: Gathering
    enter:
"""
TAIL = """\
    go:
      - {when: {checks.outcome: joined}, to: active}
      - {to: declined}
  - {id: active, title: Active, final: active}
  - {id: declined, title: Declined, final: declined}
"""


def leaf(kind: str, number: int) -> str:
    return {
        "task": f"{{id: s{number}, task: Do it, role: desk}}",
        "timer": f"{{id: s{number}, timer: t{number}, hours: 1}}",
        "wait": f"{{id: s{number}, wait: thing.signed}}",
        "subcase": f"{{id: s{number}, subcase: screening, data: {{screening: $new}}}}",
        "run": f"{{id: s{number}, run: nothing}}",
    }[kind]


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """A stage with one parallel step, some branches of which have parallel steps of their own."""
    numbers = iter(range(1, 1000))

    def group(name: str, depth: int) -> str:
        branches = []
        count = draw(st.integers(2, 3))
        for place in range(count):
            steps = []
            for _ in range(draw(st.integers(1, 3))):
                if depth < 1 and draw(st.integers(0, 5)) == 0:
                    steps.append(group(f"g{next(numbers)}", depth + 1))
                else:
                    steps.append(leaf(draw(st.sampled_from(KINDS)), next(numbers)))
            branches.append(f"b{place}: [{', '.join(steps)}]")
        join = draw(st.sampled_from(["all", "any", *map(str, range(1, count + 1))]))
        return f"{{parallel: {name}, join: {join}, branches: {{{', '.join(branches)}}}}}"

    return parse_definition(f"{HEAD}      - {group('checks', 0)}\n{TAIL}", "growing.yaml")


def begun(definition: Definition) -> Play:
    play = Play(definition, {"nothing": outputs()}, processes={"screening": SCREENING})
    play.send("thing.asked", thing="T-1")
    return play


def ways(play: Play) -> list[tuple[str, str]]:
    """What may come next, by what is open."""
    assert play.case
    found = []
    for place in live(play.definition, play.case):
        waits = place.branch["waits"]
        if waits["kind"] == "subcase":
            found += [("end", link) for link, c in sorted(waits["cases"].items()) if c["outcome"] is None]
            found += [("cancel", link) for link, c in sorted(waits["cases"].items()) if c["outcome"] is None]
        elif waits["kind"] != "parallel":
            found.append((waits["kind"], waits.get("ref") or waits.get("name") or ""))
    return found


def go(play: Play, way: tuple[str, str]) -> None:
    kind, ref = way
    if kind == "task":
        play.send("task.completed", task=ref)
    elif kind == "timer":
        play.fire(ref)
    elif kind == "event":
        play.send("thing.signed", thing="T-1")
    else:
        play.send("subcase.ended", link=ref, outcome="clean" if kind == "end" else "cancelled")


def check(play: Play) -> None:
    """Everything open belongs to a branch that waits for it, and every branch that waits has it open."""
    assert play.case
    places = list(live(play.definition, play.case))
    waits = [p.branch["waits"] for p in places]
    rows = play.gathered.tasks.values()
    assert sorted(str(r.task.task) for r in rows if r.status == "open") == sorted(
        w["ref"] for w in waits if w["kind"] == "task"
    )
    assert sorted(play.timers()) == sorted(w["name"] for w in waits if w["kind"] == "timer")
    started = {str(e.link) for e in play.gathered.subcases if isinstance(e, CaseStarted)}
    given_up = {str(e.link) for e in play.gathered.subcases if isinstance(e, CaseCancelled)}
    awaited = {link for w in waits if w["kind"] == "subcase" for link, c in w["cases"].items() if c["outcome"] is None}
    assert awaited <= started - given_up
    groups: Any = play.case.data["parallel"]
    for path, step in _groups(play.definition):
        state = groups.get(path)
        if state is None:
            continue
        done = [b["status"] for b in state["branches"].values()].count("done")
        assert (state["status"] == "joined") == (done >= needed(step))
        if state["status"] != "running":
            assert not {b["status"] for b in state["branches"].values()} & {"waiting", "stuck", "running", "ready"}
    if play.case.status == "closed":
        assert not places
        assert play.case.stage == ("active" if groups["checks"]["status"] == "joined" else "declined")
    else:
        assert places, "a case that waits for nothing is lost"


def _groups(definition: Definition) -> list[tuple[str, Step]]:
    found = []

    def walk(path: str, step: Step) -> None:
        found.append((path, step))
        for name, steps in step.branches.items():
            for inner in steps:
                if inner.kind == "parallel":
                    walk(f"{path}/{name}/{inner.id}", inner)

    (first,) = [s for s in definition.stages["gathering"].enter if s.kind == "parallel"]
    walk(first.id, first)
    return found


@settings(max_examples=60, deadline=None)
@given(definition=definitions(), choices=st.lists(st.integers(0, 50), max_size=40))
def test_whatever_comes_in_whatever_order_nothing_is_lost_and_nothing_happens_twice(
    definition: Definition, choices: list[int]
) -> None:
    assert any(s.kind == "parallel" for s in within(definition.stages["gathering"].enter))
    play, again = begun(definition), begun(definition)
    check(play)
    for choice in choices:
        assert play.case
        if play.case.status == "closed":
            break
        open_ = ways(play)
        way = open_[choice % len(open_)]
        go(play, way)
        go(again, way)
        check(play)
    assert play.case
    assert again.case
    assert canonical_text(dict(play.case.data)) == canonical_text(dict(again.case.data))
    assert play.case == again.case
    for _ in range(500):  # whatever is left ends when all of it comes
        if play.case.status == "closed":
            return
        go(play, ways(play)[0])
        check(play)
    raise AssertionError("the case never ends")
