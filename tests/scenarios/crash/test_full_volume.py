"""The volume of the database runs full: senders are told to come again, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from headgate.kernel.clock import SystemClock
from headgate.kernel.settings import Settings
from headgate.ledger.health import readiness
from headgate.store import open_database
from headgate.wiring import load_tables
from headgate.worker import Worker
from scripts.books import faults
from tests.scenarios.api.world import World, event, new_tenant, open_world, order
from tests.scenarios.channel import account, stock

VOLUME_MB = 400
PATIENCE = 600


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small volume of its own, in memory."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if not mount or not unmount or os.geteuid() != 0:
        pytest.skip("a volume can be mounted by root alone")
    place = tmp_path / "volume"
    place.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={VOLUME_MB}m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no volume can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run([unmount, "-l", str(place)], check=False)


def fill(volume: Path) -> Path:
    """Take all the room that is left."""
    filler = volume / "filler"
    with filler.open("wb", buffering=0) as out, suppress(OSError):  # nothing kept back that closing would write
        while True:
            out.write(bytes(65536))
    return filler


def send(world: World, name: str) -> int:
    """Send an order of a quantity of its own, so that none looks like another's duplicate. The answer's status."""
    now = world.channel.clock.now().isoformat()
    number = int(name.rpartition("-")[2]) + 1 + 1000 * name.startswith("full")
    told = event(name, order(f"O-{name}", ("S-1", str(number), "10.00"), placed_at=now), time=now)
    answer = world.send(told)
    assert answer.status_code in (202, 429, 503), answer.text
    if answer.status_code != 202:
        assert int(answer.headers["retry-after"]) >= 1
        assert "No space" not in answer.text
    return answer.status_code


def checks_of(world: World) -> dict[str, str]:
    app = world.channel.app
    return {c.name: c.verdict for c in readiness(app.database, app.settings, app.clock.now()).checks}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # connections that died with the server
def test_a_volume_that_runs_full_loses_nothing_and_recovers(volume: Path) -> None:
    home = volume / "home"
    database, clock = open_database(Settings(home=home, pool_size=6), load_tables), SystemClock()
    tenant = new_tenant(database, clock.now())
    world = open_world(database, tenant, clock, home, lease_seconds=2)  # type: ignore[arg-type]
    world.channel.send("credit_account.recorded", items=[account("A-1", "100000000")])
    world.channel.send("stock.recorded", items=[stock("S-1", "10000000")])
    worker = Worker(world.channel.app)
    thread = threading.Thread(target=worker.run)
    taken: list[str] = []
    with capture_logs():
        thread.start()
        taken += [f"before-{n}" for n in range(20) if send(world, f"before-{n}") == 202]
        assert len(taken) == 20

        filler = fill(volume)
        refused = []
        for number in range(5_000):
            name = f"full-{number}"
            if send(world, name) == 202:
                taken.append(name)
            else:
                refused.append(name)
            if len(refused) >= 5:
                break
        assert len(refused) >= 5, "the volume never ran full"
        assert checks_of(world)["disk"] == "failed"

        filler.unlink()
        for name in refused:
            for _ in range(PATIENCE):
                if send(world, name) == 202:
                    break
                threading.Event().wait(0.1)
            taken.append(name)
        for _ in range(PATIENCE):
            with database.transaction(tenant) as conn:
                ((left,),) = conn.execute("select count(*) from inbox").fetchall()
            if not left:
                break
            threading.Event().wait(0.1)
        worker.stop()
        thread.join(timeout=60)
    assert not thread.is_alive()
    with database.transaction(tenant) as conn:
        assert faults(conn, world.channel.app.content_checks()) == []
        statuses = Counter(conn.execute("select status from orders").fetchall())
    assert statuses == {("released",): len(taken)}
    assert checks_of(world)["database"] == "ok"
    database.close()
