"""What the engine tells its own cases cannot be sent to them by others."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import BUILT_IN_EVENTS, Definition
from headgate.process.core.rules.finding import Finding

_OWN = frozenset(
    {*BUILT_IN_EVENTS, "approval.decided", "timer.fired", "subcase.ended", "case.intervened", "case.migrated"}
)


def check(definition: Definition) -> Iterator[Finding]:
    """Events of a process that bear the name of one of the engine's own."""
    for event in definition.events:
        if event in _OWN or event.startswith("timer."):
            yield Finding(event, f"'{event}' has a meaning of its own", "Give the event another name.")
    if definition.process in definition.children:
        yield Finding(definition.initial, "starts cases of its own process without end", "Start another process.")
