"""Instruments that cost nothing when off and stay bounded when on; traces that go on from a stored text."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from headgate.kernel import telemetry

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def metrics():
    telemetry.start_metrics()
    yield
    telemetry.stop_metrics()


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.start_tracing(provider)
    yield exporter
    telemetry.stop_tracing()
    provider.shutdown()


def test_plain_commands_load_neither_library():
    code = (
        "import sys; from headgate.kernel import telemetry as t; t.events_accepted.inc(3)\n"
        "with t.span('x'): pass\n"
        "assert t.exposition() == b''\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'prometheus_client', 'opentelemetry'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_instrument_is_named_and_explained_once_and_never_labelled_by_who():
    names = [instrument.name for instrument in telemetry.CATALOGUE]
    assert len(names) == len(set(names)) > 30
    for instrument in telemetry.CATALOGUE:
        assert instrument.help.endswith("."), instrument.name
        assert not set(instrument.labels) & {"tenant", "tenant_id", "partner", "principal", "subject", "id", "key"}


def test_what_is_counted_is_told(metrics):
    telemetry.events_accepted.inc(2)
    telemetry.events_accepted.inc()
    telemetry.events_refused.inc(reason="signature")
    telemetry.ingest_queue.set(7)
    with telemetry.lane_batch_seconds.time():
        pass
    assert telemetry.sample("events_accepted_total") == 3
    assert telemetry.sample("events_refused_total", reason="signature") == 1
    assert telemetry.sample("ingest_queue") == 7
    assert telemetry.sample("lane_batch_seconds_count") == 1
    text = telemetry.exposition().decode()
    assert "# HELP headgate_events_accepted_total Events stored in the log." in text
    assert "process_resident_memory_bytes" in text


def test_a_block_that_raises_is_timed_too(metrics):
    with pytest.raises(KeyError), telemetry.lane_batch_seconds.time():
        raise KeyError
    assert telemetry.sample("lane_batch_seconds_count") == 1


def test_labels_are_bounded_whatever_is_sent(metrics):
    for number in range(telemetry.MOST_SERIES + 50):
        telemetry.events_refused.inc(reason=f"made-up-{number}")
    lines = [line for line in telemetry.exposition().decode().splitlines() if "events_refused_total{" in line]
    assert len(lines) == telemetry.MOST_SERIES + 1
    assert telemetry.sample("events_refused_total", reason="other") == 50


def test_bounding_labels_keeps_nothing_of_the_values_turned_away(metrics):
    for number in range(telemetry.MOST_SERIES + 500):
        telemetry.events_refused.inc(reason=f"made-up-{number}")
    assert len(telemetry.events_refused._series) <= telemetry.MOST_SERIES + 1


def test_a_wrong_label_is_a_mistake_of_the_caller(metrics):
    with pytest.raises(ValueError, match="events_refused has the labels"):
        telemetry.events_refused.inc()
    with pytest.raises(KeyError):
        telemetry.events_refused.inc(cause="x")


def test_gauges_are_read_when_they_are_asked_for(metrics):
    depth = iter((3, 5))
    telemetry.read_at_scrape(lambda: telemetry.ingest_queue.set(next(depth)))
    assert b"headgate_ingest_queue 3.0" in telemetry.exposition()
    assert b"headgate_ingest_queue 5.0" in telemetry.exposition()


def test_a_cleared_gauge_shows_only_what_is_set_again(metrics):
    telemetry.breakers.set(1, state="open")
    telemetry.breakers.clear()
    telemetry.breakers.set(2, state="closed")
    assert telemetry.sample("breakers", state="open") is None
    assert telemetry.sample("breakers", state="closed") == 2


def test_without_tracing_a_span_is_nothing():
    with telemetry.span("x", parent=PARENT) as made:
        made.set(events=3)
        assert made.traceparent == ""
        assert telemetry.current_traceparent() == ""
    assert not telemetry.tracing()


def test_a_stored_traceparent_goes_on_as_one_trace(spans):
    with telemetry.span("lane", parent=PARENT, events=2) as lane:
        assert telemetry.current_traceparent() == lane.traceparent
        with telemetry.span("inner"):
            pass
    inner, outer = spans.get_finished_spans()
    assert {f"{s.context.trace_id:032x}" for s in (inner, outer)} == {PARENT.split("-")[1]}
    assert f"{outer.parent.span_id:016x}" == PARENT.split("-")[2]
    assert inner.parent.span_id == outer.context.span_id
    assert outer.attributes == {"headgate.events": 2}


def test_a_text_that_is_no_traceparent_begins_a_new_trace(spans):
    for text in (
        "",
        "req-1",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        PARENT.upper(),
        PARENT + "-00",
        "ff" + PARENT[2:],
    ):
        assert not telemetry.is_traceparent(text)
        with telemetry.span("x", parent=text) as made:
            assert telemetry.is_traceparent(made.traceparent)


def test_an_error_is_told_by_its_type_and_never_by_its_message(spans):
    with pytest.raises(RuntimeError), telemetry.span("x"):
        raise RuntimeError("password=hunter2")
    (made,) = spans.get_finished_spans()
    assert made.status.description == "RuntimeError"
    assert "hunter2" not in made.to_json()


def test_spans_of_a_batch_run_side_by_side(spans):
    begun = [telemetry.begin_span("apply", parent=PARENT) for _ in range(3)]
    assert telemetry.current_traceparent() == ""
    assert len({s.traceparent for s in begun}) == 3
    begun[0].end()
    begun[1].end(ValueError("x"))
    assert len(spans.get_finished_spans()) == 2
