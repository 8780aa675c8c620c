"""Names of steps do not hide what a case keeps of its own."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition
from headgate.process.core.rules.finding import Finding, steps_of

_RESERVED = ("approval", "approval_before", "case", "service_level", "command", "commands", "event", "new", "parallel")


def check(definition: Definition) -> Iterator[Finding]:
    """Steps that store their outputs under a name with a meaning of its own."""
    for stage in definition.stages.values():
        for step in steps_of(stage):
            if step.id in _RESERVED:
                yield Finding(stage.id, f"step id '{step.id}' has a meaning of its own", "Give the step another id.")
