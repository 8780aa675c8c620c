"""What loops beside the lanes have in common: they work while there is work, and wait for a database that is lost."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable

import psycopg

from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log


def owner_name() -> str:
    """A name for one loop of this process, under which it holds leases."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def rounds(step: Callable[[], int], stop: threading.Event, pause_seconds: float, log: Log) -> None:
    """Take steps until told to stop, with a pause after each that found nothing to do. A lost database is waited
    for."""
    while not stop.is_set():
        try:
            done = step()
        except (psycopg.OperationalError, Busy) as error:
            log.warning("the database cannot be used, trying again", error=str(error).splitlines()[0])
            done = 0
        if not done:
            stop.wait(pause_seconds)
