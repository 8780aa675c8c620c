"""What ends a case leaves nothing to do in it."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition, Step
from headgate.process.core.rules.finding import Finding, transitions_of

_WORK = ("task", "approve", "timer", "parallel", "subcase")
_FIX = "Open it in a stage before, or emit an event that starts a process of its own."


def check(definition: Definition) -> Iterator[Finding]:
    """Final stages with a clock, and work that is opened on entry or on the way to one."""
    for stage in definition.stages.values():
        if stage.final and stage.sla is not None:
            yield Finding(stage.id, "is final but has a clock", "Remove 'sla' or 'final'.")
        opened: list[Step] = list(stage.enter) if stage.final else []
        for transition in transitions_of(stage):
            target = definition.stages.get(transition.to or "")
            if target is not None and target.final:
                opened.extend(transition.steps)
        for step in opened:
            if step.kind in _WORK:
                yield Finding(stage.id, f"step '{step.id}' opens work in a case that has ended", _FIX)
