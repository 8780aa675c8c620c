"""Every round through the stages waits somewhere: for a person, an event, a clock, another system or another case.

What a stage moves on to by itself (`go`) happens at once, and so does what its own steps set off by an event that they
emit and that it handles. A round of such moves would never let go of its case, whatever its conditions say today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from headgate.process.core.definition import Definition, Stage, Step, within
from headgate.process.core.rules.finding import Finding

_WAITS: Final = frozenset({"approve", "task", "timer", "command", "wait", "subcase"})


def check(definition: Definition) -> Iterator[Finding]:
    """Rounds of stages without a step that waits, each told once, at its first stage in the file."""
    told: set[frozenset[str]] = set()
    for name in definition.stages:
        round_ = _round(definition, name)
        if round_ and frozenset(round_) not in told:
            told.add(frozenset(round_))
            yield Finding(
                name,
                f"loops without waiting: {' → '.join([*round_, name])}",
                "Let a stage on the way wait: for an approval, a timer, an event under 'on', a result of a command.",
            )


def _round(definition: Definition, start: str) -> Sequence[str]:
    """The stages of a shortest round from `start` back to it, all moves at once; none when there is no such round."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        for to in _at_once(definition, definition.stages[here]):
            if to == start:
                return ways[here]
            if to in definition.stages and to not in ways:
                ways[to] = (*ways[here], to)
                waiting.append(to)
    return ()


def _at_once(definition: Definition, stage: Stage) -> Iterator[str]:
    if _waits([s for s in stage.enter if s.kind in ("parallel", "subcase")]):
        return  # moves on only when these have ended
    waits = _waits(stage.enter)
    for transition in stage.go:
        # What depends on an answer waits for it; what depends on nothing does not.
        if not (transition.when and (waits or _waits(transition.steps))):
            yield transition.to or stage.id
    emitted = {s.name for s in within(stage.enter) if s.kind == "emit"}
    for event in sorted(emitted & set(stage.on) & set(definition.events)):
        yield from (t.to for t in stage.on[event] if t.to is not None and not t.refuse and not _waits(t.steps))


def _waits(steps: Sequence[Step]) -> bool:
    return any(s.kind in _WAITS and s.args.get("detached") is not True for s in within(steps))
