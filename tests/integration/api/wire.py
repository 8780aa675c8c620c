"""A server on a real socket, and a client that says exactly what it is told to: nothing mends a request on its way."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from headgate import access
from headgate.entry.serving import server_for
from headgate.wiring import App
from tests.scenarios.api.world import SOURCE, STRUCTURED, World

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The problem of a refusal."""
        assert self.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        return found


@contextmanager
def serving(app: App) -> Iterator[int]:
    """The port of a server over the application, with the bounds of its settings."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.bind(("127.0.0.1", 0))
        server = server_for(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        bound.listen(100)  # so that clients may come before the thread has begun
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection; reading from it fails when nothing comes for long."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as made:
        yield made


def to_the_end(made: socket.socket) -> bytes:
    """Everything that still comes until the server closes; a reset would lose the answer and so fails the test."""
    found = b""
    while piece := made.recv(65536):
        found += piece
    return found


def one(made: socket.socket) -> Answer:
    """The next whole response."""
    found = b""
    while True:
        piece = made.recv(65536)
        assert piece, f"closed after {found!r}"
        found += piece
        head, _, rest = found.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if length is not None and len(rest) >= int(length[1]):
            return answers(found)[0]


def exchange(port: int, request: bytes) -> list[Answer]:
    """What is answered to these bytes, until the server closes."""
    with connected(port) as made:
        made.sendall(request)
        return answers(to_the_end(made))


def answers(raw: bytes) -> list[Answer]:
    """The responses in what came."""
    found = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", "0"))
        found.append(Answer(int(first.split(" ")[1]), headers, rest[:length]))
        raw = rest[length:]
    return found


def signed(world: World, body: bytes, *extra: str, source: str = "", secret: str = "") -> list[str]:
    """The headers of POST /v1/events with a signature over these bytes; further ones come last."""
    at = world.channel.clock.now()
    return [
        f"headgate-source: {source or f'{world.slug}/{SOURCE}'}",
        f"content-type: {STRUCTURED}",
        "webhook-id: m",
        f"webhook-timestamp: {int(at.timestamp())}",
        f"webhook-signature: {access.sign(secret or world.secret, 'm', at, body)}",
        *extra,
    ]


def post(headers: Sequence[str], body: bytes = b"", *, path: str = "/v1/events", close: bool = True) -> bytes:
    """A POST with a length, as bytes."""
    lines = [f"POST {path} HTTP/1.1", "host: x", *headers, f"content-length: {len(body)}"]
    if close:
        lines.append("connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
