"""From a signed webhook to the committed decision: one API process, one lane worker, one sender, one server.

First at saturation, then at half of that rate, steadily. An event is done when it has left the queue, which happens in
the transaction that writes its decision; the queue is looked at every few milliseconds from outside.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench.channel import TENANT, open_channel, seed
from bench.harness import Options, Report, Server, server
from bench.processes import processor_seconds, serving, working
from bench.webhooks import Sent, new_source, order_events, percentile, send

TITLE = "Webhook to committed decision, one API process and one worker"
NAME = "end_to_end"
LOOK_SECONDS = 0.005
LOOK_SHARE = 20  # times as long as a look at a long queue took, before the next
SHORT_QUEUE = 200  # events; a look at fewer costs little, and what is timed to a look must not wait long for it
SHORT_SHARE = 3
PATIENCE_SECONDS = 120


def bench(options: Options) -> Report:
    """Saturate, then go at half the rate."""
    count = options.size(6_000, 300)
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        options.say("preparing")
        machine.with_schema(NAME)
        with machine.open(NAME) as database:
            channel = open_channel(database, home)
            seed(channel)
            secret = new_source(channel, "web")
        machine.settle(NAME)
        dsn = machine.app_dsn(NAME)
        with serving(dsn, home) as (address, api), working(dsn, home) as worker:
            _run(machine, address, secret, order_events("web", 0, options.size(500, 50)), 0)  # warm up
            used = processor_seconds(api), processor_seconds(worker)
            options.say("at saturation")
            full, full_seconds = _run(machine, address, secret, order_events("web", 1_000_000, count), 0)
            costs = processor_seconds(api) - used[0], processor_seconds(worker) - used[1]
            rate = count / full_seconds / 2
            options.say(f"at {rate:.0f} a second")
            steady, _ = _run(machine, address, secret, order_events("web", 2_000_000, count), rate)
        with psycopg.connect(machine.admin_dsn(NAME)) as conn:
            (decided,) = conn.execute("select count(*) from orders where tenant_id = %s", (TENANT,)).fetchone() or (0,)
    if decided != 2 * count + options.size(500, 50):
        raise RuntimeError(f"{decided} orders were decided, more were sent; the figures would say nothing")
    figures = {
        "orders": count,
        "orders_per_second": count / full_seconds,
        "saturated_p50_ms": percentile(full, 0.50),
        "saturated_p99_ms": percentile(full, 0.99),
        "steady_per_second": rate,
        "steady_p50_ms": percentile(steady, 0.50),
        "steady_p99_ms": percentile(steady, 0.99),
        "api_ms_per_order": 1000 * costs[0] / count,
        "worker_ms_per_order": 1000 * costs[1] / count,
    }
    return Report(NAME, TITLE, figures, {"steady_p99_to_p50": percentile(steady, 0.99) / percentile(steady, 0.50)})


def _run(
    machine: Server, address: str, secret: str, events: Sequence[dict[str, Any]], rate: float
) -> tuple[list[float], float]:
    """Milliseconds from when each event was to be sent to its committed decision, and the seconds all took."""
    with _watching(machine.admin_dsn(NAME)) as watch:
        sent = send(address, "web", secret, events, rate=rate).results()
        until = time.monotonic() + PATIENCE_SECONDS
        while watch.left() and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
    if watch.waiting:
        raise RuntimeError(
            f"{len(watch.waiting)} events were not decided within {PATIENCE_SECONDS} s; is the worker up?"
        )
    done = watch.done(sent)
    return [1000 * (at - s.due) for s, at in zip(sent, done, strict=True)], max(done) - min(s.due for s in sent)


@dataclass(slots=True)
class _Watch:
    """What was in the queue at each look, and when an event had left it."""

    looks: list[float] = field(default_factory=list)
    left_at: dict[int, float] = field(default_factory=dict)
    waiting: frozenset[int] = frozenset()
    stopped: bool = False

    def look(self, conn: psycopg.Connection) -> None:
        """One look."""
        found = frozenset(row[0] for row in conn.execute("select seq from inbox where tenant_id = %s", (TENANT,)))
        now = time.monotonic()
        for seq in self.waiting - found:
            self.left_at[seq] = now
        self.waiting = found
        self.looks.append(now)

    def left(self) -> bool:
        """Whether anything may still be waiting: two more looks have to find nothing."""
        at = len(self.looks)
        until = time.monotonic() + 10
        while len(self.looks) < at + 2 and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        return bool(self.waiting)

    def done(self, sent: Sequence[Sent]) -> list[float]:
        """When each event was seen to be decided; one never seen waiting, at the first look after its answer."""
        found, looks = [], iter(self.looks)
        look = next(looks)
        for answered, seq in sorted((s.answered, s.seq) for s in sent):
            while look < answered:
                look = next(looks, answered)
            found.append((seq, self.left_at.get(seq, look)))
        at = dict(found)
        return [at[s.seq] for s in sent]


@contextmanager
def _watching(dsn: str) -> Iterator[_Watch]:
    watch = _Watch()

    def run() -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            while not watch.stopped:
                began = time.monotonic()
                watch.look(conn)
                # A look at a long queue takes as long as several orders do: it must not use up what it measures.
                share = SHORT_SHARE if len(watch.waiting) < SHORT_QUEUE else LOOK_SHARE
                time.sleep(max(LOOK_SECONDS, share * (time.monotonic() - began)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stopped = True
        thread.join(timeout=10)
