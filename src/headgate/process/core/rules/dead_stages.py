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
            to = transition.to
            if to is not None and to in definition.stages and to not in reached:
                reached.add(to)
                waiting.append(to)
    for name in definition.stages:
        if name not in reached:
            yield Finding(name, "can never be reached", "Lead a transition to it or remove it.")
