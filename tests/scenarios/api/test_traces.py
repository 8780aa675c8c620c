"""One order from its webhook to the command it causes, as one trace, though three loops have had it in hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from headgate.connectors.delivery import Courier, WebhookPort, Wire
from headgate.entry.web import create_web
from headgate.kernel import telemetry
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.integration.connectors.delivery.conftest import HERE, Post
from tests.integration.connectors.delivery.receiver import receiving
from tests.scenarios.api.world import World, event, open_world, order

SENDERS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.start_tracing(provider)
    yield exporter
    telemetry.stop_tracing()
    provider.shutdown()


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def parent_of(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


def said(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(f"headgate.{name}")


@pytest.fixture
def world(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> World:
    """The world with the whole web before it, as it is served."""
    made = open_world(database, tenant, clock, tmp_path)
    made.client = TestClient(create_web(made.channel.app))
    return made


def test_one_trace_from_the_webhook_through_the_lane_to_the_command(world: World, spans: InMemorySpanExporter) -> None:
    app = world.channel.app
    courier = Courier(app.database, {"webhook": WebhookPort(HERE, Wire(HERE))}, app.envelope, app.clock, 4, lambda: 1.0)
    post = Post(app.database, world.channel.tenant, world.channel.clock, app.envelope, courier)
    with receiving() as receiver:
        post.target(receiver.url, "erp")
        answer = world.signed(json.dumps(event("e-1", order("O-1"))).encode(), headers={"traceparent": SENDERS})
        assert answer.status_code == 202, answer.text
        world.govern()
        (done,) = post.deliver("erp")
    assert done.answer.status == 200
    ours = [s for s in spans.get_finished_spans() if trace_of(s) == SENDERS.split("-")[1]]
    by_name = {span.name: span for span in ours}
    assert {"http.request", "lane.apply", "outbox.attempt"} <= set(by_name)
    request, lane, attempt = by_name["http.request"], by_name["lane.apply"], by_name["outbox.attempt"]
    assert parent_of(request) == SENDERS.split("-")[2]
    assert said(request, "route") == "/v1/events"
    assert said(request, "status") == 202
    assert parent_of(lane) == id_of(request)
    assert said(lane, "type") == "order.submitted"
    assert parent_of(attempt) == id_of(lane)
    # And on: the receiver is told of the attempt's span.
    (received,) = receiver.received
    assert received.headers["traceparent"].split("-")[1:3] == [SENDERS.split("-")[1], id_of(attempt)]


def test_orders_of_one_batch_have_traces_of_their_own(world: World, spans: InMemorySpanExporter) -> None:
    for number in range(3):
        assert world.signed(json.dumps(event(f"e-{number}", order(f"O-{number}"))).encode()).status_code == 202
    world.govern()
    applied = [s for s in spans.get_finished_spans() if s.name == "lane.apply" and s.parent is not None]
    submitted = [s for s in applied if said(s, "type") == "order.submitted"]
    assert len({trace_of(s) for s in submitted}) == 3


def test_nothing_of_an_order_is_told_to_whoever_collects_spans(world: World, spans: InMemorySpanExporter) -> None:
    data = order("O-1", customer_reference="PO of Jane Roe")
    world.signed(json.dumps(event("e-1", data)).encode())
    world.govern()
    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert "lane.apply" in told
    assert "Jane" not in told
    assert "P-1" not in told


def test_without_tracing_the_senders_trace_is_kept_with_the_event(world: World) -> None:
    world.signed(json.dumps(event("traced-1", order("O-1"))).encode(), headers={"traceparent": SENDERS})
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        kept = conn.execute("select trace from events where event_id = 'traced-1'").fetchone()
    assert kept == (SENDERS,)
