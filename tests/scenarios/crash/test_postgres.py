"""PostgreSQL itself is killed under load: requests wait or are told to come again, and nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from headgate.kernel.clock import SystemClock
from headgate.kernel.settings import Settings
from headgate.store import open_database
from headgate.wiring import load_tables
from headgate.worker import Worker
from scripts.books import faults
from tests.scenarios.api.world import World, event, new_tenant, open_world, order
from tests.scenarios.channel import account, stock

ORDERS = 60
KILLS = {15, 40}


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
