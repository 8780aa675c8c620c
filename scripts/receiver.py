"""A system that receives commands and minds their idempotency keys: what comes again has no second effect."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Receiver:
    """What came, by message id: its type and subject, and how often. `differing` are ids that came with two bodies."""

    port: int = 0
    effects: dict[str, tuple[str, str]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)
    _bodies: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/commands"

    def take(self, message: str, body: bytes) -> None:
        """One delivery."""
        with self._lock:
            self.times[message] = self.times.get(message, 0) + 1
            if self._bodies.setdefault(message, body) != body:
                self.differing.add(message)
            told = json.loads(body)
            self.effects.setdefault(message, (told["type"], told.get("subject", "")))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(self.headers["webhook-id"], body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
