"""Clocks are set where they are waited for, and waited for where they are set."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition
from headgate.process.core.rules.finding import Finding, own_steps_of, steps_of

_OWN = ("sla.", "approval.", "command.")
_PREFIX = "timer."


def check(definition: Definition) -> Iterator[Finding]:
    """Timers nobody waits for, waits for timers nobody sets, and names that belong to the kernel."""
    # A branch waits for its own timers where they stand.
    set_at = {s.name: stage.id for stage in definition.stages.values() for s in own_steps_of(stage) if _is(s.kind)}
    waited = {
        event.removeprefix(_PREFIX): stage.id
        for stage in definition.stages.values()
        for event in stage.on
        if event.startswith(_PREFIX)
    }
    for stage in definition.stages.values():
        for step in steps_of(stage):
            if _is(step.kind) and not {"at", "hours"} & set(step.args):
                yield Finding(stage.id, f"timer '{step.name}' has no time", "Give 'at' or 'hours'.")
    for name, where in set_at.items():
        if name.startswith(_OWN):
            yield Finding(where, f"timer '{name}' has a meaning of its own", "Give the timer another name.")
        elif name not in waited:
            yield Finding(where, f"nothing waits for 'timer.{name}'", f"Handle 'timer.{name}' in a stage, or drop it.")
    for name, where in waited.items():
        if name not in set_at:
            yield Finding(where, f"waits for 'timer.{name}', which no step sets", f"Add a step 'timer: {name}'.")


def _is(kind: str) -> bool:
    return kind == "timer"
