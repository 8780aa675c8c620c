"""Audit verification: entries per second, the chain alone and with its events, against reading the rows."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.channel import TENANT, append, open_channel, orders, seed
from bench.harness import Options, Report, median, server
from headgate.ledger import AuditDraft, append_audit, verify_audit

TITLE = "Verifying the audit chain"


def bench(options: Options) -> Report:
    """Verify a chain of governed orders, lengthened by plain entries."""
    count, rounds = options.size(100_000, 2_000), options.size(3, 1)
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        name = machine.with_schema("audit")
        with machine.open(name) as database:
            channel = open_channel(database, Path(folder))
            seed(channel)
            append(channel, orders(options.size(512, 64)))
            channel.app.runner("bench").drain(TENANT)
            draft = AuditDraft("bench.noted", "bench", "entry", "system", {"amount": "12.50", "words": "as agreed"})
            for _ in range(0, count, 2000):
                with database.transaction(TENANT) as conn:
                    append_audit(conn, channel.clock.now(), [draft] * 2000)
            machine.settle(name)
            chain, deep, read = [], [], []
            entries = 0
            for _ in range(rounds):
                with database.transaction(TENANT) as conn:
                    start = time.perf_counter()
                    report = verify_audit(conn, deep=False)
                    chain.append(report.entries / (time.perf_counter() - start))
                    start = time.perf_counter()
                    report = verify_audit(conn, deep=True, checks=channel.app.content_checks())
                    deep.append(report.entries / (time.perf_counter() - start))
                    start = time.perf_counter()
                    rows = conn.execute("select * from audit_entries order by seq").fetchall()
                    read.append(len(rows) / (time.perf_counter() - start))
                    entries = report.entries
    figures = {
        "entries": entries,
        "chain_per_second": median(chain),
        "deep_per_second": median(deep),
        "read_per_second": median(read),
    }
    return Report("audit", TITLE, figures, {"chain_to_reading": median(chain) / median(read)})
