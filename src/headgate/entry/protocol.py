"""HTTP as it comes in from strangers: the server's protocol with deadlines, bounds, and refusals that arrive.

uvicorn waits for ever for a request to arrive, reads headers of any size, and answers some errors in plain text. Here
headers and bodies have deadlines (408) and headers a size (431), one connection too many is told so (503), and every
refusal is a problem of RFC 9457. A connection that is closed while its client still sends is drained for a moment
first, because bytes left unread would reset it and take the answer along (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headgate.api.errors import KINDS, problem_response
from headgate.api.middleware import SECURITY_HEADERS
from headgate.kernel import telemetry

MOST_HEADER_BYTES = 32_768
MOST_HEADERS = 100
DRAIN_SECONDS = 2.0
DRAIN_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one serving process: open connections, and seconds for headers and for a body to arrive."""

    connections: int
    header_seconds: float
    body_seconds: float


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `bounds` is set by `guarded`."""

    bounds: Bounds

    _state: Literal["idle", "headers", "body", "answering"] = "idle"
    _received = 0  # bytes since the request at hand began, as long as its headers are not complete
    _fields = 0
    _oversized = False
    _due: float | None = None
    _timer: asyncio.TimerHandle | None = None
    _draining: int | None = None
    _real: asyncio.Transport
    _patient: _Patient

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, with a deadline for the first request; or refuse, when there are too many connections."""
        self._real = transport
        self._patient = _Patient(transport, self)
        _without_delay(transport)
        super().connection_made(self._patient)  # type: ignore[arg-type]
        self._expect(self.bounds.header_seconds)
        if len(self.connections) > self.bounds.connections:
            self._refuse("overloaded", "too many connections are open; try again in a moment")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, within the bounds."""
        if self._draining is not None:
            self._draining -= len(data)
            if self._draining < 0:
                self._real.abort()
            return
        if self._state in ("idle", "headers"):
            self._received += len(data)
        if self._state == "idle" and self._due is None:
            # The server has just stopped its own clock; empty lines, which begin no request, would not start another.
            self._expect(self.bounds.header_seconds)
        super().data_received(data)
        if self._state == "headers" and self._received > MOST_HEADER_BYTES:
            self._too_large()

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        super().on_message_begin()
        self._state, self._fields, self._oversized = "headers", 0, False
        self._expect(self.bounds.header_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; beyond the bounds none is kept."""
        self._fields += 1
        self._oversized |= self._fields > MOST_HEADERS or len(name) + len(value) + len(self.url) > MOST_HEADER_BYTES
        if not self._oversized:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let the application answer, unless the headers were too large."""
        self._received = 0
        if self._oversized or len(self.url) > MOST_HEADER_BYTES:
            self._too_large()
            return
        self._state = "body"
        self._expect(self.bounds.body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body; of a refused request nothing is kept."""
        if self._draining is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request has arrived; how long the answer takes is the application's."""
        answered = self._state == "body" and self.cycle.response_complete
        self._state, self._due = "answering", None
        if answered:  # before it had all arrived, and so before the server's clock for the next one was stopped
            self._state = "idle"
            self._expect(self.bounds.header_seconds)
        if self._draining is None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        if self._state == "answering":
            self._state = "idle"
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read as HTTP, such as a request with two lengths."""
        if self._draining is None:
            self._refuse("malformed", "this is not an HTTP/1.1 request that can be read in one way only")

    def part(self) -> None:
        """Close; what the client still sends is drained first."""
        self._patient.flush()
        if self._state not in ("headers", "body") or self._draining is not None or self._real.is_closing():
            if self._draining is None or self._real.is_closing():
                self._real.close()
            return
        self._draining = DRAIN_BYTES
        self._due = None
        self.flow.resume_reading()
        if self._real.can_write_eof():
            self._real.write_eof()
        self.loop.call_later(DRAIN_SECONDS, self._real.close)

    def _expect(self, seconds: float) -> None:
        self._due = self.loop.time() + seconds
        if self._timer is None:
            self._timer = self.loop.call_at(self._due, self._look)

    def _look(self) -> None:
        """The timer has run out; the deadline may have moved since it was set."""
        self._timer = None
        if self._due is None or self._real.is_closing():
            return
        if self.loop.time() < self._due:
            self._timer = self.loop.call_at(self._due, self._look)
        elif self._state == "idle" or (self._state == "body" and self.cycle.response_complete):
            self._real.close()  # nothing was asked, or it has been answered
        else:
            seconds = self.bounds.header_seconds if self._state == "headers" else self.bounds.body_seconds
            part = "headers" if self._state == "headers" else "body"
            self._refuse("too_slow", f"the {part} of the request did not arrive within {seconds:g} seconds")

    def _too_large(self) -> None:
        self._refuse(
            "headers_too_large", f"address and headers may have {MOST_HEADER_BYTES} bytes and {MOST_HEADERS} fields"
        )

    def _refuse(self, code: str, detail: str) -> None:
        """Answer in the application's place, unless it has begun to, and close."""
        telemetry.http_refused.inc(reason=code)
        under_way = self._state == "body" and not self.cycle.response_complete
        if under_way:
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if started:
                self._real.abort()
                return
        self._patient.write(_refusal(code, detail))
        if self._state == "idle":
            self._state = "headers"  # it may be sending: let the answer arrive
        self.part()


def guarded(bounds: Bounds) -> type[GuardedProtocol]:
    """The protocol with these bounds, as uvicorn wants it: a class."""
    return type("BoundedProtocol", (GuardedProtocol,), {"bounds": bounds})


class _Patient:
    """A transport that is closed by its protocol, which knows whether the client still sends, and that sends what is
    written in one go, as head and body of an answer are, as one."""

    def __init__(self, transport: asyncio.Transport, protocol: GuardedProtocol) -> None:
        self._transport = transport
        self._written: list[bytes] = []
        self._later = protocol.loop.call_soon
        self.close = protocol.part
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send, when whoever writes is done writing for now."""
        if not self._written:
            self._later(self.flush)
        self._written.append(data)

    def flush(self) -> None:
        """Send what was written."""
        written, self._written = self._written, []
        if written:
            self._transport.write(b"".join(written))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _without_delay(transport: asyncio.Transport) -> None:
    """Send at once. asyncio sees to that only for sockets that say their protocol, and those of a listener that was
    bound by hand do not: every answer would wait for the client's delayed acknowledgement, some 40 ms."""
    bare = transport.get_extra_info("socket")
    if bare is not None and bare.family in (socket.AF_INET, socket.AF_INET6):
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _refusal(code: str, detail: str) -> bytes:
    made = problem_response({"type": "http", "path": "/"}, code, detail)
    headers = {**SECURITY_HEADERS, **dict(made.headers), "Connection": "close"}
    head = [
        f"HTTP/1.1 {made.status_code} {KINDS[code].title}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + bytes(made.body)
