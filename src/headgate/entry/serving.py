"""Serve and work: the long-running parts of a process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from headgate.entry.ops import observed
from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings
from headgate.wiring import App, build
from headgate.worker import (
    BacktestLoop,
    ColumnLoop,
    Deliveries,
    DomainLoop,
    ExportLoop,
    JobLoop,
    ProvisioningLoop,
    SweepLoop,
    Worker,
)

if TYPE_CHECKING:
    import uvicorn

# Longer than a proxy's pause between two requests, short enough to free a slot that nobody uses.
KEEP_ALIVE_SECONDS = 15
GRACE_SECONDS = 30
JOB_SECONDS = 10
DELIVERY_SECONDS = 20
BACKTEST_SECONDS = 5
EXPORT_SECONDS = 5
SWEEP_SECONDS = 5
DOMAIN_SECONDS = 10
BACKLOG = 2048
SWITCH_SECONDS = 0.0005


def work(app: App, lanes: int) -> None:
    """Apply events and deliver until the process is told to stop; what is at hand is finished first."""
    loop = Worker(app, share=lanes)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    spare_what_is_loaded()
    with observed(app, lambda: loop.beat), working_beside(app):
        loop.run()


def serve(app: App, host: str, port: int, ready: Callable[[str], None], beside: bool, processes: int = 1) -> None:
    """Serve until interrupted. `ready` is told the address once the port is taken; `beside` also works here.

    With several `processes` the others serve and this one watches them. Raises Misconfigured when the port is not free.
    """
    loop = Worker(app)
    with (
        _bound(host, port) as bound,
        observed(app, (lambda: loop.beat) if beside else None),
        contextlib.ExitStack() as stack,
    ):
        thread = threading.Thread(target=loop.run, name="headgate-worker", daemon=True)
        if beside:
            thread.start()
            stack.enter_context(working_beside(app))
        ready(f"http://{host}:{bound.getsockname()[1]}")
        try:
            if processes == 1:
                serve_on(app, bound)
            else:
                from headgate.entry.replicas import run_replicas

                run_replicas(app.settings, bound, processes, serve_replica)
        finally:
            loop.stop()
            if beside:
                thread.join(timeout=10)


def spare_what_is_loaded() -> None:
    """Let the collector of reference cycles leave alone what stands in memory now, modules above all. It stays until
    the process ends, and each full look at it holds everybody up for a tenth of a second."""
    gc.collect()
    gc.freeze()


class Running(Protocol):
    """What goes on until it is told to stop."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


@contextlib.contextmanager
def working_beside(app: App) -> Iterator[None]:
    """Everything that is not the lanes meanwhile, each in a thread of its own; at the end each gets time to finish what
    must not be torn."""
    loops: tuple[tuple[str, Running, float], ...] = (
        # A job that is cut off has written nothing; the next round does it.
        ("jobs", JobLoop(app), JOB_SECONDS),
        # What is cut off is sent again when its lease is over.
        ("deliveries", Deliveries(app.courier, app.settings.deliveries), DELIVERY_SECONDS),
        # A run at hand, or columns not kept yet, are left to another process.
        ("backtests", BacktestLoop(app), BACKTEST_SECONDS),
        ("columns", ColumnLoop(app), BACKTEST_SECONDS),
        # An export at hand is begun anew by another process.
        ("exports", ExportLoop(app), EXPORT_SECONDS),
        # A run at hand is left after its step, which another process goes on from.
        ("provisioning", ProvisioningLoop(app), DELIVERY_SECONDS),
        # A question at hand is answered within seconds; what was taken beside it is due again later.
        ("domains", DomainLoop(app), DOMAIN_SECONDS),
        # The deletion of a tenant at hand is finished.
        ("sweeping", SweepLoop(app), SWEEP_SECONDS),
    )
    with contextlib.ExitStack() as stack:
        for name, loop, seconds in loops:
            stack.enter_context(_beside(name, loop, seconds))
        yield


@contextlib.contextmanager
def _beside(name: str, loop: Running, seconds: float) -> Iterator[None]:
    thread = threading.Thread(target=loop.run, name=f"headgate-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.stop()
        thread.join(timeout=seconds)


def serve_on(app: App, bound: socket.socket) -> None:
    """Serve on a socket until told to stop by SIGTERM or SIGINT; requests at hand are finished first."""
    # The threads that store events wait for the interpreter after each answer of the database. Python lets them wait
    # five milliseconds while the event loop is busy, which a group of events does six times over.
    sys.setswitchinterval(SWITCH_SECONDS)
    server = server_for(app)
    spare_what_is_loaded()
    server.run(sockets=[bound])


def serve_replica(settings: Settings, bound: socket.socket) -> None:
    """What each of several processes does: build the application over the shared database, serve on its socket."""
    app = build(settings)
    app.news.open()
    try:
        with observed(app):
            serve_on(app, bound)
    finally:
        app.close()


def server_for(app: App) -> uvicorn.Server:
    """The HTTP server with console and API, with every bound set on purpose."""
    # Loaded here: commands that do not serve start without it.
    import uvicorn

    from headgate.entry.protocol import Bounds, guarded
    from headgate.entry.web import create_web

    settings = app.settings
    bounds = Bounds(settings.connections, settings.header_seconds, settings.body_seconds)
    config = uvicorn.Config(
        create_web(app),
        http=guarded(bounds),
        ws="none",
        log_level="error",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )
    return _server(app, config)


def _server(app: App, config: uvicorn.Config) -> uvicorn.Server:
    """A server that ends its streams of news when it is told to stop: it would wait for them in vain."""
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await asyncio.to_thread(app.hearing.close)
            await super().shutdown(sockets)

    return Server(config)


@contextlib.contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        # Whoever comes while the web is still being loaded waits instead of being refused.
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise Misconfigured(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port") from None
    try:
        yield made
    finally:
        made.close()
