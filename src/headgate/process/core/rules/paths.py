"""What a condition or an argument reads is something that a step of the process keeps, or that every case has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from headgate.process.core.definition import Definition, Stage, Step
from headgate.process.core.rules.finding import Finding, steps_of, transitions_of
from headgate.process.core.state import Case

# What the engine keeps in a case beside what its steps produce, and what only an event or an item of a list has.
_OWN: Final = frozenset({"approval", "approval_before", "case", "command", "event", "item", "new", "service_level"})
_OF_CASE: Final = frozenset(Case._fields)
# What is kept of steps that always keep the same. A step that is skipped by hand keeps the last three.
_SKIPPED: Final = frozenset({"status", "by", "reason"})
_KEPT: Final[Mapping[str, frozenset[str]]] = {
    "parallel": frozenset({"outcome", "done", "failed", "cancelled", "why"}) | _SKIPPED,
    "command": frozenset({"command", "step", "type", "target", "attempts", "reason", "status"}),
    "case": _OF_CASE,
}


def check(definition: Definition) -> Iterator[Finding]:
    """Paths that begin with a name nothing has, and fields that such a thing never has; each told once."""
    kinds: dict[str, str] = {"command": "command", "case": "case"}
    for stage in definition.stages.values():
        kinds |= {step.id: step.kind for step in steps_of(stage) if step.kind != "set"}
    told: set[str] = set()
    for stage in definition.stages.values():
        for written in _read(stage):
            if written in told:
                continue
            told.add(written)
            yield from _of(stage, written, kinds)


def _of(stage: Stage, written: str, kinds: Mapping[str, str]) -> Iterator[Finding]:
    head, *rest = written.removeprefix("$").split(".")
    if head not in kinds and head not in _OWN:
        near = _near(head, {*kinds, *_OWN})
        yield Finding(stage.id, f"reads '{written}', but no step keeps anything as {head}", near)
        return
    fields = _KEPT.get(kinds.get(head, ""))
    if fields is not None and rest and rest[0] not in fields:
        yield Finding(stage.id, f"reads '{written}', but {head} never has a field {rest[0]}", _near(rest[0], fields))


def _near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"Did you mean {found[0]}?" if found else f"There is {', '.join(sorted(known))}."


def _read(stage: Stage) -> Iterator[str]:
    """Every path a stage reads, as it is written."""
    for transition in transitions_of(stage):
        for condition in transition.when:
            yield ".".join(condition.path)
    for step in steps_of(stage):
        yield from _arguments(step)


def _arguments(step: Step) -> Iterator[str]:
    waiting: list[object] = list(step.args.values())
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Mapping):
            waiting[:0] = value.values()
        elif isinstance(value, str) and value.startswith("$"):
            yield value
