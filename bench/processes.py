"""Headgate's own processes as an installation runs them: `headgate serve` and `headgate worker`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psutil

ROOT = Path(__file__).resolve().parent.parent
ENTRY = "from headgate.entry.main import main; main()"
START_SECONDS = 60


def environment(app_dsn: str, home: Path) -> dict[str, str]:
    """What a process of Headgate needs to know of the bench's database; nothing else of ours reaches it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
    # A bench sends from one address, with one key, as much as it can.
    return kept | {
        "HEADGATE_APP_DATABASE_URL": app_dsn,
        "HEADGATE_HOME": str(home),
        "HEADGATE_LOG_LEVEL": "error",
        "HEADGATE_SOURCE_RATE": "100000",
        "HEADGATE_TENANT_RATE": "100000",
        "HEADGATE_TENANT_RATE_MOST": "1000000",
    }


@contextmanager
def serving(app_dsn: str, home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """One process of the API, without a worker: its address and its process."""
    with _running(["serve", "--no-work", "--port", "0"], app_dsn, home) as (process, lines):
        for line in lines:
            address = next((word for word in line.split() if word.startswith("http://")), "")
            if address:
                _wait(urlsplit(address))
                yield address.rstrip("/"), psutil.Process(process.pid)
                return
        raise RuntimeError("headgate serve ended before it served")


def _wait(place: SplitResult) -> None:
    """Until the server takes connections: it tells its address a moment before."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((place.hostname, place.port), timeout=5).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def working(app_dsn: str, home: Path) -> Iterator[psutil.Process]:
    """One lane worker."""
    with _running(["worker", "--lanes", "16"], app_dsn, home) as (process, _):
        yield psutil.Process(process.pid)


def processor_seconds(process: psutil.Process) -> float:
    """What a process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _running(arguments: list[str], app_dsn: str, home: Path) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, *arguments],
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            cwd=ROOT,
            env=environment(app_dsn, home),
        )
        try:
            assert process.stdout is not None
            yield process, iter(process.stdout.readline, "")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if process.returncode not in (0, -signal.SIGTERM):
            told.seek(0)
            raise RuntimeError(f"headgate {arguments[0]} ended with {process.returncode}: {told.read()[-500:]}")
