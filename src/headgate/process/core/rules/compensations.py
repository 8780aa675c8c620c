"""What can be taken back is said with the command, and only such commands are taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headgate.process.core.definition import Definition, Step
from headgate.process.core.rules.finding import Finding, steps_of


def check(definition: Definition) -> Iterator[Finding]:
    """`roll_back` steps that name no command which can be taken back, and commands that do not say with what."""
    undoable = {
        step.id for stage in definition.stages.values() for step in steps_of(stage) if "compensate" in step.args
    }
    for stage in definition.stages.values():
        for step in steps_of(stage):
            if step.kind == "roll_back" and step.name != "all" and step.name not in undoable:
                yield Finding(
                    stage.id,
                    f"takes back '{step.name}', which is no command that says how",
                    "Name the id of a command step with 'compensate', or all.",
                )
            if step.kind == "command" and "compensate" in step.args and not _says_how(step):
                yield Finding(
                    stage.id,
                    f"'compensate' of step '{step.id}' names no type of command",
                    "Write compensate: order.unrelease, or a mapping with type, and payload or target.",
                )


def _says_how(step: Step) -> bool:
    how = step.args["compensate"]
    kind = how.get("type") if isinstance(how, Mapping) else how
    return isinstance(kind, str) and bool(kind.strip())
