"""Verifying the audit chain, and proving single entries of it.

Entries per second of the chain alone and with its events and decisions, against reading the rows; then the size of an
inclusion proof in the tree of all entries, and the time to make and to check one, with the roots that checkpoints keep.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from psycopg import Connection

from bench.channel import TENANT, Channel, append, open_channel, orders, seed
from bench.harness import Cost, Options, Report, Server, median, server
from headgate.ledger import AuditDraft, append_audit, audit_proof, consistency_proof, verify_audit
from headgate.ledger.core import merkle
from headgate.ledger.proofs import keep_roots

TITLE = "Verifying and proving the audit chain"
NAME = "audit"
PROOFS = 200


def bench(options: Options) -> Report:
    """Lengthen a chain of governed orders by plain entries, verify it, and prove entries chosen at random."""
    count, rounds = options.size(1_000_000, 5_000), options.size(2, 1)
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        machine.with_schema(NAME)
        with machine.open(NAME) as database:
            channel = open_channel(database, Path(folder))
            seed(channel)
            append(channel, orders(options.size(2048, 64)))
            channel.app.runner("bench").drain(TENANT)
            draft = AuditDraft("bench.noted", "bench", "entry", "system", {"amount": "12.50", "words": "as agreed"})
            with database.transaction(TENANT) as conn:
                (there,) = conn.execute("select count(*) from audit_entries").fetchone() or (0,)
            options.say(f"writing {count:,} entries")
            for start in range(there, count, 2000):
                with database.transaction(TENANT) as conn:
                    append_audit(conn, channel.clock.now(), [draft] * min(2000, count - start))
            machine.settle(NAME)
            options.say("verifying")
            costs = [_verify(machine, channel) for _ in range(rounds)]
            options.say("proving")
            figures = {"entries": count, **_rates(costs, count), **_prove(channel, count, options.size(PROOFS, 20))}
    ratios = {"chain_to_reading": figures["chain_per_second"] / figures["read_per_second"]}
    return Report(NAME, TITLE, figures, ratios)


def _verify(machine: Server, channel: Channel) -> dict[str, Cost]:
    """What it takes to verify the chain, to verify everything, and to read the rows."""

    def whole(conn: Connection) -> None:
        if not verify_audit(conn, deep=True, checks=channel.app.content_checks()).ok:
            raise RuntimeError("the chain does not verify; the figures would say nothing")

    def read(conn: Connection) -> None:
        with conn.cursor(binary=True) as cursor:
            for _ in cursor.stream("select * from audit_entries order by seq", size=5000):
                pass

    def measured(work: Callable[[Connection], object]) -> Cost:
        with channel.database.transaction(TENANT) as conn:
            return machine.meter(lambda: work(conn))

    return {
        "chain": measured(lambda conn: verify_audit(conn, deep=False)),
        "deep": measured(whole),
        "read": measured(read),
    }


def _rates(costs: list[dict[str, Cost]], count: int) -> dict[str, float]:
    figures = {f"{name}_per_second": median(count / c[name].wall for c in costs) for name in ("chain", "deep", "read")}
    figures["chain_python_us_per_entry"] = median(1e6 * c["chain"].python / count for c in costs)
    figures["chain_postgres_us_per_entry"] = median(1e6 * c["chain"].postgres / count for c in costs)
    return figures


def _prove(channel: Channel, count: int, proofs: int) -> dict[str, float]:
    """Make and check proofs of entries all over the chain."""
    with channel.database.transaction(TENANT) as conn:
        start = time.perf_counter()
        keep_roots(conn, count)
        keeping = time.perf_counter() - start
    chance = random.Random(5)
    made, checked, steps = [], [], 0
    with channel.database.transaction(TENANT, read_only=True) as conn:
        for seq in chance.choices(range(1, count + 1), k=proofs):
            start = time.perf_counter()
            proof = audit_proof(conn, seq, count)
            made.append(time.perf_counter() - start)
            path = [bytes.fromhex(step) for step in proof.path]
            start = time.perf_counter()
            holds = merkle.verify_inclusion(
                bytes.fromhex(proof.hash), proof.index, proof.size, path, bytes.fromhex(proof.root)
            )
            checked.append(time.perf_counter() - start)
            if not holds:
                raise RuntimeError(f"the proof of entry {seq} does not hold")
            steps = max(steps, len(path))
        start = time.perf_counter()
        grown = len(consistency_proof(conn, count // 3, count))
        growing = time.perf_counter() - start
    return {
        "proof_bytes": steps * 32,
        "proof_ms": 1000 * median(made),
        "proof_check_us": 1e6 * median(checked),
        "consistency_bytes": grown * 32,
        "consistency_ms": 1000 * growing,
        "checkpoint_from_nothing_seconds": keeping,
    }
