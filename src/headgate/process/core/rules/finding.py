"""What a rule finds: the stage or event it is about, what is wrong, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headgate.process.core.definition import Stage, Step, Transition, within


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of a definition. `where` is the stage or the event type."""

    where: str
    message: str
    fix: str = ""


def transitions_of(stage: Stage) -> Iterator[Transition]:
    """Every transition that can leave a stage."""
    yield from stage.go
    for handlers in stage.on.values():
        yield from handlers


def own_steps_of(stage: Stage) -> Iterator[Step]:
    """Every step a stage performs itself, on entry or on the way out, without those of branches."""
    yield from stage.enter
    for transition in transitions_of(stage):
        yield from transition.steps


def steps_of(stage: Stage) -> Iterator[Step]:
    """Every step a stage performs, on entry or on the way out, and those of its branches."""
    yield from within(own_steps_of(stage))
