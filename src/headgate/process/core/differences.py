"""What two versions of a process have different, in words that a reader of its file knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headgate.process.core.definition import Definition, Stage, Step, Transition, within


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: `where` is the stage or event, `kind` added, removed or changed."""

    where: str
    kind: str
    what: str


def differences(old: Definition, new: Definition) -> list[Difference]:
    """Events, then stages in the order of the new version; those removed stand last."""
    found = list(_events(old, new))
    for name, stage in new.stages.items():
        before = old.stages.get(name)
        if before is None:
            found.append(Difference(name, "added", f"stage '{stage.title}'"))
        else:
            found.extend(_stage(before, stage))
    found.extend(Difference(n, "removed", f"stage '{s.title}'") for n, s in old.stages.items() if n not in new.stages)
    return found


def _events(old: Definition, new: Definition) -> Iterator[Difference]:
    for name in dict.fromkeys((*new.events, *old.events)):
        yield from _one(name, f"event {name}", old.events.get(name), new.events.get(name))


def _stage(old: Stage, new: Stage) -> Iterator[Difference]:
    for word in ("title", "owner", "sla", "exception", "final"):
        before, after = getattr(old, word), getattr(new, word)
        if before != after:
            yield Difference(new.id, "changed", f"{word}: {_shown(before)} → {_shown(after)}")
    steps = _by_id(old), _by_id(new)
    for name in dict.fromkeys((*steps[1], *steps[0])):
        yield from _one(new.id, f"step {name}", steps[0].get(name), steps[1].get(name))
    if [s.id for s in old.enter] != [s.id for s in new.enter] and set(_by_id(old)) == set(_by_id(new)):
        yield Difference(new.id, "changed", f"order of steps: {', '.join(s.id for s in new.enter)}")
    if old.go != new.go:
        yield Difference(new.id, "changed", f"moves on by itself: {_ways(old.go)} → {_ways(new.go)}")
    for event in dict.fromkeys((*new.on, *old.on)):
        yield from _one(new.id, f"what follows {event}", old.on.get(event), new.on.get(event))


def _one(where: str, what: str, old: object, new: object) -> Iterator[Difference]:
    if old is None and new is not None:
        yield Difference(where, "added", what)
    elif new is None and old is not None:
        yield Difference(where, "removed", what)
    elif old != new:
        yield Difference(where, "changed", what)


def _by_id(stage: Stage) -> Mapping[str, Step]:
    return {f"{s.id}": s for s in within(stage.enter) if s.kind != "set"} | {
        f"set {n}": s for n, s in enumerate(s for s in stage.enter if s.kind == "set")
    }


def _ways(transitions: tuple[Transition, ...]) -> str:
    return ", ".join(t.to or "stays" for t in transitions) or "waits"


def _shown(value: object) -> str:
    return str(value) if value not in ("", None) else "none"
