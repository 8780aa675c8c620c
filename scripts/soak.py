"""Load with kills: several API and worker processes govern orders while they, and PostgreSQL, are killed at random.

    python scripts/soak.py MINUTES [--seed N] [--json FILE]

Everything runs on this machine in a home of its own, which is removed afterwards. Orders are sent again until they are
acknowledged, as a webhook sender does. When the time is over the killing stops, what waits is applied, and the books
are checked: nothing lost, nothing applied twice, sums right, chains whole, commands with one effect each. Prints a
table and JSON; the exit code is 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from headgate import access
from headgate.connectors.delivery import TargetDraft, create_target
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import Busy
from headgate.kernel.settings import Settings, load_settings
from headgate.store import open_database
from headgate.wiring import load_tables

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file, and by its tests as a module

from scripts.books import faults
from scripts.receiver import Receiver, receiving
from tests.scenarios.api.world import BATCH, World, bearer, event, new_tenant, open_world, order
from tests.scenarios.channel import account, stock

TENANTS = 3
WORKERS = 2
SERVERS = 2
SENDERS = 4
APPROVERS = ("carl", "fiona")
LEASE_SECONDS = 3
PAUSE = (2.0, 10.0)  # seconds between kills
FREEZE = 2 * LEASE_SECONDS  # how long a frozen worker stands still: longer than its lease
VICTIMS = {"worker": 40, "api": 25, "freeze": 15, "postgres": 20}
MOST_WAITING = 1500  # events; senders pause above it, so that the end can be waited for
SETTLE_SECONDS = 300
WAITING = "select (select count(*) from inbox), (select count(*) from outbox where status = 'pending')"


@dataclass(slots=True)
class Staff:
    """The processes under fire. Who ends is started again, unless the soak is over."""

    environment: dict[str, str]
    commands: dict[str, list[str]]
    log: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: Counter[str] = field(default_factory=Counter)

    def start(self, name: str) -> None:
        """Start one of them."""
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-c", "from headgate.entry import main; main()", *self.commands[name]],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.starts[name] += 1

    def keep(self) -> None:
        """Start again whoever ended."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(name)

    def one(self, chance: random.Random, kind: str) -> subprocess.Popen[bytes]:
        """Any of a kind."""
        return self.running[chance.choice([name for name in self.running if name.startswith(kind)])]

    def stop(self) -> None:
        """Ask all to end, and wait."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(slots=True)
class Soak:
    """What is going on, shared by the threads."""

    worlds: list[World]
    addresses: list[str]
    staff: Staff
    home: Path
    chance: random.Random
    over: threading.Event = field(default_factory=threading.Event)
    calm: threading.Event = field(default_factory=threading.Event)
    full: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[int, set[str]] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def wait_for_servers(self) -> None:
        """Until every server answers."""
        for address in self.addresses:
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    httpx2.get(f"{address}/health/live", timeout=10)
                    break
                time.sleep(0.2)

    def send(self, number: int) -> None:
        """Send orders until the time is over; every batch until it is acknowledged."""
        chance = random.Random(self.chance.random() + number)
        count = 0
        with httpx2.Client(timeout=40) as client:
            while not self.over.is_set():
                if self.full.is_set():
                    self.over.wait(0.2)
                    continue
                place = chance.randrange(len(self.worlds))
                names = [f"S{number}-{count + n}" for n in range(chance.randint(1, 12))]
                count += len(names)
                body = json.dumps([self._order(chance, name) for name in names]).encode()
                while not self._sent(client, chance, place, body):
                    time.sleep(0.2)
                self.acknowledged.setdefault(place, set()).update(f"e-{name}" for name in names)
                self.over.wait(0.05)

    def _order(self, chance: random.Random, name: str) -> dict[str, Any]:
        price = "8.00" if chance.random() < 0.1 else "10.00"
        line = ("S-1", str(chance.randint(1, 900)), price)
        placed = datetime.now(UTC).isoformat()
        return event(f"e-{name}", order(f"O-{name}", line, placed_at=placed), time=placed)

    def _sent(self, client: httpx2.Client, chance: random.Random, place: int, body: bytes) -> bool:
        world, now = self.worlds[place], datetime.now(UTC)
        headers = {
            "content-type": BATCH,
            "webhook-id": "m",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": access.sign(world.secret, "m", now, body),
        }
        url = f"{chance.choice(self.addresses)}/v1/events?source={world.slug}/webshop-1"
        try:
            answer = client.post(url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            self.tries[type(error).__name__] += 1
            return False
        self.tries[str(answer.status_code)] += 1
        if answer.status_code in (202, 429, 500, 502, 503, 504, 408):
            return answer.status_code == 202
        self.errors.append(f"{answer.status_code} {answer.text[:300]}")
        return True

    def approve(self, who: str) -> None:
        """Decide what waits, now and then, over the API."""
        chance = random.Random(self.chance.random())
        with httpx2.Client(timeout=40) as client:
            while not self.over.wait(0.5):
                world, address = chance.choice(self.worlds), chance.choice(self.addresses)
                headers = bearer(world.keys[who])
                with contextlib.suppress(httpx2.HTTPError, KeyError, ValueError):
                    for task in client.get(f"{address}/v1/tasks", headers=headers).json()["items"][:5]:
                        url = f"{address}/v1/approvals/{task['approval']}"
                        digest = client.get(url, headers=headers).json()["digest"]
                        body = {"outcome": "approve", "justification": "agreed", "digest": digest}
                        key = {"Idempotency-Key": f"{who}-{task['task']}"}
                        answer = client.post(f"{url}/decision", json=body, headers=headers | key)
                        self.tries[f"decision {answer.status_code}"] += 1

    def kill(self) -> None:
        """Kill something every few seconds."""
        while not self.calm.wait(self.chance.uniform(*PAUSE)):
            (victim,) = self.chance.choices(list(VICTIMS), list(VICTIMS.values()))
            if victim == "postgres":
                self._kill_postgres()
            elif victim == "freeze":
                process = self.staff.one(self.chance, "worker")
                process.send_signal(signal.SIGSTOP)
                self.calm.wait(FREEZE)
                process.send_signal(signal.SIGCONT)
            else:
                process = self.staff.one(self.chance, victim)
                process.kill()
                process.wait()
            self.kills[victim] += 1

    def _kill_postgres(self) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGKILL)

    def watch(self) -> None:
        """Start again whoever ended, and hold senders back while too much waits."""
        while not self.calm.wait(0.5):
            self.staff.keep()
            with contextlib.suppress(psycopg.Error, Busy):
                (self.full.set if sum(self.waiting()) > MOST_WAITING else self.full.clear)()

    def waiting(self) -> tuple[int, int]:
        """Events and commands that wait, of all tenants."""
        events = commands = 0
        for world in self.worlds:
            with world.channel.app.database.transaction(world.channel.tenant) as conn:
                row = conn.execute(WAITING).fetchone() or (0, 0)
            events, commands = events + row[0], commands + row[1]
        return events, commands

    def settle(self) -> bool:
        """Wait until nothing waits any more."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            self.staff.keep()
            with contextlib.suppress(psycopg.Error, Busy):
                if self.waiting() == (0, 0):
                    return True
            time.sleep(0.5)
        return False


SENT = """
select e.event_id, count(*) from events e where e.source = 'webshop-1' and e.type = 'order.submitted' group by 1
"""
COMMANDS = "select id::text, status from outbox"


def check(soak: Soak, receiver: Receiver, settled: bool) -> dict[str, Any]:
    """What the log, the books and the receiver say, against what was acknowledged."""
    wrong = list(soak.errors)
    if not settled:
        wrong.append(f"after {SETTLE_SECONDS} seconds there still wait {soak.waiting()} events and commands")
    events = acknowledged = lost = twice = commands = 0
    known: set[str] = set()
    for place, world in enumerate(soak.worlds):
        with world.channel.app.database.transaction(world.channel.tenant) as conn:
            found: dict[str, int] = dict(conn.execute(SENT).fetchall())
            sent: dict[str, str] = dict(conn.execute(COMMANDS).fetchall())
            ((count,),) = conn.execute("select count(*) from events").fetchall()
            wrong += [f"tenant {place}: {fault}" for fault in faults(conn, world.channel.app.content_checks())]
        mine = soak.acknowledged.get(place, set())
        events, acknowledged, commands = events + count, acknowledged + len(mine), commands + len(sent)
        lost += len(mine - set(found))
        twice += sum(number - 1 for number in found.values())
        known |= set(sent)
        undelivered = [status for status in sent.values() if status != "sent"]
        if undelivered:
            wrong.append(f"tenant {place}: commands not delivered: {Counter(undelivered)}")
    if lost:
        wrong.append(f"{lost} acknowledged events are not in the log")
    if known - set(receiver.effects):
        wrong.append(f"{len(known - set(receiver.effects))} commands had no effect")
    if set(receiver.effects) - known:
        wrong.append(f"{len(set(receiver.effects) - known)} effects are of no command")
    if receiver.differing:
        wrong.append(f"{len(receiver.differing)} commands came with two bodies")
    return {
        "kills": dict(soak.kills),
        "starts": dict(soak.staff.starts),
        "answers": dict(soak.tries),
        "events": events,
        "acknowledged": acknowledged,
        "lost": lost,
        "applied_twice": twice,
        "commands": commands,
        "deliveries": sum(receiver.times.values()),
        "effects": len(receiver.effects),
        "wrong": wrong,
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    """What the processes are told."""
    return os.environ | {
        "HEADGATE_HOME": str(home),
        "HEADGATE_LEASE_SECONDS": str(LEASE_SECONDS),
        "HEADGATE_BATCH": "64",
        "HEADGATE_OUTBOUND_ALLOW": "127.0.0.1/32",
    }


def open_tenants(settings: Settings, receiver: Receiver) -> list[World]:
    """Tenants with more credit and stock than will be ordered, whose commands go to the receiver."""
    database, clock = open_database(settings, load_tables), SystemClock()
    worlds = []
    for _ in range(TENANTS):
        tenant, allowed = new_tenant(database, clock.now()), settings.outbound_allow
        world = open_world(database, tenant, clock, settings.home, outbound_allow=allowed)  # type: ignore[arg-type]
        app = world.channel.app
        with database.transaction(tenant) as conn:
            draft = TargetDraft(code="erp", url=receiver.url, concurrency=16, max_attempts=20)
            create_target(conn, world.context(), app.envelope, app.courier.ports, draft)
        world.channel.send("credit_account.recorded", items=[account("A-1", "1000000000000")])
        world.channel.send("stock.recorded", items=[stock("S-1", "1000000000")])
        world.govern()
        worlds.append(world)
    return worlds


def run(minutes: float, seed: int, home: Path) -> dict[str, Any]:
    """Load with kills for so long, then calm, then the check."""
    told = environment(home)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # lost connections are what this is about
    with receiving() as receiver:
        worlds = open_tenants(load_settings(told), receiver)
        ports = [free_port() for _ in range(SERVERS)]
        commands = {f"worker-{n}": ["worker", "--lanes", "8"] for n in range(WORKERS)}
        commands |= {f"api-{n}": ["serve", "--no-work", "--port", str(port)] for n, port in enumerate(ports)}
        staff = Staff(told, commands, home / "soak.log")
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        soak = Soak(worlds, addresses, staff, home, random.Random(seed))
        for name in commands:
            staff.start(name)
        soak.wait_for_servers()
        jobs = [
            *(threading.Thread(target=soak.send, args=(n,)) for n in range(SENDERS)),
            *(threading.Thread(target=soak.approve, args=(who,)) for who in APPROVERS),
        ]
        fire = [threading.Thread(target=soak.kill), threading.Thread(target=soak.watch)]
        for thread in (*jobs, *fire):
            thread.start()
        end = time.monotonic() + minutes * 60
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 15))
            sent = sum(map(len, soak.acknowledged.values()))
            print(f"{max(0, left):5.0f} s left, {sent} events acknowledged, kills {dict(soak.kills)}", file=sys.stderr)
        soak.calm.set()
        for thread in fire:
            thread.join()
        soak.over.set()
        while any(thread.is_alive() for thread in jobs):
            staff.keep()
            time.sleep(0.2)
        settled = soak.settle()
        staff.stop()
        report = {"minutes": minutes, "seed": seed} | check(soak, receiver, settled)
        worlds[0].channel.app.database.close()
    return report


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    flat = {name: value for name, value in report.items() if not isinstance(value, dict | list)}
    flat |= {f"killed {name}": count for name, count in sorted(report["kills"].items())}
    return "\n".join(f"{name.replace('_', ' '):<24}{value:>12}" for name, value in flat.items())


def main() -> int:
    """Run, report, and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="headgate-soak-"))
    report = run(given.minutes, given.seed, home)
    print(table(report))
    print(json.dumps(report, indent=1))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if report["wrong"]:
        print(f"WRONG; everything is kept in {home}\n" + "\n".join(report["wrong"]), file=sys.stderr)
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
