"""Workers as an operator starts them: two processes share a backlog, one is killed, the other is asked to stop."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import headgate
from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell

pytestmark = pytest.mark.slow

MAPPING = Path(headgate.__file__).parents[2] / "docs/tutorial/mapping.yaml"
HEADER = "Order,Date,Customer,Name,Country,Product,Description,Quantity,Price"
TENANT = ("--tenant", "backlog")
ORDERS = 120
WAIT = 150  # seconds until a test gives up; nothing depends on how fast it goes
# Few lanes and few events at once, so that every worker finds some; a dead one's lanes are free after two seconds.
SHARE = {"HEADGATE_LEASE_SECONDS": "2", "HEADGATE_BATCH": "4"}

DECIDED = "select count(*) from orders where decision is not null"
OWNERS = "select distinct owner from lanes where owner is not null and lease_until > now()"
# Orders, decisions of their release, entries of their submission, their cases, and what still waits.
FATES = """
select (select count(*) from orders), (select count(*) from decisions where policy = 'order_release'),
       (select count(distinct subject) from decisions where policy = 'order_release'),
       (select count(*) from audit_entries where action = 'order.submitted'),
       (select count(*) from cases where subject_type = 'order'), (select count(*) from inbox)
"""


@dataclass(slots=True)
class Office:
    """An installation without orders yet, and the worker processes that were started on it."""

    shell: Shell
    conn: psycopg.Connection
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        """A worker process that is ready for work."""
        worker = self.shell.start("worker", "--lanes", "3", extra=SHARE)
        self.workers.append(worker)
        assert worker.stderr is not None
        line = worker.stderr.readline()
        assert "worker started" in line, line + worker.stderr.read()
        return worker

    def import_orders(self, folder: Path) -> None:
        """The backlog: orders of thirty customers, for the workers to govern."""
        rows = [
            f"A-{n},2026-04-{n % 28 + 1:02},C{n % 30},Customer {n % 30},DE,LAMP,Desk lamp,{n % 7 + 1},24.00"
            for n in range(ORDERS)
        ]
        file = folder / "orders.csv"
        file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        options = ("--mapping", str(MAPPING), "--source", "shop", "--no-govern")
        report = self.shell.read("import", "orders", str(file), *options, *TENANT)
        assert (report["documents"], report["governed"]) == ({"order.submitted": ORDERS}, {})

    def decided(self) -> int:
        row = self.conn.execute(DECIDED).fetchone()
        assert row is not None
        return int(row[0])

    def owners(self) -> set[str]:
        """Who holds lanes right now."""
        return {owner for (owner,) in self.conn.execute(OWNERS).fetchall()}

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + WAIT
        while not reached():
            assert time.monotonic() < end, f"{what} did not happen; {self.decided()} orders are decided"
            time.sleep(0.02)


@pytest.fixture
def office(fresh_settings: Settings) -> Iterator[Office]:
    shell = Shell(fresh_settings)
    shell.ok("tenant", "create", "backlog", "--name", "Backlog")
    with psycopg.connect(make_conninfo(fresh_settings.database_url, user="postgres"), autocommit=True) as conn:
        made = Office(shell, conn)
        yield made
        for worker in made.workers:
            worker.kill()
            worker.communicate()


def test_two_workers_share_a_backlog_and_one_finishes_it_when_the_other_is_killed(office, tmp_path):
    first, second = office.start(), office.start()
    seen: set[str] = set()

    def both_work() -> bool:
        seen.update(office.owners())
        return len(seen) == 2 and office.decided() > 0

    office.import_orders(tmp_path)
    office.wait(both_work, "two workers at work")
    first.send_signal(signal.SIGKILL)
    assert first.wait(timeout=WAIT) == -signal.SIGKILL
    assert office.decided() < ORDERS
    office.wait(lambda: office.decided() == ORDERS, "the whole backlog")
    office.wait(lambda: office.conn.execute("select from inbox").fetchone() is None, "an empty inbox")
    second.terminate()
    assert second.wait(timeout=WAIT) == 0
    assert office.conn.execute(FATES).fetchone() == (ORDERS, ORDERS, ORDERS, ORDERS, ORDERS, 0)
    proof = office.shell.read("audit", "verify", *TENANT)
    assert (proof["ok"], proof["bad"]) == (True, [])
    assert proof["events"] > ORDERS


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_ends_cleanly_and_leaves_no_lane_taken(office, tmp_path, sign):
    worker = office.start()
    office.import_orders(tmp_path)
    office.wait(lambda: office.decided() > 0, "work")
    worker.send_signal(sign)
    out, err = worker.communicate(timeout=WAIT)
    assert worker.returncode == 0
    assert out == ""
    assert "Traceback" not in err
    assert "worker stopped" in err
    assert office.owners() == set()
    # What it left is found by the next one.
    office.start()
    office.wait(lambda: office.decided() == ORDERS, "the rest of the backlog")


def test_a_worker_waits_for_work_and_ends_when_asked_also_while_it_has_none(office):
    worker = office.start()
    worker.terminate()
    assert worker.wait(timeout=WAIT) == 0
