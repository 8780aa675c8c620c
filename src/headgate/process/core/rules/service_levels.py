"""Clocks are paused and let run on by events that come, and do not stop for ever."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import BUILT_IN_EVENTS, Definition, ServiceLevel, Stage
from headgate.process.core.rules.finding import Finding


def check(definition: Definition) -> Iterator[Finding]:
    """Pauses by events that are none, pauses that end themselves, and reasons that stand twice."""
    for stage in definition.stages.values():
        if stage.sla is not None:
            yield from _of(definition, stage, stage.sla)


def _of(definition: Definition, stage: Stage, sla: ServiceLevel) -> Iterator[Finding]:
    reasons = [pause.because for pause in sla.pauses]
    for reason in sorted({r for r in reasons if reasons.count(r) > 1}):
        yield Finding(stage.id, f"two pauses of its clock are because of '{reason}'", "Give each its own reason.")
    for pause in sla.pauses:
        for event in (pause.on, *pause.until):
            if event not in definition.events and event not in BUILT_IN_EVENTS:
                fix = "Declare it under events, or name one that is there."
                yield Finding(stage.id, f"its clock listens to '{event}', which no event rule declares", fix)
        if pause.on in pause.until:
            fix = "Let another event end the pause."
            yield Finding(stage.id, f"'{pause.on}' pauses its clock and lets it run on", fix)
