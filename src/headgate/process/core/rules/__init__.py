"""Checks of a whole definition, one rule per file; `RULES` is the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from headgate.process.core.definition import Definition
from headgate.process.core.rules import (
    approvals,
    branches,
    compensations,
    dead_stages,
    endless,
    final_stages,
    keys,
    names,
    no_exit,
    own_events,
    paths,
    service_levels,
    settable,
    targets,
    timers,
)
from headgate.process.core.rules.finding import Finding

RULES: Final[tuple[Callable[[Definition], Iterator[Finding]], ...]] = (
    keys.check,
    targets.check,
    dead_stages.check,
    no_exit.check,
    final_stages.check,
    approvals.check,
    names.check,
    settable.check,
    compensations.check,
    timers.check,
    service_levels.check,
    branches.check,
    endless.check,
    own_events.check,
    paths.check,
)


def check_definition(definition: Definition) -> list[Finding]:
    """Everything wrong with a definition, in the order of the catalogue."""
    return [finding for rule in RULES for finding in rule(definition)]


__all__ = ["RULES", "Finding", "check_definition"]
