"""What a run of a lane runner did, and what it goes easy on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from headgate.process.engine import BatchResult


@contextmanager
def uncollected() -> Iterator[None]:
    """Do not look for reference cycles meanwhile: a batch makes some hundred thousand values, none of them in a cycle,
    and looking at them all again and again takes a sixth of its time. Of threads that overlap, one that found the
    collector on turns it on again."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@dataclass(slots=True)
class Progress:
    """What a run did. `blocked` means that what it could have applied stands behind what others hold."""

    events: int = 0
    refused: int = 0
    failed: int = 0
    emitted: int = 0
    blocked: bool = False

    def count(self, other: Progress) -> None:
        """Count another run in."""
        self.events += other.events
        self.refused += other.refused
        self.failed += other.failed
        self.emitted += other.emitted

    def add(self, result: BatchResult) -> None:
        """Count a batch in."""
        self.events += result.applied + len(result.refusals)
        self.refused += len(result.refusals)
        self.failed += len(result.failures)
        self.emitted += result.emitted
