"""A stage that is not final has a way out, and stages do not chase each other without ever waiting."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition, Stage
from headgate.process.core.rules.finding import Finding, transitions_of


def check(definition: Definition) -> Iterator[Finding]:
    """Dead ends and loops made only of unconditional moves."""
    for stage in definition.stages.values():
        ways = [t for t in transitions_of(stage) if (t.steps if t.to is None else t.to != stage.id)]
        if not stage.final and not ways:
            yield Finding(stage.id, "has no way out and is not final", "Add a transition, or say final: <outcome>.")
        if stage.final and stage.go:
            yield Finding(stage.id, "is final but moves on by itself", "Remove 'go' or 'final'.")
        seen, here = [stage.id], stage
        while (following := _at_once(definition, here)) is not None:
            here = following
            if here.id in seen:
                yield Finding(
                    stage.id,
                    f"loops without waiting: {' → '.join([*seen, here.id])}",
                    "Add a condition or a stage that waits.",
                )
                break
            seen.append(here.id)


def _at_once(definition: Definition, stage: Stage) -> Stage | None:
    """The stage that this one always moves on to, None where it may wait."""
    first = stage.go[0] if stage.go else None
    return definition.stages.get(first.to or stage.id) if first is not None and not first.when else None
