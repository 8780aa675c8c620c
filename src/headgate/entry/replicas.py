"""Several serving processes on one port: started, watched, started again when one dies, and stopped together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from headgate.kernel.errors import Misconfigured
from headgate.kernel.logger import Log
from headgate.kernel.settings import Settings

STARTED_SECONDS = 10.0
STOP_SECONDS = 40.0
PAUSE_SECONDS = 1.0

Serve = Callable[[Settings, socket.socket], None]
log = Log("headgate.serve")


def run_replicas(settings: Settings, bound: socket.socket, count: int, serve: Serve) -> None:
    """Run `serve(settings, bound)` in `count` processes until this one is told to stop.

    `serve` must be a function of a module, for each process imports it anew. Raises `Misconfigured` when a process
    cannot start.
    """
    context = multiprocessing.get_context("spawn")
    stopping = threading.Event()
    wake_up, woken = os.pipe()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Who asks a second time changes nothing; by then the pipe may be closed, and its number another file's.
        if not stopping.is_set():
            stopping.set()
            os.write(woken, b".")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    def start() -> tuple[SpawnProcess, float]:
        made = context.Process(target=_replica, args=(serve, settings, bound), name="headgate-serve")
        made.start()
        return made, time.monotonic()

    running = [start() for _ in range(count)]
    try:
        while not stopping.is_set():
            wait([wake_up, *(process.sentinel for process, _ in running)])
            for place, (process, since) in enumerate(running):
                if stopping.is_set() or process.is_alive():
                    continue
                # Killed is killed; but one that gave up by itself at its start would do so again.
                if (process.exitcode or 0) >= 0 and time.monotonic() - since < STARTED_SECONDS:
                    raise Misconfigured(f"a serving process ended with code {process.exitcode} when it started")
                log.warning("a serving process died and is started again", code=process.exitcode)
                time.sleep(PAUSE_SECONDS)
                running[place] = start()
    finally:
        stopping.set()
        _end([process for process, _ in running])
        os.close(wake_up)
        os.close(woken)


def _replica(serve: Serve, settings: Settings, bound: socket.socket) -> None:
    threading.Thread(target=_follow, name="headgate-follow", daemon=True).start()
    try:
        serve(settings, bound)
    except KeyboardInterrupt:  # the terminal tells every process of its group; this one has stopped serving by now
        return


def _follow() -> None:
    """Stop when whoever started this process is gone: nobody else would stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _end(processes: list[SpawnProcess]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
