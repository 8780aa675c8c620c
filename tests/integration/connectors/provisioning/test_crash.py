"""A process that is killed in the middle of a run: the next one completes it, with one effect."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.kernel.crashpoints import VARIABLE
from headgate.kernel.settings import Settings
from tests.integration.connectors.provisioning.conftest import House
from tests.integration.connectors.provisioning.elsewhere import Elsewhere

PROGRAM = """
import sys
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

from headgate.access import Envelope
from headgate.connectors.delivery import Rules, Wire
from headgate.connectors.provisioning import Provisioner
from headgate.connectors.provisioning.working import work_run
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.store import Database

url, tenant, home, now = sys.argv[1:]
clock = FixedClock(datetime.fromisoformat(now))
database = Database(url, pool_size=2)
wire = Wire(Rules(networks=(ip_network("127.0.0.0/8"),)))
by = Provisioner(database, wire, Envelope.from_home(Path(home)), clock, lambda: 1.0)
work_run(by, Context(UUID(tenant), SYSTEM, clock.now()), "doomed", lambda seconds: True)
database.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize("point", ["provisioning.planned", "provisioning.sent@2", "provisioning.noted@2"])
def test_the_next_run_completes_what_a_killed_one_began(
    point: str, house: House, there: Elsewhere, settings: Settings, tmp_path: Path
) -> None:
    people = [house.hire(f"P{n} Person", "finance") for n in range(4)]
    target = house.target(there.url, groups={"finance": "Finance"})
    asked = house.ask(target)
    arguments = [settings.app_database_url, str(house.tenant), str(tmp_path), house.clock.now().isoformat()]

    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | {VARIABLE: point},
        capture_output=True,
        text=True,
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert house.work() is None  # it is not known to be dead yet
    house.pass_time(minutes=11)
    done = house.work()
    assert done is not None
    assert (done.id, done.status, done.attempts) == (asked.id, "done", 2)
    names = sorted(u["userName"] for u in there.store["Users"].values())
    assert names == [f"p{n}@nordwind.example" for n in range(4)]
    assert there.members("Finance") == set(names)
    assert len(there.store["Groups"]) == 1
    assert {link.remote_id for local, link in house.links(target).items() if local in people} == set(
        there.store["Users"]
    )
    assert house.run(target).steps == 0
