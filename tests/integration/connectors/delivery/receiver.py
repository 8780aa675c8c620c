"""A receiver on this machine that does as it is told, and minds the id of messages like a good one."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(slots=True)
class Reply:
    """What to answer: a status with headers and body, raw bytes instead, or nothing until `hold` is set."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"ok": true}'
    raw: bytes | None = None
    hold: threading.Event | None = None
    drip: float = 0.0

    def pieces(self) -> list[bytes]:
        """The raw bytes as they are sent."""
        raw = self.raw or b""
        return [raw[place : place + 1] for place in range(len(raw))] if self.drip else [raw]


@dataclass(slots=True)
class Receiver:
    """`replies` are given in turn, the last one again and again; `effects` counts what a good receiver would do."""

    url: str = ""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    effects: dict[str, int] = field(default_factory=dict)
    answering: Callable[[Received], Reply] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    most_at_once: int = 0
    at_once: int = 0  # what has come and is not yet being answered: who has an answer may send the next

    def answer(self, *replies: Reply | int) -> None:
        self.replies = [Reply(r) if isinstance(r, int) else r for r in replies]

    def take(self, request: Received) -> Reply:
        with self.lock:
            self.received.append(request)
            reply = self.answering(request) if self.answering else self.replies[0]
            if self.answering is None and len(self.replies) > 1:
                self.replies.pop(0)
            # An effect for each id, once, whatever is answered: the message has arrived.
            self.effects.setdefault(request.headers.get("webhook-id", "?"), 1)
        with self.arrived:
            self.arrived.notify_all()
        return reply

    def wait_for(self, count: int, seconds: float = 60) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, seconds), len(self.received)


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._answer(self._taken())

        def do_GET(self) -> None:
            self.do_POST()

        def _taken(self) -> Reply | None:
            """What to answer, when it is time to; None for nothing at all."""
            with receiver.lock:
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
            try:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = receiver.take(Received(self.path, headers, body))
                if reply.hold is not None:
                    reply.hold.wait(120)
                    return None
                return reply
            finally:
                with receiver.lock:
                    receiver.at_once -= 1

        def _answer(self, reply: Reply | None) -> None:
            if reply is None:
                self.close_connection = True
                return
            if reply.raw is not None:
                self.close_connection = True
                for piece in reply.pieces():
                    self.wfile.write(piece)
                    self.wfile.flush()
                    threading.Event().wait(reply.drip)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    receiver.url = f"{'https' if context else 'http'}://127.0.0.1:{receiver.port}/hooks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
