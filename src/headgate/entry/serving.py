"""Serve and work: the long-running parts of a process."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from headgate.kernel.errors import Misconfigured
from headgate.wiring import App
from headgate.worker import Worker


def work(app: App, lanes: int) -> None:
    """Apply events until the process is told to stop; a batch at hand is finished first."""
    loop = Worker(app, share=lanes)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    loop.run()


def serve(app: App, host: str, port: int, ready: Callable[[str], None], beside: bool) -> None:
    """Serve until interrupted. `ready` is told the address once the port is taken; `beside` also applies events here.

    Raises Misconfigured when the port is not free.
    """
    # Loaded here: commands that do not serve start without it.
    import uvicorn

    from headgate.entry.web import create_web

    with _bound(host, port) as bound:
        loop = Worker(app)
        thread = threading.Thread(target=loop.run, name="headgate-worker", daemon=True)
        web = create_web(app)
        if beside:
            thread.start()
        ready(f"http://{host}:{bound.getsockname()[1]}")
        config = uvicorn.Config(web, log_level="warning", access_log=False, server_header=False)
        try:
            uvicorn.Server(config).run(sockets=[bound])
        finally:
            loop.stop()
            if beside:
                thread.join(timeout=10)


@contextlib.contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise Misconfigured(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port") from None
    try:
        yield made
    finally:
        made.close()
