"""A stage that asks for approval says what follows from each answer."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition
from headgate.process.core.rules.finding import Finding, transitions_of

_ANSWERS = ("approval.approved", "approval.rejected", "approval.returned", "approval.expired", "approval.edited")
_NEEDED = ("each", "binds", "stake", "requested_by")


def check(definition: Definition) -> Iterator[Finding]:
    """Approval steps without a digest to bind, answers nobody handles, and requests made on the way."""
    for stage in definition.stages.values():
        for transition in transitions_of(stage):
            for step in transition.steps:
                if step.kind == "approve":
                    fix = "Put it under 'enter' of the stage that waits for the answer."
                    yield Finding(stage.id, f"approval step '{step.id}' stands under 'do'", fix)
        for step in stage.enter:
            if step.kind != "approve":
                continue
            for name in _NEEDED:
                if name not in step.args:
                    yield Finding(
                        stage.id,
                        f"approval step '{step.id}' lacks '{name}'",
                        "Point it at a value, for example $check.digest.",
                    )
            for answer in _ANSWERS:
                if answer not in stage.on:
                    yield Finding(
                        stage.id, f"asks for approval but does not say what follows '{answer}'", "Add it under on."
                    )
