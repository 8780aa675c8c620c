"""What the running system tells of itself: metrics and traces.

Every instrument of the house is declared here, once, with its help text and its labels, so that a reader of a
dashboard finds the sentence behind a number and nobody makes a second one for the same thing. Two rules keep them
bounded: **no instrument has a tenant, a partner, a person or an id as a label**, and a label keeps at most
`MOST_SERIES` combinations; what comes later is counted under `other`.

Both are off until a process that serves or works turns them on (`start_metrics`, `start_tracing`). Off, an instrument
costs one comparison, and neither `prometheus_client` nor `opentelemetry` is loaded: plain commands start without them.

Metric names follow the Prometheus practice (base units, `_total` is added to counters); trace contexts are W3C
traceparents (https://www.w3.org/TR/trace-context/), the text that is stored with an event and an outbox row.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

PREFIX: Final = "headgate_"
MOST_SERIES: Final = 400
OTHER: Final = "other"
EXPOSITION_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# From a cached read to a batch that waits for a slow disk.
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Attribute = str | int | float | bool
SpanKind = Literal["internal", "server", "client", "producer", "consumer"]


@dataclass(slots=True, eq=False)
class _Instrument:
    """One declared metric. `_family` is the library's own, once metrics are on."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    _family: Any = field(default=None, repr=False)
    _series: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)

    def _at(self, given: Mapping[str, str]) -> Any:
        if len(given) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {tuple(given)}")
        key = tuple([given[label] for label in self.labels])
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= MOST_SERIES:
                key = (OTHER,) * len(self.labels)
            found = self._series[key] = self._family.labels(*key) if key else self._family
        return found

    def _bind(self, library: Any, registry: Any) -> None:
        raise NotImplementedError

    def _unbind(self) -> None:
        self._family = None
        self._series.clear()


class Counter(_Instrument):
    """Only grows while the process lives."""

    __slots__ = ()

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Count `amount` more."""
        if self._family is not None:
            self._at(labels).inc(amount)

    def _bind(self, library: Any, registry: Any) -> None:
        self._family = library.Counter(PREFIX + self.name, self.help, self.labels, registry=registry)


class Gauge(_Instrument):
    """Goes up and down."""

    __slots__ = ()

    def set(self, value: float, **labels: str) -> None:
        """Say how it stands now."""
        if self._family is not None:
            self._at(labels).set(value)

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Add `amount`, which may be negative."""
        if self._family is not None:
            self._at(labels).inc(amount)

    def clear(self) -> None:
        """Forget every series, before they are set anew: what is gone is then shown no more."""
        if self._family is not None and self.labels:
            self._family.clear()
            self._series.clear()

    def _bind(self, library: Any, registry: Any) -> None:
        self._family = library.Gauge(PREFIX + self.name, self.help, self.labels, registry=registry)


@dataclass(slots=True, eq=False)
class Histogram(_Instrument):
    """How values are spread, in fixed buckets."""

    buckets: tuple[float, ...] = SECONDS

    def observe(self, value: float, **labels: str) -> None:
        """Count one value in."""
        if self._family is not None:
            self._at(labels).observe(value)

    @contextmanager
    def time(self, **labels: str) -> Iterator[None]:
        """Observe how many seconds the block took, also when it raises."""
        if self._family is None:
            yield
            return
        start = time.perf_counter()
        try:
            yield
        finally:
            self._at(labels).observe(time.perf_counter() - start)

    def _bind(self, library: Any, registry: Any) -> None:
        self._family = library.Histogram(
            PREFIX + self.name, self.help, self.labels, buckets=self.buckets, registry=registry
        )


# ── The catalogue ────────────────────────────────────────────────────────────────────────────────────────────────────

# Ingest: from the request to the durable event.
events_accepted = Counter("events_accepted", "Events stored in the log.")
events_repeated = Counter("events_repeated", "Events that were in the log already and were answered the same.")
events_refused = Counter("events_refused", "Events not taken, by reason (a fixed word, never a message).", ("reason",))
ingest_group_size = Histogram("ingest_group_size", "Requests stored by one commit.", buckets=SIZES)
ingest_commit_seconds = Histogram("ingest_commit_seconds", "Time to store one group of events durably.")
ingest_queue = Gauge("ingest_queue", "Requests waiting to be stored; bounded, then 429.")

# Lanes: from the log to committed decisions.
lane_batch_seconds = Histogram("lane_batch_seconds", "Time of one batch of a tenant's lanes, commit included.")
lane_batch_size = Histogram("lane_batch_size", "Events applied by one batch.", buckets=SIZES)
lane_events = Counter("lane_events", "Events taken from the lanes, by what became of them.", ("outcome",))
lane_retries = Counter("lane_retries", "Events or batches that broke and are tried again, by cause.", ("cause",))
lane_takeovers = Counter("lane_takeovers", "Lanes taken over from a worker whose lease had run out.")
leases_lost = Counter("leases_lost", "Batches given up because another worker holds the lane.")
parked = Counter("parked", "Events put aside after their last try; they wait in the quarantine.")
timers_fired = Counter("timers_fired", "Clocks that ran out and became events.")
jobs_run = Counter("jobs_run", "Runs of periodic jobs.", ("job", "outcome"))

# Outbox: commands and webhooks to outside systems.
outbox_delivered = Counter("outbox_delivered", "Commands and webhooks by how an attempt ended.", ("outcome",))
outbox_attempt_seconds = Histogram("outbox_attempt_seconds", "Time of one attempt at an outside system.", ("kind",))
outbox_in_flight = Gauge("outbox_in_flight", "Attempts at outside systems under way.")
breaker_changes = Counter("breaker_changes", "Circuit breakers that changed, by the state they went to.", ("to",))

# Audit.
checkpoints_signed = Counter("checkpoints_signed", "Merkle checkpoints signed.")
checkpoint_seconds = Histogram("checkpoint_seconds", "Time to extend a tenant's tree and sign its head.")

# Edges and database.
http_requests = Counter("http_requests", "Requests answered.", ("method", "route", "status"))
http_seconds = Histogram("http_seconds", "Time to answer, by route template.", ("method", "route"))
http_refused = Counter("http_refused", "Requests turned away before their route ran, by reason.", ("reason",))
db_pool = Gauge("db_pool", "Connections of the pool, by state.", ("state",))
db_pool_waiting = Gauge("db_pool_waiting", "Requests waiting for a connection.")
worker_rounds = Counter("worker_rounds", "Rounds of the worker's loop, by outcome.", ("outcome",))
worker_round_at = Gauge("worker_round_at_seconds", "Unix time at which the worker's last round ended.")

# The backlog of the whole installation, read from the database at each scrape (never by tenant).
backlog_events = Gauge("backlog_events", "Events waiting in the lanes.", ("state",))
backlog_oldest_seconds = Gauge("backlog_oldest_seconds", "Age of the oldest event that waits to be applied.")
backlog_tenants = Gauge("backlog_tenants", "Tenants with events waiting.")
quarantine_open = Gauge("quarantine_open", "Rows and events put aside and not yet dealt with.", ("kind",))
outbox_rows = Gauge("outbox_rows", "Commands and webhooks not yet delivered, by state.", ("state",))
outbox_oldest_seconds = Gauge("outbox_oldest_seconds", "Age of the oldest command that is due.")
checkpoint_oldest_seconds = Gauge("checkpoint_oldest_seconds", "Age of the oldest entry not under a signed checkpoint.")
audit_chains_rewritten = Gauge("audit_chains_rewritten", "Audit chains that are not the ones signed before.")
breakers = Gauge("breakers", "Circuit breakers of targets, by state.", ("state",))
backlog_read_failed = Counter("backlog_read_failed", "Scrapes at which the database could not be read.")

CATALOGUE: Final[tuple[_Instrument, ...]] = tuple(v for v in list(globals().values()) if isinstance(v, _Instrument))

_registry: Any = None
_readers: list[Callable[[], None]] = []
_scrape: Final = threading.Lock()


def start_metrics() -> None:
    """Count from now on. A second call changes nothing."""
    global _registry  # noqa: PLW0603 (metrics belong to the process)
    if _registry is not None:
        return
    import prometheus_client
    from prometheus_client import gc_collector, process_collector

    # A second series for each, which no rule of ours asks for.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types there
    registry = prometheus_client.CollectorRegistry(auto_describe=False)
    process_collector.ProcessCollector(registry=registry)
    gc_collector.GCCollector(registry=registry)
    for instrument in CATALOGUE:
        instrument._bind(prometheus_client, registry)
    _registry = registry


def stop_metrics() -> None:
    """Count no more and forget everything counted."""
    global _registry  # noqa: PLW0603 (metrics belong to the process)
    _registry = None
    _readers.clear()
    for instrument in CATALOGUE:
        instrument._unbind()


def read_at_scrape(reader: Callable[[], None]) -> None:
    """Let `reader` set gauges each time the metrics are asked for. It must answer in bounded time and not raise."""
    _readers.append(reader)


def exposition() -> bytes:
    """All metrics in the Prometheus text format (`EXPOSITION_TYPE`); empty when metrics are off."""
    if _registry is None:
        return b""
    from prometheus_client import generate_latest

    with _scrape:  # readers clear and set gauges: two scrapes at once would show each other's half
        for reader in tuple(_readers):
            reader()
        return bytes(generate_latest(_registry))


def sample(name: str, **labels: str) -> float | None:
    """The value of one series by its full name without the prefix (`events_accepted_total`), for tests and screens."""
    return None if _registry is None else _registry.get_sample_value(PREFIX + name, labels)


# ── Traces ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_tracer: Any = None


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of work in a trace. `traceparent` is what to store or send on; empty when tracing is off."""

    traceparent: str = ""
    _span: Any = field(default=None, repr=False)

    def set(self, **attributes: Attribute) -> None:
        """Say more about it. Ids and counts; never what people wrote, never secrets."""
        if self._span is not None:
            self._span.set_attributes({f"headgate.{key}": value for key, value in attributes.items()})

    def end(self, error: BaseException | None = None) -> None:
        """For spans begun with `begin_span`. Of an error the type is told, not the message, which may hold data."""
        if self._span is None:
            return
        if error is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        self._span.end()


_NO_SPAN: Final = Span()


def start_tracing(provider: Any) -> None:
    """Record spans with an OpenTelemetry `TracerProvider`; the edge builds it, with its exporter and sampling."""
    global _tracer  # noqa: PLW0603 (tracing belongs to the process)
    _tracer = provider.get_tracer("headgate")


def stop_tracing() -> None:
    """Record no more spans. The provider is flushed by whoever built it."""
    global _tracer  # noqa: PLW0603 (tracing belongs to the process)
    _tracer = None


def tracing() -> bool:
    """Whether spans are recorded: ask before a loop that would only make spans."""
    return _tracer is not None


def is_traceparent(text: str) -> bool:
    """Whether a text is a W3C traceparent, so that it may be stored and continued."""
    return _TRACEPARENT.fullmatch(text) is not None


def begin_span(name: str, parent: str = "", kind: SpanKind = "internal", **attributes: Attribute) -> Span:
    """Begin a span that does not become the current one; the caller ends it. For batches, where many run at once.

    `parent` is a stored traceparent; without one the current span is the parent, or a new trace begins.
    """
    if _tracer is None:
        return _NO_SPAN
    from opentelemetry.trace import SpanKind as Kind

    given = {f"headgate.{key}": value for key, value in attributes.items()}
    made = _tracer.start_span(name, context=_context(parent), kind=Kind[kind.upper()], attributes=given)
    return Span(_traceparent(made.get_span_context()), made)


@contextmanager
def span(name: str, parent: str = "", kind: SpanKind = "internal", **attributes: Attribute) -> Iterator[Span]:
    """A span around a block, current within it; `parent` as for `begin_span`. Costs nothing when tracing is off."""
    if _tracer is None:
        yield _NO_SPAN
        return
    from opentelemetry.trace import use_span

    made = begin_span(name, parent, kind, **attributes)
    try:
        with use_span(made._span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield made
    except BaseException as error:
        made.end(error)
        raise
    made.end()


def current_traceparent() -> str:
    """The traceparent of the span at hand; empty when there is none."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import get_current_span

    return _traceparent(get_current_span().get_span_context())


def _context(parent: str) -> Any:
    """The OpenTelemetry context a stored traceparent stands for; None means the current one."""
    if not is_traceparent(parent):
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def _traceparent(context: Any) -> str:
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
