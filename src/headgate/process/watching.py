"""What a batch tells of itself: counts, times, and one span an event that goes on with the trace of its webhook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from headgate.kernel import telemetry
from headgate.ledger import StoredEvent
from headgate.process.engine import BatchResult


@contextmanager
def traced(tenant: UUID, events: Sequence[StoredEvent]) -> Iterator[Sequence[StoredEvent]]:
    """The events, each with its span of this batch as its trace, so that what it causes hangs below that span.

    The spans end with the block, as failed when it raises. Without tracing: the events as they are.
    """
    if not telemetry.tracing():
        yield events
        return
    spans = [
        telemetry.begin_span(
            "lane.apply", event.trace, "consumer", tenant=str(tenant), type=event.type, seq=event.seq, lane=event.lane
        )
        for event in events
    ]
    try:
        yield [replace(event, trace=span.traceparent) for event, span in zip(events, spans, strict=True)]
    except BaseException as error:
        for span in spans:
            span.end(error)
        raise
    for span in spans:
        span.end()


def count(result: BatchResult, seconds: float) -> None:
    """Count a committed batch."""
    telemetry.lane_batch_seconds.observe(seconds)
    telemetry.lane_batch_size.observe(result.applied + len(result.refusals))
    telemetry.lane_events.inc(result.applied, outcome="applied")
    telemetry.lane_events.inc(len(result.refusals), outcome="refused")
