"""`headgate serve --processes`: real processes on one port, one of them killed, all of them stopped together."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest

from headgate.kernel.settings import Settings

PATIENCE = 240.0
# One request; on a busy machine the first processes take a minute to come, and whoever asked before asks again.
ANSWER = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running `headgate serve`."""

    process: psutil.Process
    port: int

    def replicas(self) -> list[psutil.Process]:
        """The processes that serve."""
        found = []
        for child in self.process.children():
            with contextlib.suppress(psutil.Error):  # one that has just ended
                if "spawn_main" in " ".join(child.cmdline()):
                    found.append(child)
        return sorted(found, key=lambda p: p.pid)

    def answers(self) -> bool:
        """Whether somebody answers."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=ANSWER).status_code == 200
        except httpx2.TransportError:
            return False


def eventually(what: Callable[[], object]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def served(fresh_settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """Two serving processes over a database of the test's own."""
    told = tmp_path / "told"
    environment = {
        **os.environ,
        "HEADGATE_HOME": str(fresh_settings.home),
        "HEADGATE_DATABASE_URL": fresh_settings.database_url,
        "HEADGATE_APP_DATABASE_URL": fresh_settings.app_database_url,
    }
    command = [str(Path(sys.executable).parent / "headgate"), "serve", "--port", "0", "--processes", "2"]
    with told.open("wb") as out:
        running = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: re.search(r"127\.0\.0\.1:(\d+)", told.read_text()) or running.poll() is not None)
        found = re.search(r"127\.0\.0\.1:(\d+)", told.read_text())
        assert found, told.read_text()
        yield Served(psutil.Process(running.pid), int(found[1]))
    finally:
        if running.poll() is None:
            running.terminate()
        running.wait(PATIENCE)


@pytest.mark.slow
def test_a_killed_process_is_replaced_and_all_stop_together(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    eventually(served.answers)
    eventually(lambda: len(served.replicas()) == 2)
    first, second = served.replicas()
    first.send_signal(signal.SIGKILL)
    eventually(lambda: len(served.replicas()) == 2 and first not in served.replicas())
    assert second in served.replicas()
    eventually(served.answers)
    everybody = [served.process, *served.replicas()]
    served.process.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(everybody, timeout=PATIENCE)
    assert alive == []
    assert not served.answers()


@pytest.mark.slow
def test_replicas_do_not_outlive_whoever_started_them(served: Served) -> None:
    eventually(served.answers)
    eventually(lambda: len(served.replicas()) == 2)
    orphans = served.replicas()
    served.process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(orphans, timeout=PATIENCE)
    assert alive == []
