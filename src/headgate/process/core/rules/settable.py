"""`set` touches only the fields that queues and lists show."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import SETTABLE, Definition
from headgate.process.core.rules.finding import Finding, steps_of


def check(definition: Definition) -> Iterator[Finding]:
    """Unknown fields in `set` steps."""
    for stage in definition.stages.values():
        for step in steps_of(stage):
            for name in step.args if step.kind == "set" else ():
                if name not in SETTABLE:
                    yield Finding(
                        stage.id, f"sets '{name}', which is not a field of a case", f"Use {', '.join(SETTABLE)}."
                    )
