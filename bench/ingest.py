"""Signed webhooks over HTTP, from a process of their own until they are durable: one process of the API, no worker.

Beside it the floor: the same rows of the log, copied into an equal table with a commit every 256 rows.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import psycopg

from bench.channel import TENANT, open_channel, seed
from bench.harness import Options, Report, Server, median, server
from bench.processes import processor_seconds, serving
from bench.webhooks import new_source, order_events, percentile, send

TITLE = "Webhooks over HTTP until durable, one API process"
NAME = "ingest"
CHUNK = 256
TABLES = ("events", "inbox")


def bench(options: Options) -> Report:
    """Rounds of the sender at full speed on one database, each followed by the copy of what it sent."""
    count, rounds = options.size(6_000, 300), options.size(3, 1)
    per_second, floor, p50, p99, api = [], [], [], [], []
    refused = 0
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        options.say("preparing")
        machine.with_schema(NAME)
        with machine.open(NAME) as database:
            channel = open_channel(database, home)
            seed(channel)
            secret = new_source(channel, "web")
        with serving(machine.app_dsn(NAME), home) as (address, process):
            send(address, "web", secret, order_events("web", 0, options.size(500, 50))).results()  # warm up
            for number in range(1, rounds + 1):
                options.say(f"round {number} of {rounds}")
                machine.settle(NAME)
                events = order_events("web", number * 1_000_000, count)
                used = processor_seconds(process)
                sent = send(address, "web", secret, events).results()
                api.append(1000 * (processor_seconds(process) - used) / count)
                wall = max(s.answered for s in sent) - min(s.due for s in sent)
                per_second.append(count / wall)
                p50.append(percentile((s.milliseconds for s in sent), 0.50))
                p99.append(percentile((s.milliseconds for s in sent), 0.99))
                refused += sum(s.refused for s in sent)
                floor.append(count / _floor(machine, min(s.seq for s in sent)))
    figures = {
        "events": count,
        "events_per_second": median(per_second),
        "p50_ms": median(p50),
        "p99_ms": median(p99),
        "api_ms_per_event": median(api),
        "refused": refused,
        "copy_per_second": median(floor),
    }
    ratios = {"to_copy": median(e / f for e, f in zip(per_second, floor, strict=True))}
    return Report(NAME, TITLE, figures, ratios)


def _floor(machine: Server, first: int) -> float:
    """Seconds to copy the events from `first` on, and their places in the queue, into equal tables."""
    with psycopg.connect(machine.owner_dsn(NAME), autocommit=True) as conn:
        for table in TABLES:
            conn.execute(f"drop table if exists floor_{table}")
            conn.execute(f"create table floor_{table} (like {table} including all)")
    with psycopg.connect(machine.admin_dsn(NAME)) as conn:
        texts = {table: _copied(conn, table, first) for table in TABLES}
        start = time.perf_counter()
        for at in range(0, len(texts["events"]), CHUNK):
            for table, lines in texts.items():
                with conn.cursor().copy(f"copy floor_{table} from stdin") as copy:
                    copy.write(b"".join(lines[at : at + CHUNK]))
            conn.commit()
        return time.perf_counter() - start


def _copied(conn: psycopg.Connection, table: str, first: int) -> list[bytes]:
    """The rows as COPY writes them."""
    query = f"copy (select * from {table} where tenant_id = '{TENANT}' and seq >= {int(first)}) to stdout"
    with conn.cursor().copy(query) as copy:
        return b"".join(bytes(part) for part in copy).splitlines(keepends=True)
