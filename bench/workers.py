"""The same backlog applied by 1, 2 and 4 lane workers, each a process of its own: speed-up, and waits for locks.

Every worker takes its share of the lanes per batch, as `headgate worker --lanes` does. Orders of one tenant share its
credit accounts and stock, so workers meet there; beside it the same backlog spread over as many tenants as workers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from uuid import UUID

import psycopg

from bench.channel import TENANT, append, open_channel, orders, seed, tenant_of
from bench.harness import Options, Report, Server, median, server
from bench.processes import ROOT

TITLE = "One backlog, several workers"
BASE = "workers_base"
NUMBERS = (1, 2, 4)
LANES = 16
LOOK_SECONDS = 0.01
WAITING = """
select count(*) filter (where wait_event_type = 'Lock'), count(*) from pg_stat_activity
where datname = %s and application_name = 'headgate' and state <> 'idle'
"""


def bench(options: Options) -> Report:
    """Rounds of 1, 2 and 4 workers on copies of one database."""
    count, rounds = options.size(4096, 256), options.size(3, 1)
    rates: dict[int, list[float]] = {number: [] for number in NUMBERS}
    waits: dict[int, list[float]] = {number: [] for number in NUMBERS}
    apart: list[float] = []
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        options.say("preparing")
        machine.with_schema(BASE)
        with machine.open(BASE) as database:
            channel = open_channel(database, home)
            seed(channel)
            append(channel, orders(count))
            for place in (1, 2):
                seed(channel, tenant_of(place))
                append(channel, orders(count // 2), tenant_of(place))
        machine.settle(BASE)
        for number in range(rounds):
            for workers in NUMBERS:
                options.say(f"round {number + 1} of {rounds}, {workers} at work")
                seconds, share = _run(machine, home, [TENANT] * workers)
                rates[workers].append(count / seconds)
                waits[workers].append(share)
            seconds, _ = _run(machine, home, [tenant_of(1), tenant_of(2)])
            apart.append(2 * (count // 2) / seconds)
    figures: dict[str, float] = {"orders": count}
    for workers in NUMBERS:
        figures[f"workers_{workers}_per_second"] = median(rates[workers])
        figures[f"workers_{workers}_lock_wait_share"] = median(waits[workers])
    figures["workers_2_tenants_2_per_second"] = median(apart)
    ratios = {f"speed_up_{n}": median(m / o for m, o in zip(rates[n], rates[1], strict=True)) for n in NUMBERS[1:]}
    ratios["speed_up_2_tenants"] = median(m / o for m, o in zip(apart, rates[1], strict=True))
    return Report("workers", TITLE, figures, ratios)


def _run(machine: Server, home: Path, tenants: list[UUID]) -> tuple[float, float]:
    """One worker per entry, all started at once: seconds until the last was done, and the share of looks at a busy
    connection that found it waiting for a lock."""
    name = machine.create("workers_run", template=BASE)
    machine.settle(name)
    share = max(1, LANES // tenants.count(tenants[0]))
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.workers", machine.app_dsn(name), str(home), str(tenant), str(share)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for tenant in tenants
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("a worker ended before it began")
        stop, looks = threading.Event(), [0, 0]
        watcher = threading.Thread(target=_watch, args=(machine.admin_dsn(name), name, stop, looks))
        watcher.start()
        ends = []
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        start = time.monotonic()
        for process in processes:
            assert process.stdout is not None
            ends.append(float(json.loads(process.stdout.readline())["ended"]))
        stop.set()
        watcher.join()
        with psycopg.connect(machine.admin_dsn(name)) as conn:
            (left,) = conn.execute("select count(*) from inbox where tenant_id = any(%s)", (tenants,)).fetchone() or (
                0,
            )
    finally:
        for process in processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
    if left:
        raise RuntimeError(f"{left} events were not applied; the figure would say nothing")
    machine.drop(name)
    return max(ends) - start, looks[0] / max(1, looks[1])


def _watch(dsn: str, name: str, stop: threading.Event, looks: list[int]) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        while not stop.wait(LOOK_SECONDS):
            row = conn.execute(WAITING, (name,)).fetchone()
            if row is not None:
                looks[0] += row[0]
                looks[1] += row[1]


def work(dsn: str, home: Path, tenant: UUID, share: int) -> None:
    """A worker: says when it is ready, begins when it is told to, and tells when nothing was left."""
    from headgate.store import Database

    database = Database(dsn, pool_size=4)
    channel = open_channel(database, home)
    channel.warm(tenant)
    runner = channel.app.runner()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    while True:
        done = runner.run_tenant(tenant, wanted=share)
        if not done.events:
            with database.transaction(tenant, read_only=True) as conn:
                if conn.execute("select 1 from inbox limit 1").fetchone() is None:
                    break
            time.sleep(LOOK_SECONDS)
    sys.stdout.write(json.dumps({"ended": time.monotonic()}) + "\n")
    sys.stdout.flush()
    database.close()


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), UUID(sys.argv[3]), int(sys.argv[4]))
