"""What can be taken back is said with the command, and only such commands are taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

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
            if step.kind in ("command", "run") and "compensate" in step.args and not _says_how(step):
                yield Finding(
                    stage.id,
                    f"'compensate' of step '{step.id}' names no type of command and no action",
                    "Write compensate: order.unrelease, or a mapping with type (and payload, target), or with run.",
                )
            if not _waits_sensibly(step.args.get("compensate")):
                yield Finding(
                    stage.id,
                    f"'within' of what takes back '{step.id}' is no number of hours above 0",
                    "Give the working hours after which a result that has not come is looked for by a person.",
                )


def _says_how(step: Step) -> bool:
    """A name alone is an action for what was run, and a type of command for a command, which knows its target."""
    how = step.args["compensate"]
    if not isinstance(how, Mapping):
        return _is_name(how)
    if "run" in how:
        return _is_name(how["run"])
    return _is_name(how.get("type")) and (step.kind == "command" or _is_name(how.get("target")))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _waits_sensibly(how: object) -> bool:
    if not isinstance(how, Mapping) or "within" not in how:
        return True
    within = how["within"]
    return not isinstance(within, bool) and isinstance(within, (int, Decimal)) and within > 0
