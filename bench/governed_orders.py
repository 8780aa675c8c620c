"""Governed orders: events that are in the log already become committed decisions, one worker, batches of 256.

Beside it the floor (the same rows by the same statements in the same batches, undecided) and the peer (the same four
checks as a four-step durable workflow on DBOS Transact), all in one run on one server.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.channel import NOW, TENANT, append, open_channel, orders, seed
from bench.dbos_peer import Checks
from bench.dbos_run import PeerMissing, run_within
from bench.floor import Recorder, RecordingDatabase, Statement, replay
from bench.harness import Cost, Options, Report, Server, median, server
from headgate.channel.masters import RevisionCache
from headgate.channel.orders import OrderPort
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import StoredEvent, event_list
from headgate.process import Work

TITLE = "Governed orders from the log, one worker"
BASE = "bench_base"


def bench(options: Options) -> Report:
    """Alternate governed and floor rounds on copies of one database, then run the peer."""
    count, rounds = options.size(3072, 256), options.size(3, 1)
    notes: list[str] = []
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        options.say("preparing")
        machine.with_schema(BASE)
        with machine.open(BASE) as database:
            channel = open_channel(database, home)
            seed(channel)
            append(channel, orders(count))
        machine.settle(BASE)
        batches = _record(machine, home)
        governed: list[Cost] = []
        floor: list[Cost] = []
        for number in range(rounds):
            options.say(f"round {number + 1} of {rounds}")
            governed.append(_governed(machine, home, f"governed_{number}").each(count))
            floor.append(_floor(machine, batches, f"floor_{number}").each(count))
        options.say("the peer")
        peer: Cost | None = None
        try:
            peer = _peer(machine, home, options.size(300, 40))
        except PeerMissing as missing:
            notes.append(str(missing))
    per_second = median(1 / cost.wall for cost in governed)
    processor = median(cost.processor for cost in governed)
    figures = {
        "orders": count,
        "orders_per_second": per_second,
        "floor_per_second": median(1 / cost.wall for cost in floor),
        "python_ms_per_order": median(1000 * cost.python for cost in governed),
        "postgres_ms_per_order": median(1000 * cost.postgres for cost in governed),
        "floor_processor_ms_per_order": median(1000 * cost.processor for cost in floor),
    }
    # By the clock, and by processor time: the latter says more on a machine that is busy with other things.
    ratios = {
        "to_floor": median(f.wall / g.wall for g, f in zip(governed, floor, strict=True)),
        "processor_to_floor": median(f.processor / g.processor for g, f in zip(governed, floor, strict=True)),
    }
    if peer is not None:
        figures["dbos_workflows_per_second"] = 1 / peer.wall
        figures["dbos_processor_ms_per_workflow"] = 1000 * peer.processor
        ratios["to_dbos"] = per_second * peer.wall
        ratios["processor_to_dbos"] = peer.processor / processor
    return Report("governed_orders", TITLE, figures, ratios, tuple(notes))


def _record(machine: Server, home: Path) -> list[list[Statement]]:
    name = machine.create("recorded", template=BASE)
    recorder = Recorder()
    with machine.open(name) as database:
        channel = open_channel(RecordingDatabase(database, recorder), home)
        channel.app.runner("bench").drain(TENANT)
    machine.drop(name)
    return list(recorder.batches)


def _governed(machine: Server, home: Path, name: str) -> Cost:
    machine.create(name, template=BASE)
    machine.settle(name)
    with machine.open(name) as database:
        channel = open_channel(database, home)
        channel.warm()
        runner = channel.app.runner("bench")
        cost = machine.meter(lambda: runner.drain(TENANT))
        with database.transaction(TENANT) as conn:
            (left,) = conn.execute("select count(*) from inbox").fetchone() or (1,)
    if left:
        raise RuntimeError(f"{left} events were not governed; the figure would say nothing")
    machine.drop(name)
    return cost


def _floor(machine: Server, batches: list[list[Statement]], name: str) -> Cost:
    machine.create(name, template=BASE)
    machine.settle(name)
    with machine.open(name) as database:
        cost = machine.meter(lambda: replay(database, TENANT, batches))
    machine.drop(name)
    return cost


def _peer(machine: Server, home: Path, count: int) -> Cost:
    """The peer's checks over facts that are loaded once and stay in memory."""
    name = machine.create("peer_facts", template=BASE)
    with machine.open(name) as database:
        channel = open_channel(database, home)
        with database.transaction(TENANT) as conn:
            events: list[StoredEvent] = event_list(conn, type="order.submitted", limit=count + 20)
            ctx = Context(TENANT, SYSTEM, NOW)
            profile = channel.app.engine.registry.profile(conn)
            work = [Work(event, event.subject, None) for event in events]
            book = OrderPort(RevisionCache()).load(conn, ctx, work, profile)
            policies = channel.app.policies.active(conn, NOW)
    machine.drop(name)
    system = machine.create("peer_dbos")
    data = [event.data for event in events]
    return run_within(180, Checks(book, policies), data, machine.owner_dsn(system), machine.meter)
