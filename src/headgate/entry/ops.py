"""A small port beside the real one: metrics for Prometheus, liveness and readiness for whoever restarts processes.

It is apart from the API, so that it can be bound to an address that only operators reach; what it tells names no
tenant. `/metrics`, and the details of `/health/ready`, are given only with the token where one is set.
"""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import psycopg
from psycopg_pool import PoolClosed

from headgate.entry.tracing import sent_spans
from headgate.kernel import telemetry
from headgate.kernel.errors import HeadgateError, Misconfigured
from headgate.kernel.logger import Log
from headgate.kernel.logs import LogFormat, configure_logs, tell_uncaught
from headgate.ledger.backlog import installation_totals, publish
from headgate.ledger.health import Readiness, readiness
from headgate.wiring import App

STALLED_SECONDS: Final = 300.0  # a worker that has not begun another tenant for so long is started again
FRESH_SECONDS: Final = 2.0  # so often the database is looked at, however often somebody asks
MOST_AT_ONCE: Final = 8
PORTS: Final = 64  # serving processes of one machine take the next free port each
log = Log("headgate.ops")

Beat = Callable[[], float]


class Probe:
    """Readiness, looked up at most every two seconds."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._seen: Readiness | None = None
        self._at = 0.0

    def __call__(self) -> Readiness:
        with self._lock:
            if self._seen is None or time.monotonic() - self._at > FRESH_SECONDS:
                self._seen = readiness(self._app.database, self._app.settings, self._app.clock.now())
                self._at = time.monotonic()
            return self._seen


@contextmanager
def observed(app: App, beat: Beat | None = None) -> Iterator[None]:
    """Logs, traces and metrics of a process that serves or works, as the settings want them, until the block ends."""
    form: LogFormat = "json" if app.settings.log_format == "json" else "console"
    configure_logs(form=form, level=app.settings.log_level)
    tell_uncaught()
    with sent_spans(app.settings), watched(app, beat):
        yield


@contextmanager
def watched(app: App, beat: Beat | None = None) -> Iterator[int]:
    """Count from now on and tell on the metrics port, until the block ends. Gives the port taken; 0 without one.

    `beat` is when the worker of this process last went on. Raises `Misconfigured` when no port is free.
    """
    settings = app.settings
    if not settings.metrics_port:
        yield 0
        return
    desk = _Desk(Probe(app), beat, settings.metrics_token, threading.BoundedSemaphore(MOST_AT_ONCE))
    server = _listen(settings.metrics_host, settings.metrics_port, desk)
    telemetry.start_metrics()
    telemetry.read_at_scrape(lambda: _read(app))
    thread = threading.Thread(target=server.serve_forever, name="headgate-ops", daemon=True)
    thread.start()
    log.info("metrics and health are told", on=f"{settings.metrics_host}:{server.server_address[1]}")
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        telemetry.stop_metrics()


def _read(app: App) -> None:
    """Set the gauges that are looked up when somebody asks."""
    for state, value in app.database.pool_state().items():
        if state == "waiting":
            telemetry.db_pool_waiting.set(value)
        else:
            telemetry.db_pool.set(value, state=state)
    now = app.clock.now()
    try:
        with app.database.scan() as conn:
            publish(installation_totals(conn, now), now)
    except (psycopg.Error, PoolClosed, HeadgateError):
        telemetry.backlog_read_failed.inc()


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the port tells from."""

    probe: Probe
    beat: Beat | None
    token: str
    slots: threading.BoundedSemaphore


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], desk: _Desk) -> None:
        self.desk = desk
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes away in between is no error of ours."""


def _listen(host: str, port: int, desk: _Desk) -> _Server:
    reason = ""
    for offset in range(PORTS):
        try:
            return _Server((host, port + offset), desk)
        except OSError as error:
            reason = error.strerror or str(error)
    raise Misconfigured(f"no port from {port} on is free on {host} ({reason}); set HEADGATE_METRICS_PORT to another")


class _Handler(BaseHTTPRequestHandler):
    """Answers three addresses."""

    server: _Server
    timeout = 5
    server_version, sys_version = "headgate", ""

    def do_GET(self) -> None:
        desk = self.server.desk
        if not desk.slots.acquire(blocking=False):
            self._answer(503, "text/plain", b"too many at once\n")
            return
        try:
            self._route(self.path.partition("?")[0])
        finally:
            desk.slots.release()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _route(self, path: str) -> None:
        if path == "/health/live":
            self._live()
        elif path == "/health/ready":
            found = self.server.desk.probe()
            self._json(200 if found.ready else 503, told(found, details=self._trusted()))
        elif path != "/metrics":
            self._answer(404, "text/plain", b"/metrics, /health/live, /health/ready\n")
        elif self._trusted():
            self._answer(200, telemetry.EXPOSITION_TYPE, telemetry.exposition())
        else:
            self._answer(401, "text/plain", b"send HEADGATE_METRICS_TOKEN as Authorization: Bearer\n")

    def _live(self) -> None:
        beat = self.server.desk.beat
        silent = time.monotonic() - beat() if beat else 0.0
        alive = silent < STALLED_SECONDS
        self._json(200 if alive else 503, {"status": "ok" if alive else "stalled", "silent_seconds": round(silent)})

    def _trusted(self) -> bool:
        token = self.server.desk.token
        given = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return not token or hmac.compare_digest(given.encode(), token.encode())

    def _json(self, status: int, value: object) -> None:
        self._answer(status, "application/json", json.dumps(value).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Probes ask every few seconds; that is not worth a line."""


def told(found: Readiness, *, details: bool) -> dict[str, object]:
    """Readiness as JSON: verdicts for everybody, words for operators."""
    checks = [asdict(check) if details else {"name": check.name, "verdict": check.verdict} for check in found.checks]
    return {"status": "ok" if found.ready else "not_ready", "checks": checks}
