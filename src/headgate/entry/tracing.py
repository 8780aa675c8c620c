"""Where spans go: to an OpenTelemetry collector, by OTLP over HTTP, when the installation names one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import headgate
from headgate.kernel import telemetry
from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings

_PATH = "/v1/traces"


@contextmanager
def sent_spans(settings: Settings) -> Iterator[None]:
    """Record spans and send them until the block ends; nothing without `HEADGATE_TRACES`.

    Of what begins here `HEADGATE_TRACES_PERCENT` is kept; what comes with a traceparent follows its sender's choice.
    Raises `Misconfigured` when the extra is not installed.
    """
    if not settings.traces:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError as error:
        raise Misconfigured("HEADGATE_TRACES needs the extra: pip install 'headgate[otel]'") from error
    address = settings.traces if settings.traces.endswith(_PATH) else settings.traces.rstrip("/") + _PATH
    provider = TracerProvider(
        resource=Resource.create({"service.name": "headgate", "service.version": headgate.__version__}),
        sampler=ParentBased(TraceIdRatioBased(settings.traces_percent / 100)),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    telemetry.start_tracing(provider)
    try:
        yield
    finally:
        telemetry.stop_tracing()
        provider.shutdown()
