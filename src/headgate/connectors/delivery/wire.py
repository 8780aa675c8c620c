"""HTTP to addresses that others chose: resolved once, checked, connected to exactly there, bounded in time and size.

On `httpcore2`, the transport under httpx2: it follows no redirects, keeps no cookies, unpacks nothing and reads no
proxy settings from the environment, which is what sending to strangers asks for.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from headgate.connectors.delivery.core.addresses import Address, Destination, Rules, refuse_address
from headgate.connectors.delivery.core.pace import retry_after
from headgate.connectors.delivery.core.redact import excerpt
from headgate.connectors.delivery.core.verdict import Answer

if TYPE_CHECKING:
    import httpcore2

CONNECT_SECONDS: Final = 5.0
MOST_BYTES: Final = 65_536
LONGEST_HEADER: Final = 200
_ERRNO = re.compile(r"\[Errno -?\d+\] ?")

# All addresses of a name. Raises OSError where it has none, TimeoutError where nobody answers.
Resolver = Callable[[str, int, float], Sequence[Address]]


class Blocked(Exception):
    """The destination stands for an address that may not be reached."""


def resolve(host: str, port: int, seconds: float) -> Sequence[Address]:
    """The system's resolver, in a thread of its own, for it knows no timeout."""
    answer: Future[list[Address]] = Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.set_result(list(dict.fromkeys(ip_address(place[4][0]) for place in found)))
        except (OSError, ValueError, UnicodeError) as error:
            answer.set_exception(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="headgate-resolver", daemon=True).start()
    return answer.result(timeout=seconds)


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer. The names of the headers are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class Wire:
    """Sends requests. Threads may share it. `trusted` is a file with further certificate authorities."""

    rules: Rules
    trusted: str = ""
    resolver: Resolver = resolve
    _context: ssl.SSLContext | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    def post(
        self,
        to: Destination,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        seconds: float,
        now: datetime,
        hidden: Iterable[str] = (),
    ) -> Answer:
        """POST and say what was answered, within `seconds` from resolving to the last byte read. Raises nothing."""
        import httpcore2

        started = time.monotonic()
        clock = _Clock(started + seconds)
        status: int | None = None
        pause, said = "", b""
        try:
            with (
                httpcore2.ConnectionPool(
                    ssl_context=self._tls() if to.secure else None,
                    network_backend=_backend(to, self.rules, self.resolver, clock),
                    max_connections=1,
                    retries=0,
                ) as pool,
                pool.stream(
                    "POST",
                    httpcore2.URL(
                        scheme="https" if to.secure else "http", host=to.host, port=to.port, target=to.target
                    ),
                    headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in headers],
                    content=body,
                    extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
                ) as response,
            ):
                status = response.status
                pause = _header(response.headers, b"retry-after")
                for chunk in response.iter_stream():
                    said += chunk
                    if len(said) >= MOST_BYTES:
                        break
        except Blocked as error:
            return Answer(error=str(error), blocked=True, seconds=time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 (whatever the outside does, it is an answer)
            # With the status there, the receiver has had the message; the rest of its words is no loss.
            if status is None:
                return Answer(error=_words(error, clock), seconds=time.monotonic() - started)
        return Answer(
            status=status,
            excerpt=excerpt(said[:MOST_BYTES], hidden),
            seconds=time.monotonic() - started,
            retry_after=retry_after(pause, now) if pause else None,
        )

    def fetch(
        self,
        method: str,
        to: Destination,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        seconds: float,
        most_bytes: int,
    ) -> tuple[int, bytes]:
        """Ask and read the whole answer: status and body. Raises `Blocked`, or `OSError` in an operator's words."""
        said = self.exchange(method, to, headers, body, seconds, most_bytes)
        return said.status, said.body

    def exchange(
        self,
        method: str,
        to: Destination,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        seconds: float,
        most_bytes: int,
    ) -> Said:
        """Like `fetch`, with the answer's headers."""
        import httpcore2

        clock = _Clock(time.monotonic() + seconds)
        said = b""
        try:
            with (
                httpcore2.ConnectionPool(
                    ssl_context=self._tls() if to.secure else None,
                    network_backend=_backend(to, self.rules, self.resolver, clock),
                    max_connections=1,
                    retries=0,
                ) as pool,
                pool.stream(
                    method,
                    httpcore2.URL(
                        scheme="https" if to.secure else "http", host=to.host, port=to.port, target=to.target
                    ),
                    headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in headers],
                    content=body,
                    extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
                ) as response,
            ):
                for chunk in response.iter_stream():
                    said += chunk
                    if len(said) > most_bytes:
                        raise OSError(f"answers more than {most_bytes} bytes")
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Said(response.status, said, found)
        except Blocked:
            raise
        except Exception as error:  # noqa: BLE001 (whatever the outside does, it is told in words)
            raise OSError(_words(error, clock)) from None

    def _tls(self) -> ssl.SSLContext:
        with self._making:
            if self._context is None:
                made = ssl.create_default_context()
                made.minimum_version = ssl.TLSVersion.TLSv1_2
                if self.trusted:
                    made.load_verify_locations(cafile=self.trusted)
                self._context = made
            return self._context


@dataclass(frozen=True, slots=True)
class _Clock:
    """How much of an attempt's time is left."""

    ends: float

    def left(self, asked: float | None = None) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("took longer than allowed in all")
        return left if asked is None else min(asked, left)


def _backend(to: Destination, rules: Rules, resolver: Resolver, clock: _Clock) -> Any:
    """Connects to the addresses of the destination and nowhere else, whatever it is told to connect to."""
    import httpcore2

    class Backend(httpcore2.NetworkBackend):
        def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> Any:
            wait = min(CONNECT_SECONDS, clock.left())
            addresses = [to.literal] if to.literal is not None else resolver(to.host, to.port, wait)
            if not addresses:
                raise OSError(f"{to.host} has no address")
            # All of them: a name that also leads inside is nobody's mistake.
            for address in addresses:
                refusal = refuse_address(address, to, rules)
                if refusal:
                    raise Blocked(f"{to.host} {refusal}")
            trouble: Exception = OSError("nothing to connect to")
            for address in addresses:
                try:
                    stream = httpcore2.SyncBackend().connect_tcp(
                        str(address), to.port, timeout=min(CONNECT_SECONDS, clock.left())
                    )
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                    trouble = error
                else:
                    return _timed(stream, clock)
            raise trouble

    return Backend()


def _timed(stream: httpcore2.NetworkStream, clock: _Clock) -> Any:
    """A stream none of whose steps goes beyond the end of the attempt, however slowly bytes drip."""
    import httpcore2

    class Timed(httpcore2.NetworkStream):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return stream.read(max_bytes, clock.left(timeout))

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            stream.write(buffer, clock.left(timeout))

        def close(self) -> None:
            stream.close()

        def start_tls(
            self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
        ) -> Any:
            return _timed(stream.start_tls(ssl_context, server_hostname, clock.left(timeout)), clock)

        def get_extra_info(self, info: str) -> Any:
            return stream.get_extra_info(info)

    return Timed()


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    found = next((value for key, value in headers if key.lower() == name), b"")
    return found[:LONGEST_HEADER].decode("latin-1")


def _words(error: Exception, clock: _Clock) -> str:
    """An error as an operator reads it."""
    name = type(error).__name__
    if "Timeout" in name:
        return f"no answer in time ({name})" if clock.ends > time.monotonic() else "no answer within the time allowed"
    if isinstance(error, ssl.SSLError) or "SSL" in str(error) or "certificate" in str(error):
        return f"TLS failed: {str(error)[:200]}"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror or error})"
    text = _ERRNO.sub("", str(error)).strip()
    if name == "ConnectError":
        return f"cannot connect: {text[:200]}"
    return f"{name}: {text[:200]}" if text else name
