"""A stage that is not final has a way out, and one that is final has none."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition
from headgate.process.core.rules.finding import Finding, transitions_of


def check(definition: Definition) -> Iterator[Finding]:
    """Dead ends, and ends that move on."""
    for stage in definition.stages.values():
        ways = [t for t in transitions_of(stage) if (t.steps if t.to is None else t.to != stage.id)]
        if not stage.final and not ways:
            yield Finding(stage.id, "has no way out and is not final", "Add a transition, or say final: <outcome>.")
        if stage.final and stage.go:
            yield Finding(stage.id, "is final but moves on by itself", "Remove 'go' or 'final'.")
