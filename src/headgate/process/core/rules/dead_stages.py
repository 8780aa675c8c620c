"""Every stage can be reached from the first one."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition
from headgate.process.core.rules.finding import Finding, transitions_of


def check(definition: Definition) -> Iterator[Finding]:
    """Stages nothing leads to."""
    reached, waiting = {definition.initial}, [definition.initial]
    while waiting:
        for transition in transitions_of(definition.stages[waiting.pop()]):
            if transition.to in definition.stages and transition.to not in reached:
                reached.add(transition.to)
                waiting.append(transition.to)
    for name in definition.stages:
        if name not in reached:
            yield Finding(name, "can never be reached", "Lead a transition to it or remove it.")
