"""Transitions lead to stages that exist, and events that stages wait for are declared."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import BUILT_IN_EVENTS, Definition
from headgate.process.core.rules.finding import Finding, transitions_of


def check(definition: Definition) -> Iterator[Finding]:
    """Unknown target stages and undeclared events."""
    for stage in definition.stages.values():
        for transition in transitions_of(stage):
            if transition.to is not None and transition.to not in definition.stages:
                yield Finding(
                    stage.id, f"leads to '{transition.to}', which is not a stage", "Name a stage of this process."
                )
        for event in stage.on:
            known = event in definition.events or event in BUILT_IN_EVENTS or event.startswith("timer.")
            if not known:
                yield Finding(stage.id, f"waits for '{event}', which no event rule declares", "Add it under events.")
    if not any(rule.starts for rule in definition.events.values()):
        yield Finding(definition.initial, "no event starts this process", "Mark one with starts: true.")
