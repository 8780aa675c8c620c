"""Branches are told apart, say what they need, and what follows when they come together or cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from headgate.process.core.definition import Definition, Stage, Step, within
from headgate.process.core.rules.finding import Finding, steps_of, transitions_of

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_ASKS: Final = ("each", "binds", "stake", "requested_by")
_ON_FAILURE: Final = ("hold", "fail")
# A person has to be able to read where a case stands.
DEEPEST: Final = 4


def check(definition: Definition) -> Iterator[Finding]:
    """Misplaced waits, names that are no names, steps of two branches with one id, results nobody looks at."""
    for stage in definition.stages.values():
        yield from _misplaced(stage)
        for step in stage.enter:
            if step.kind == "parallel":
                yield from _inside(stage, step, depth=1)
                yield from _twice(stage, step)
            if step.kind == "parallel" or (step.kind == "subcase" and step.args.get("detached") is not True):
                yield from _result(stage, step)
        for step in steps_of(stage):
            if step.args.get("on_failure", "hold") not in _ON_FAILURE:
                fix = f"Use one of {', '.join(_ON_FAILURE)}."
                yield Finding(stage.id, f"'on_failure' of step '{step.id}' is {step.args['on_failure']!r}", fix)


def _misplaced(stage: Stage) -> Iterator[Finding]:
    for step in stage.enter:
        if step.kind == "wait":
            fix = "Handle the event under 'on' of the stage, or put the step into a branch of a parallel step."
            yield Finding(stage.id, f"step '{step.id}' waits for '{step.name}' outside a branch", fix)
    for transition in transitions_of(stage):
        for step in transition.steps:
            if step.kind in ("wait", "parallel") or (step.kind == "subcase" and step.args.get("detached") is not True):
                fix = "Put it under 'enter' of the stage that waits for it."
                yield Finding(stage.id, f"step '{step.id}' waits, but stands under 'do'", fix)


def _inside(stage: Stage, step: Step, depth: int) -> Iterator[Finding]:
    if depth > DEEPEST:
        yield Finding(stage.id, f"'{step.id}' is nested deeper than {DEEPEST} levels", "Make it a process of its own.")
        return
    if not _NAME.fullmatch(step.id):
        yield Finding(stage.id, f"'{step.id}' is no name for a parallel step", "Use a to z, 0 to 9 and _.")
    for name, steps in step.branches.items():
        if not _NAME.fullmatch(name):
            yield Finding(stage.id, f"'{name}' is no name for a branch", "Use a to z, 0 to 9 and _.")
        for inner in steps:
            if inner.kind == "parallel":
                yield from _inside(stage, inner, depth + 1)
            if inner.kind == "approve":
                for missing in (a for a in _ASKS if a not in inner.args):
                    fix = "Point it at a value, for example $check.digest."
                    yield Finding(stage.id, f"approval step '{inner.id}' lacks '{missing}'", fix)


def _twice(stage: Stage, step: Step) -> Iterator[Finding]:
    """What two branches kept under one name would depend on which of them was faster."""
    seen: dict[str, str] = {}
    for name, steps in step.branches.items():
        for inner in within(steps):
            if inner.kind != "set" and seen.setdefault(inner.id, name) != name:
                where = f"branches '{seen[inner.id]}' and '{name}' of '{step.id}'"
                yield Finding(stage.id, f"{where} both have a step '{inner.id}'", "Give one of them another id.")
            if inner.kind == "set" and seen.setdefault("set", name) != name:
                where = f"branches '{seen['set']}' and '{name}' of '{step.id}'"
                yield Finding(stage.id, f"{where} both set fields of the case", "Set them when the branches joined.")


def _result(stage: Stage, step: Step) -> Iterator[Finding]:
    """A stage that waits for branches or other cases moves on by what came of them."""
    field = "outcome" if step.kind == "parallel" else "status"
    looked_at = {c.path for t in stage.go for c in t.when}
    if not any(not t.when for t in stage.go) and not any(path[0] == step.id for path in looked_at):
        fix = f"Add under go: - {{when: {{{step.id}.{field}: {'joined' if field == 'outcome' else 'ended'}}}, to: …}}"
        yield Finding(stage.id, f"does not say what follows when '{step.id}' has ended", fix)
