"""PostgreSQL itself is killed under load: requests wait or are told to come again, and nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from headgate.kernel.clock import SystemClock
from headgate.kernel.settings import Settings
from headgate.ledger import Lease, LeaseLost, claim_lanes, fence, lane_list, release
from headgate.store import embedded, open_database
from headgate.wiring import load_tables
from headgate.worker import Worker
from scripts.books import faults
from tests.scenarios.api.world import World, event, new_tenant, open_world, order
from tests.scenarios.channel import account, stock

ORDERS = 60
KILLS = {15, 40}
LEASE = 600  # seconds; longer than any machine takes to bring the database back


def kill_postgres(home: Path) -> None:
    """SIGKILL to the server's first process, as the machine's out-of-memory killer does."""
    pid = int((home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)


def send_until_taken(world: World, number: int) -> int:
    """Send an order as a webhook sender does: again, until it is acknowledged. How often it took."""
    now = world.channel.clock.now().isoformat()
    told = event(f"e-{number}", order(f"O-{number}", ("S-1", str(number + 1), "10.00"), placed_at=now), time=now)
    for tries in range(1, 500):
        answer = world.send(told)
        if answer.status_code == 202:
            return tries
        assert answer.status_code in (429, 503), answer.text
        threading.Event().wait(0.1)
    raise AssertionError("never taken")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # connections that died with the server
def test_postgres_killed_under_load_loses_nothing_and_is_started_again(run_folder: Path) -> None:
    home = run_folder / uuid4().hex
    database, clock = open_database(Settings(home=home, pool_size=6), load_tables), SystemClock()
    tenant = new_tenant(database, clock.now())
    world = open_world(database, tenant, clock, home, lease_seconds=2)  # type: ignore[arg-type]
    world.channel.send("credit_account.recorded", items=[account("A-1", "1000000")])
    world.channel.send("stock.recorded", items=[stock("S-1", "100000")])
    worker = Worker(world.channel.app)
    thread = threading.Thread(target=worker.run)
    with capture_logs():
        thread.start()
        for number in range(ORDERS):
            if number in KILLS:
                kill_postgres(home)
            send_until_taken(world, number)
        left = 1
        while left:
            with database.transaction(tenant) as conn:
                ((left,),) = conn.execute("select count(*) from inbox").fetchall()
            threading.Event().wait(0.05)
        worker.stop()
        thread.join(timeout=60)
    assert not thread.is_alive()
    with database.transaction(tenant) as conn:
        assert faults(conn, world.channel.app.content_checks()) == []
        statuses = Counter(row[0] for row in conn.execute("select status from orders"))
    assert statuses == {"released": ORDERS}
    database.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # connections that died with the server
def test_a_lease_that_a_crash_of_the_database_forgot_is_nobodys_and_its_events_are_applied_once(
    run_folder: Path,
) -> None:
    home = run_folder / uuid4().hex
    database, clock = open_database(Settings(home=home, pool_size=6), load_tables), SystemClock()
    tenant = new_tenant(database, clock.now())
    world = open_world(database, tenant, clock, home, lease_seconds=LEASE)  # type: ignore[arg-type]
    channel = world.channel
    channel.send("credit_account.recorded", items=[account("A-1", "1000000")])
    channel.govern()
    server = embedded.start(home)
    with psycopg.connect(server.admin_dsn(), autocommit=True) as admin:
        # Nobody else writes out what a commit did not wait for, so that the crash is sure to come before the disk.
        admin.execute("alter system set wal_writer_delay = '10s'")
        admin.execute("select pg_reload_conf()")
    channel.order("O-1", ("S-1", "1", "10.00"))

    def crash() -> None:
        with psycopg.connect(server.admin_dsn(), autocommit=True) as conn, suppress(psycopg.OperationalError):
            kill_postgres(home)
            while True:  # until this connection's process has found out as well
                conn.execute("select pg_sleep(0.01)")
        database.revive()

    def claim(owner: str, *, durable: bool) -> list[Lease]:
        with database.transaction(tenant, durable=durable) as conn:
            return claim_lanes(conn, owner, LEASE, None, 1000)

    kept = claim("careful", durable=True)
    crash()
    assert claim("other", durable=True) == [], "a claim that waited for the disk outlives the crash"
    with database.transaction(tenant) as conn:
        fence(conn, kept)
        release(conn, kept)
    forgotten = claim("quick", durable=False)
    with database.transaction(tenant, read_only=True) as conn:
        assert [lane.owner for lane in lane_list(conn) if lane.owner] == ["quick"], "everybody sees it at once"
    crash()
    (lease,) = claim("other", durable=True)
    assert lease.epoch == forgotten[0].epoch, "the number is given a second time, so the owner's name has to tell"
    with pytest.raises(LeaseLost), database.transaction(tenant) as conn:
        fence(conn, forgotten)
    with database.transaction(tenant) as conn:
        fence(conn, [lease])
        release(conn, [lease])
    channel.govern()
    assert channel.status("O-1") == "released"
    with database.transaction(tenant) as conn:
        assert faults(conn, channel.app.content_checks()) == []
        assert conn.execute("select count(*) from decisions").fetchall() == [(1,)]
    database.close()
    server.release()
